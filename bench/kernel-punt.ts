/** Frames that rules trap: into the reader's slabs, and into JavaScript, against the same hook without the way up. */
import { setTimeout as sleep } from "node:timers/promises";
import type { PuntedBatch } from "../src/datapath/datapath.js";
import { besideSource, nobodysMac, type KernelBenchLab, type Load } from "./kernel-lab.js";
import { hitRule, KernelProgram } from "./kernel-program.js";
import { median, type Sample } from "./measure.js";

const rounds = 5;
const load: Load = { frames: 1 << 19, bytes: 100, to: nobodysMac };
const quietMs = 20;

/** Looks at a batch as long as it is held. */
type Look = (batch: PuntedBatch) => void;

const glance: Look = () => {};

/** What a consumer cannot do without: where each frame is, whose it is, and some of its bytes. */
const read: Look = ({ count, slab, offsets, lengths, ingressPorts, egressPorts }) => {
  for (let i = 0; i < count; i++) {
    const at = offsets[i] ?? 0;
    sum +=
      (slab[at + 12] ?? 0) + (slab[at + (lengths[i] ?? 0) - 1] ?? 0) + (ingressPorts[i] ?? 0) + (egressPorts[i] ?? 0);
  }
};
let sum = 0;

export async function punt(lab: KernelBenchLab): Promise<readonly Sample[]> {
  await using program = await KernelProgram.open(lab);
  using _beside = besideSource();
  const reader = new Reader(program);
  const [counted, dropped, intoSlabs, intoScript] = [[], [], [], []] as number[][] as [
    number[],
    number[],
    number[],
    number[],
  ];
  const lost: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await program.use([]);
    counted.push(await nsEach(lab));
    await program.use([hitRule("drop")]);
    dropped.push(await nsEach(lab));
    await program.use([hitRule("trap")]);
    for (const [look, into] of [
      [glance, intoSlabs],
      [read, intoScript],
    ] as const) {
      const { ns, missed } = await reader.run(lab, look);
      into.push(ns);
      lost.push(missed);
    }
  }
  await reader.stop();
  if (sum === 0) throw new Error("the frames that were read held nothing");
  return [
    { what: "the hook dropping, 100 B: CPU time of a frame in all", unit: "ns", value: median(dropped) },
    { what: "punt into the reader, 100 B: CPU time of a delivered frame", unit: "ns", value: median(intoSlabs) },
    share("punt into the reader, 100 B: frames per CPU against dropping", dropped, intoSlabs, 60),
    share("punt into JavaScript, 100 B: frames per CPU against parse and count", counted, intoScript, 50),
    { what: "frames that found the ring full, of those punted in these rows", unit: "%", value: median(lost) },
  ];
}

function share(what: string, limit: readonly number[], ours: readonly number[], atLeast: number): Sample {
  return { what, unit: "%", value: (100 * median(limit)) / median(ours), goal: { atLeast } };
}

async function nsEach(lab: KernelBenchLab): Promise<number> {
  const { cpuNs, sent } = await lab.live(load);
  return cpuNs / sent;
}

/** The consumer of punted frames. */
class Reader {
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;
  #look: Look = glance;
  #count = 0;

  constructor(program: KernelProgram) {
    this.#reading = this.#read(program);
  }

  /** CPU time of the source for each frame that `look` saw, and the share in percent of those it did not. */
  async run(lab: KernelBenchLab, look: Look): Promise<{ readonly ns: number; readonly missed: number }> {
    this.#look = look;
    this.#count = 0;
    const { cpuNs, sent } = await lab.live(load);
    for (let seen = -1; seen !== this.#count;) {
      seen = this.#count;
      await sleep(quietMs);
    }
    return { ns: cpuNs / this.#count, missed: 100 * (1 - this.#count / sent) };
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.#reading;
  }

  async #read(program: KernelProgram): Promise<void> {
    for await (const batch of program.datapath.punted(this.#stop.signal)) {
      this.#look(batch);
      this.#count += batch.count;
      batch.release();
    }
  }
}
