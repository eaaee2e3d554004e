/** Bytes that have been handed to HTTP/2 and not yet been flushed, for each connection. */
import { Code, type Status } from "../base/status.js";
import { sessionOf } from "./peer-limits.js";

/** Bounds of what one stream of responses may have in flight. */
const maxMessages = 512;
const maxStreamBytes = 8 * 1024 * 1024;
/** The same for all streams of one connection; and again for all its unary answers. */
const maxConnectionBytes = 16 * 1024 * 1024;
/** Unary answers of all connections. */
const maxAnswerBytes = 128 * 1024 * 1024;
/** An answer of so few bytes is not counted: the calls of a connection are. */
const smallAnswer = 4096;

/** Bytes in flight on one connection. */
interface Connection {
  streams: number;
  answers: number;
}

const connections = new WeakMap<object, Connection>();
/** Bytes of unary answers in flight. */
let allAnswers = 0;

function connectionOf(call: object): Connection {
  const session = sessionOf(call);
  const connection = (session && connections.get(session)) ?? { streams: 0, answers: 0 };
  if (session !== undefined) connections.set(session, connection);
  return connection;
}

/** What one stream of responses has in flight. */
export class StreamFlight {
  readonly #connection: Connection;
  #messages = 0;
  #bytes = 0;
  #over = false;

  constructor(call: object) {
    this.#connection = connectionOf(call);
  }

  add(bytes: number): void {
    if (this.#over) return;
    this.#messages++;
    this.#bytes += bytes;
    this.#connection.streams += bytes;
  }

  flushed(bytes: number): void {
    if (this.#over) return;
    this.#messages--;
    this.#bytes -= bytes;
    this.#connection.streams -= bytes;
  }

  /** The call is cancelled: nobody says any more what of it was flushed. */
  end(): void {
    this.#over = true;
    this.#connection.streams -= this.#bytes;
    this.#bytes = 0;
  }

  /** True if less than `share` of the bounds is in flight; who has nothing in flight always has room. */
  room(share: number): boolean {
    if (this.#messages === 0) return true;
    if (this.#connection.streams >= maxConnectionBytes * share) return false;
    return this.#messages < maxMessages * share && this.#bytes < maxStreamBytes * share;
  }
}

/** Why an answer of `bytes` to `call` cannot be sent now; undefined if it can. One always fits. */
export function noRoom(call: object, bytes: number): Status | undefined {
  if (bytes <= smallAnswer) return undefined;
  const { answers } = connectionOf(call);
  if (answers > 0 && answers + bytes > maxConnectionBytes)
    return full(`${answers} bytes of answers on this connection wait to be read, at most ${maxConnectionBytes} may`);
  if (allAnswers > 0 && allAnswers + bytes > maxAnswerBytes)
    return full(`${allAnswers} bytes of answers on all connections wait to be read, at most ${maxAnswerBytes} may`);
  return undefined;
}

function full(message: string): Status {
  return { code: Code.RESOURCE_EXHAUSTED, message: `${message}; read them first` };
}

/** What the unary `call` has in flight. */
export class AnswerFlight {
  readonly #call: object;
  #connection: Connection | undefined;
  #bytes = 0;

  constructor(call: object) {
    this.#call = call;
  }

  add(bytes: number): void {
    if (bytes <= smallAnswer) return;
    this.#connection ??= connectionOf(this.#call);
    this.#bytes += bytes;
    this.#connection.answers += bytes;
    allAnswers += bytes;
  }

  /** Everything is flushed, or the call is cancelled. May come twice. */
  end(): void {
    if (this.#connection === undefined) return;
    this.#connection.answers -= this.#bytes;
    allAnswers -= this.#bytes;
    this.#bytes = 0;
  }
}
