/** Frames out of a port, and into the box as if received by the CPU port, against a bare loop of sendmmsg in C. */
import { setImmediate as turn } from "node:timers/promises";
import { defined } from "../src/base/invariant.js";
import { cpuPairNames } from "../src/datapath/kernel/cpu-pair.js";
import { cpuPort, type PortId } from "../src/datapath/port.js";
import { loadAddon } from "../src/addon/load.js";
import { packedFrames } from "../test/support/send-frames.js";
import { udpFrame } from "./frames.js";
import { boxNetdevs, softirqNs, type KernelBenchLab, type Load } from "./kernel-lab.js";
import { KernelProgram } from "./kernel-program.js";
import { median, type Sample } from "./measure.js";

const rounds = 5;
const frames = 200_000;
const perTurn = 512;
const load: Load = { frames, bytes: 120 };

export async function transmit(lab: KernelBenchLab): Promise<readonly Sample[]> {
  await using program = await KernelProgram.open(lab);
  const bare: number[] = [];
  const sender: number[] = [];
  const out: number[] = [];
  const bareSubmit: number[] = [];
  const submit: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await nsFlooded(lab, boxNetdevs[1]));
    sender.push(await nsSent(lab));
    out.push(await nsTransmitted(lab, program, defined(program.ports[1], "the box has two ports")));
    bareSubmit.push(await nsFlooded(lab, cpuPairNames(0).sending));
    submit.push(await nsTransmitted(lab, program, cpuPort));
  }
  return [
    { what: "sendmmsg in C, 120 B: CPU time of a frame", unit: "ns", value: median(bare) },
    share("PacketSender, 120 B: frames per CPU against C", bare, sender, undefined),
    share("transmit to a port, 120 B: frames per CPU against C", bare, out, 70),
    share("transmit to ingress, 120 B: frames per CPU against C", bareSubmit, submit, 70),
  ];
}

function share(what: string, limit: readonly number[], ours: readonly number[], atLeast: number | undefined): Sample {
  const value = (100 * median(limit)) / median(ours);
  return { what, unit: "%", value, ...(atLeast !== undefined && { goal: { atLeast } }) };
}

/** ns of CPU time for each frame that came to the sink. */
async function nsEach(lab: KernelBenchLab, send: () => Promise<number>): Promise<number> {
  const before = lab.arrived();
  const cpuNs = await send();
  const arrived = lab.arrived() - before;
  if (arrived < 0.9 * frames) throw new Error(`${arrived} of ${frames} frames came to the sink`);
  return cpuNs / arrived;
}

function nsFlooded(lab: KernelBenchLab, netdev: string): Promise<number> {
  return nsEach(lab, async () => (await lab.flood(load, ["box", netdev])).cpuNs);
}

/** By the addon's sender alone, frames that are there already. */
function nsSent(lab: KernelBenchLab): Promise<number> {
  const sender = loadAddon().openPacketSender({ netns: lab.path("box"), ifindex: lab.ifindex("box", boxNetdevs[1]) });
  const { block, ends } = packedFrames(Array.from({ length: perTurn }, (_, i) => routed(udpFrame(i))));
  const results = new Int32Array(perTurn);
  return nsEach(lab, () =>
    ownNs(() => {
      for (let sent = 0; sent < frames; sent += perTurn) sender.send(block, ends, perTurn, results);
      return Promise.resolve();
    }),
  ).finally(() => sender.close());
}

/** By the datapath, as many a turn of the event loop as a busy stream brings. */
function nsTransmitted(lab: KernelBenchLab, program: KernelProgram, port: PortId): Promise<number> {
  const token = {};
  const batch = Array.from({ length: perTurn }, (_, i) => ({ port, frame: routed(udpFrame(i)), token }));
  return nsEach(lab, () =>
    ownNs(async () => {
      for (let sent = 0; sent < frames; sent += perTurn) {
        for (const frame of batch) program.datapath.transmit([frame]);
        await turn();
      }
    }),
  );
}

/** The frame of the benchmark's messages, addressed so that the box routes it. */
function routed(frame: Buffer): Buffer {
  frame.writeUInt32BE(0x0a000102, 26);
  frame.writeUInt32BE(0x0a000202, 30);
  frame.writeUInt16BE(0, 24);
  let total = 0;
  for (let at = 14; at < 34; at += 2) total += frame.readUInt16BE(at);
  total = (total & 0xffff) + (total >>> 16);
  frame.writeUInt16BE(~((total & 0xffff) + (total >>> 16)) & 0xffff, 24);
  return frame;
}

/** CPU time of this process, with what its frames caused in softirqs that others ran. */
async function ownNs(work: () => Promise<void>): Promise<number> {
  const softirqBefore = softirqNs();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return 1000 * (user + system) + softirqNs() - softirqBefore;
}
