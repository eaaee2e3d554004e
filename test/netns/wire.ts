/** The far end of a port's wire: puts frames on it. */
import { constants } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import type { Addon, PacketSender } from "../../src/addon/addon.js";
import type { Namespace } from "../support/namespace.js";
import { sendFrames } from "../support/send-frames.js";

const { EAGAIN, ENOBUFS } = constants.errno;
const patienceMs = 5000;
const batch = 256;

export class Wire implements Disposable {
  readonly #sender: PacketSender;

  constructor(addon: Addon, namespace: Namespace, netdev: string) {
    this.#sender = addon.openPacketSender({ netns: namespace.path, ifindex: namespace.ifindex(netdev) });
  }

  /** Puts `frames` on the wire, in order, waiting for room. @throws Error if the kernel refuses one */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (let at = 0; at < frames.length;) {
      const chunk = frames.slice(at, at + 1 + (at % batch));
      at += this.#sendSome(chunk);
      if (performance.now() > deadline) throw new Error("the wire takes no more frames");
      await turn();
    }
  }

  /** Puts a frame on a wire that may be cut; lost if it is. */
  sendAnyway(frames: readonly Uint8Array[]): void {
    for (const frame of frames) sendFrames(this.#sender, [frame]);
  }

  [Symbol.dispose](): void {
    this.#sender.close();
  }

  /** @returns how many went, up to the first for which there is no room */
  #sendSome(frames: readonly Uint8Array[]): number {
    for (const [i, frame] of frames.entries()) {
      const [errno = 0] = sendFrames(this.#sender, [frame]);
      if (errno === EAGAIN || errno === ENOBUFS) return i;
      if (errno !== 0) throw new Error(`the wire refused a frame of ${frame.length} bytes: errno ${errno}`);
    }
    return frames.length;
  }
}
