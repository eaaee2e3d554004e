/** Requests to rtnetlink and their answers, over one socket that also hears of changes. */
import type { Addon, NetlinkSocket } from "../../addon/addon.js";
import { Turn } from "../../base/turn.js";
import type { NetlinkMessage } from "./netlink.js";
import { Control, Flag, decodeMessages, encodeMessage, littleEndian, viewOf } from "./netlink.js";

/** The kernel refused a request. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  /** @param errno positive; see errno(3) */
  constructor(
    readonly errno: number,
    request: string,
  ) {
    super(`rtnetlink refused to ${request}: errno ${errno}`);
  }
}

/** errno of answers that were lost, or that changed while they were listed. */
const lostAnswers = 105; // ENOBUFS
const maxDumpTries = 5;

/** Who hears of changes. */
export interface RouteListener {
  /** A message that answers no request of this socket. */
  readonly onChange: (message: NetlinkMessage) => void;
  /** All messages of one wake-up have been given to `onChange`. */
  readonly onSettled: () => void;
  /** Changes were lost: ask for everything again. */
  readonly onLost: () => void;
}

interface Waiting {
  readonly request: string;
  readonly listing: Listing | undefined;
  readonly settle: (error: NetlinkError | undefined) => void;
}

interface Listing {
  readonly listed: NetlinkMessage[];
  /** What of the list is wanted; the rest may be long. */
  readonly wanted: (message: NetlinkMessage) => boolean;
  /** The kernel says that what it lists changed under its hands. */
  interrupted: boolean;
  /** True if one thing is asked for, not all of a kind. */
  readonly single: boolean;
}

const everyMessage = () => true;

export interface RouteSocketOptions {
  readonly netns: string | undefined;
  readonly groups: readonly number[];
}

/**
 * The kernel works on a request within the call that sends it: what it changes has changed when `request` returns its
 * promise, and what it says of it comes before the answer.
 */
export class RouteSocket {
  readonly #listener: RouteListener;
  readonly #waiting = new Map<number, Waiting>();
  /** One listing at a time: the kernel allows no more. */
  readonly #turn = new Turn();
  #socket: NetlinkSocket | undefined;
  #sequence = 0;

  constructor(listener: RouteListener) {
    this.#listener = listener;
  }

  /** @throws SystemError such as EINVAL for a group that the kernel has not */
  static open(addon: Addon, options: RouteSocketOptions, listener: RouteListener): RouteSocket {
    const made = new RouteSocket(listener);
    made.#socket = addon.openNetlink({
      ...options,
      onMessages: (datagram) => made.#received(datagram),
      onOverrun: () => made.#overrun(),
    });
    return made;
  }

  /**
   * Sends a request that changes something.
   * @param what continues "rtnetlink refused to"
   * @throws NetlinkError if it is refused
   */
  change(what: string, type: number, body: Uint8Array, flags = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: NetlinkError | undefined) => (error === undefined ? resolve() : reject(error));
      this.#send(type, Flag.ack | flags, body, { request: what, listing: undefined, settle });
    });
  }

  /** The one thing asked for; undefined: the kernel knows nothing of it. */
  ask(what: string, type: number, body: Uint8Array): Promise<NetlinkMessage | undefined> {
    return new Promise((resolve, reject) => {
      const listing: Listing = { listed: [], wanted: everyMessage, interrupted: false, single: true };
      const settle = (error: NetlinkError | undefined) =>
        error === undefined ? resolve(listing.listed[0]) : reject(error);
      this.#send(type, Flag.ack, body, { request: what, listing, settle });
    });
  }

  /**
   * Everything of a kind that is `wanted`; asked for anew if the kernel says that the list is not of one moment.
   * Changes that came meanwhile are given to the listener, not listed.
   * @throws NetlinkError if the kernel does not tell
   */
  list(
    what: string,
    type: number,
    body: Uint8Array,
    wanted: (message: NetlinkMessage) => boolean = everyMessage,
  ): Promise<readonly NetlinkMessage[]> {
    return this.#turn.run(async () => {
      for (let tries = 1; ; tries++) {
        try {
          return await this.#list(what, type, body, wanted);
        } catch (error) {
          if (!(error instanceof NetlinkError) || error.errno !== lostAnswers || tries === maxDumpTries) throw error;
        }
      }
    });
  }

  /** What waits for an answer is refused. */
  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#refuseAll();
  }

  #list(
    what: string,
    type: number,
    body: Uint8Array,
    wanted: (message: NetlinkMessage) => boolean,
  ): Promise<readonly NetlinkMessage[]> {
    return new Promise((resolve, reject) => {
      const listing: Listing = { listed: [], wanted, interrupted: false, single: false };
      const settle = (error: NetlinkError | undefined) =>
        error === undefined ? resolve(listing.listed) : reject(error);
      this.#send(type, Flag.dump, body, { request: what, listing, settle });
    });
  }

  #send(type: number, flags: number, body: Uint8Array, waiting: Waiting): void {
    if (this.#socket === undefined) return waiting.settle(new NetlinkError(lostAnswers, waiting.request));
    this.#sequence = (this.#sequence % 0x7fffffff) + 1;
    const sequence = this.#sequence;
    this.#waiting.set(sequence, waiting);
    this.#socket.send(encodeMessage({ type, flags: flags | Flag.request, sequence, body }));
  }

  #received(datagram: Uint8Array): void {
    const messages = decodeMessages(datagram);
    if (messages === undefined) return this.#overrun();
    for (const message of messages) {
      if (this.#answers(message)) continue;
      this.#listener.onChange(message);
    }
    this.#listener.onSettled();
  }

  /** True if `message` is for somebody who waits, or for nobody. */
  #answers({ type, flags, sequence, body }: NetlinkMessage): boolean {
    if (type === Control.noop) return true;
    const waiting = this.#waiting.get(sequence);
    const ends = type === Control.error || type === Control.done;
    if (waiting === undefined) return ends;
    const { listing } = waiting;
    if (listing !== undefined && (flags & Flag.interrupted) !== 0) listing.interrupted = true;
    if (ends) {
      this.#waiting.delete(sequence);
      const errno = listing?.interrupted === true ? lostAnswers : errnoIn(body);
      waiting.settle(errno === 0 ? undefined : new NetlinkError(errno, waiting.request));
      return true;
    }
    if (listing === undefined || (!listing.single && (flags & Flag.multi) === 0)) return false;
    const message = { type, flags, sequence, body };
    if (listing.wanted(message)) listing.listed.push(message);
    return true;
  }

  #overrun(): void {
    this.#refuseAll();
    this.#listener.onLost();
  }

  #refuseAll(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const each of waiting) each.settle(new NetlinkError(lostAnswers, each.request));
  }
}

/** The error that ends an answer, 0 for none; a `done` may be without. */
function errnoIn(body: Uint8Array): number {
  return body.length < 4 ? 0 : Math.abs(viewOf(body).getInt32(0, littleEndian));
}
