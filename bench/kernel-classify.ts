/** Frames that no rule takes: what the rules cost, alone and beside all else that the kernel does with a frame. */
import { median, type Sample } from "./measure.js";
import type { Burst, KernelBenchLab, Load } from "./kernel-lab.js";
import { boxNetdevs, nobodysMac } from "./kernel-lab.js";
import { KernelProgram, missingRules, ruleSets } from "./kernel-program.js";
import { udpFrame } from "./frames.js";

const rounds = 5;
const forwardRounds = 3;
const repeats = 200_000;
/** The kernel drops these behind the program, as they are for somebody else. */
const received: Load = { frames: 1 << 19, bytes: 100, to: nobodysMac };
const sent: Load = { frames: 200_000, bytes: 100 };

/** ns of a frame's CPU time. */
const nsEach = ({ cpuNs, sent }: Burst): number => cpuNs / sent;

/** The program's own time by BPF_PROG_TEST_RUN, then the frames that a CPU takes; each against parse and count alone. */
export async function classify(lab: KernelBenchLab): Promise<readonly Sample[]> {
  await using program = await KernelProgram.open(lab);
  const ifindex = lab.ifindex("box", boxNetdevs[0]);
  const frame = udpFrame(0);
  const own = (): number => program.bpf.testRun(frame, ifindex, repeats).ns;
  const alone: number[] = [];
  const limits: number[] = [];
  const samples: Sample[] = [];
  for (const { rules, masks, classified } of ruleSets) {
    const bare: number[] = [];
    const full: number[] = [];
    const fullOwn: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await program.use([]);
      alone.push(own());
      bare.push(nsEach(await lab.live(received)));
      await program.use(missingRules(rules, masks));
      fullOwn.push(own());
      full.push(nsEach(await lab.live(received)));
    }
    samples.push(
      {
        what: `classify, ${rules} rules with ${masks} masks, miss: the program alone`,
        unit: "ns",
        value: median(fullOwn),
      },
      {
        what: `classify, ${rules} rules with ${masks} masks, miss: frames per CPU against parse and count`,
        unit: "%",
        value: (100 * median(bare)) / median(full),
        goal: { atLeast: classified },
      },
    );
    limits.push(...bare);
  }
  return [
    { what: "parse and count: the program alone", unit: "ns", value: median(alone) },
    { what: "parse and count: CPU time of a frame in all", unit: "ns", value: median(limits) },
    ...samples,
  ];
}

/** Frames forwarded beside rules that do not match, against a box without the program. */
export async function forward(lab: KernelBenchLab): Promise<readonly Sample[]> {
  const sets = ruleSets.filter(({ forwarded: floor }) => floor !== undefined);
  const bare: number[] = [];
  const none: number[] = [];
  const full = sets.map((): number[] => []);
  for (let round = 0; round < forwardRounds; round++) {
    bare.push(await nsForwarded(lab));
    await using program = await KernelProgram.open(lab);
    none.push(await nsForwarded(lab));
    for (const [i, { rules, masks }] of sets.entries()) {
      await program.use(missingRules(rules, masks));
      full[i]?.push(await nsForwarded(lab));
    }
  }
  return [
    {
      what: "forwarding without the program: CPU time of a frame, its source included",
      unit: "ns",
      value: median(bare),
    },
    { what: "forwarding kept beside the program without rules", unit: "%", value: (100 * median(bare)) / median(none) },
    ...sets.map(({ rules, forwarded: floor }, i) => ({
      what: `forwarding kept beside ${rules} rules that miss`,
      unit: "%",
      value: (100 * median(bare)) / median(full[i] ?? []),
      ...(floor !== undefined && { goal: { atLeast: floor } }),
    })),
  ];
}

/** CPU time for each frame that arrives behind the box. */
async function nsForwarded(lab: KernelBenchLab): Promise<number> {
  const before = lab.arrived();
  const { cpuNs } = await lab.flood(sent);
  return cpuNs / (lab.arrived() - before);
}
