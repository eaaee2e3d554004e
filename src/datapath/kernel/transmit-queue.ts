/** Frames on their way out of one port. */
import { constants } from "node:os";
import type { PacketSender } from "../../addon/addon.js";
import { defined } from "../../base/invariant.js";
import type { TransmitRefusal } from "../drop-reason.js";

/** Frames that wait at most. */
export const queueFrames = 1024;
/** How long the kernel may have no room for the first frame, and how often it is asked, in milliseconds. */
const patienceMs = 100;
const retryMs = 1;

const { EAGAIN, EINVAL, EMSGSIZE, ENETDOWN, ENOBUFS, ENODEV, ENXIO } = constants.errno;

/** Who owns the queue. */
export interface QueueOwner {
  readonly onSent: (frames: number) => void;
  readonly onRefused: (token: object, reason: TransmitRefusal) => void;
  /** True if somebody is at the other end: then a refusal for lack of room passes. */
  readonly hasCarrier: () => boolean;
}

/**
 * A bounded queue that is emptied once per turn of the event loop, in as few system calls as can be, or at once when
 * it is full. Frames for which the kernel has no room are tried again for a while; their order is kept unless the
 * kernel took later ones.
 */
export class TransmitQueue {
  readonly #sender: PacketSender;
  readonly #owner: QueueOwner;
  readonly #results = new Int32Array(queueFrames);
  /** What waits, oldest first: frames, and the token of each. */
  #frames: Uint8Array[] = [];
  #tokens: object[] = [];
  #turn: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** When the kernel first had no room, of all the times in a row. */
  #stuckSince: number | undefined;

  constructor(sender: PacketSender, owner: QueueOwner) {
    this.#sender = sender;
    this.#owner = owner;
  }

  /** Queues a copy of `frame`. */
  offer(frame: Uint8Array, token: object): "accepted" | "queue-full" {
    if (this.#frames.length >= queueFrames && this.#stuckSince === undefined) this.#flush();
    if (this.#frames.length >= queueFrames) return "queue-full";
    this.#frames.push(copied(frame));
    this.#tokens.push(token);
    if (this.#turn === undefined && this.#retry === undefined) {
      this.#turn = setImmediate(() => {
        this.#turn = undefined;
        this.#flush();
      });
    }
    return "accepted";
  }

  /** Refuses what waits and closes the sender. */
  close(reason: TransmitRefusal): void {
    clearImmediate(this.#turn);
    clearTimeout(this.#retry);
    this.#refuseAll(reason);
    this.#sender.close();
  }

  #flush(): void {
    const frames = this.#frames;
    const tokens = this.#tokens;
    if (frames.length === 0) return;
    this.#sender.send(frames, this.#results);
    this.#frames = [];
    this.#tokens = [];
    let sent = 0;
    const refused: [object, TransmitRefusal][] = [];
    for (let i = 0; i < frames.length; i++) {
      const errno = this.#results[i] ?? 0;
      if (errno === 0) {
        sent++;
        continue;
      }
      const frame = defined(frames[i], "a frame of the queue");
      const token = defined(tokens[i], "each frame has a token");
      if (this.#passes(errno)) {
        this.#frames.push(frame);
        this.#tokens.push(token);
      } else refused.push([token, refusalOf(errno)]);
    }
    this.#owner.onSent(sent);
    for (const [token, reason] of refused) this.#owner.onRefused(token, reason);
    if (this.#frames.length === 0) this.#stuckSince = undefined;
    else this.#tryAgain(sent);
  }

  /** True for a refusal that may be none in a moment. */
  #passes(errno: number): boolean {
    return errno === EAGAIN || (errno === ENOBUFS && this.#owner.hasCarrier());
  }

  #tryAgain(sent: number): void {
    const now = performance.now();
    if (this.#stuckSince === undefined || sent > 0) this.#stuckSince = now;
    if (now - this.#stuckSince >= patienceMs) return this.#giveUp();
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#flush();
    }, retryMs);
  }

  #giveUp(): void {
    this.#stuckSince = undefined;
    this.#refuseAll("queue-full");
  }

  #refuseAll(reason: TransmitRefusal): void {
    const tokens = this.#tokens;
    this.#frames = [];
    this.#tokens = [];
    for (const token of tokens) this.#owner.onRefused(token, reason);
  }
}

/** Memory for copies that is used up from its beginning. A pool of Node.js, 8 KiB, would last 68 frames of 120 bytes. */
const poolBytes = 256 * 1024;
let pool = new ArrayBuffer(0);
let used = 0;

/** A copy in pooled memory: allocating each frame by itself costs more than copying it. */
function copied(frame: Uint8Array): Uint8Array {
  if (used + frame.length > pool.byteLength) {
    pool = new ArrayBuffer(Math.max(poolBytes, frame.length));
    used = 0;
  }
  const copy = new Uint8Array(pool, used, frame.length);
  copy.set(frame);
  used += frame.length;
  return copy;
}

/** What an errno of a packet socket means for a frame. Those that no rule names mean that the kernel has no room. */
export function refusalOf(errno: number): TransmitRefusal {
  switch (errno) {
    case EMSGSIZE:
      return "mtu-exceeded";
    case ENETDOWN:
      return "port-down";
    case ENOBUFS:
      return "no-carrier";
    case ENXIO:
    case ENODEV:
      return "unknown-port";
    case EINVAL:
      return "runt";
    default:
      return "queue-full";
  }
}
