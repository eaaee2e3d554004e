/** Sends frames by a packet socket until it is told to stop, in a thread of its own. */
import { workerData } from "node:worker_threads";
import { loadAddon } from "../../src/addon/load.js";
import { packedFrames } from "../support/send-frames.js";

const { netns, ifindex, frame, state } = workerData as {
  readonly netns: string;
  readonly ifindex: number;
  readonly frame: Uint8Array;
  /** Not 0: stop. */
  readonly state: Int32Array;
};
const sender = loadAddon().openPacketSender({ netns, ifindex });
const { block, ends } = packedFrames(Array.from({ length: 64 }, () => frame));
const results = new Int32Array(ends.length);
while (Atomics.load(state, 0) === 0) sender.send(block, ends, ends.length, results);
sender.close();
