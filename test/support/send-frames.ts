/** Frames that a test hands to a packet socket. */
import type { PacketSender } from "../../src/addon/addon.js";

/** Frames one behind the other, as `PacketSender.send` takes them. */
export function packedFrames(frames: readonly Uint8Array[]): {
  readonly block: Uint8Array;
  readonly ends: Uint32Array;
} {
  const ends = new Uint32Array(frames.length);
  let end = 0;
  for (const [i, frame] of frames.entries()) ends[i] = end += frame.length;
  return { block: Buffer.concat(frames), ends };
}

/** Sends frames in one call. @returns for each 0, or the errno with which it was refused */
export function sendFrames(sender: PacketSender, frames: readonly Uint8Array[]): Int32Array {
  const { block, ends } = packedFrames(frames);
  const results = new Int32Array(frames.length).fill(-1);
  sender.send(block, ends, frames.length, results);
  return results;
}
