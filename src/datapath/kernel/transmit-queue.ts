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
/** What a queue takes for its frames at first, and keeps at most when it is empty. */
const firstBytes = 4096;
const keptBytes = 1 << 18;

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
  /** What waits, oldest first: copies of the frames, one behind the other, where each ends, and the token of each. */
  #block = new Uint8Array(0);
  readonly #ends = new Uint32Array(queueFrames);
  #tokens: object[] = [];
  #used = 0;
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
    if (this.#tokens.length >= queueFrames && this.#stuckSince === undefined) this.#flush();
    if (this.#tokens.length >= queueFrames) return "queue-full";
    const end = this.#used + frame.length;
    if (end > this.#block.length) this.#grow(end);
    this.#block.set(frame, this.#used);
    this.#used = end;
    this.#ends[this.#tokens.length] = end;
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

  /** Makes room for `bytes`. */
  #grow(bytes: number): void {
    const block = new Uint8Array(Math.max(firstBytes, 2 * bytes));
    block.set(this.#block.subarray(0, this.#used));
    this.#block = block;
  }

  #flush(): void {
    const tokens = this.#tokens;
    const count = tokens.length;
    if (count === 0) return;
    const sent = this.#sender.send(this.#block, this.#ends, count, this.#results);
    this.#tokens = [];
    this.#used = 0;
    const refused = sent === count ? [] : this.#keepWhatPasses(tokens);
    if (this.#tokens.length === 0 && this.#block.length > keptBytes) this.#block = new Uint8Array(0);
    this.#owner.onSent(sent);
    for (const [token, reason] of refused) this.#owner.onRefused(token, reason);
    if (this.#tokens.length === 0) this.#stuckSince = undefined;
    else this.#tryAgain(sent);
  }

  /** Moves the frames that may be sent in a moment to the front. @returns the others that were refused */
  #keepWhatPasses(tokens: readonly object[]): readonly [object, TransmitRefusal][] {
    const refused: [object, TransmitRefusal][] = [];
    let begin = 0;
    for (const [i, token] of tokens.entries()) {
      const end = defined(this.#ends[i], "each frame has an end");
      const errno = this.#results[i] ?? 0;
      if (this.#passes(errno)) {
        this.#block.copyWithin(this.#used, begin, end);
        this.#used += end - begin;
        this.#ends[this.#tokens.length] = this.#used;
        this.#tokens.push(token);
      } else if (errno !== 0) refused.push([token, refusalOf(errno)]);
      begin = end;
    }
    return refused;
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
    this.#tokens = [];
    this.#used = 0;
    for (const token of tokens) this.#owner.onRefused(token, reason);
  }
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
