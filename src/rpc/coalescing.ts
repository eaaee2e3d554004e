/** Lets many messages of one server stream be in flight, so that HTTP/2 writes them together. */
import * as grpc from "@grpc/grpc-js";
import { sessionOf } from "./peer-limits.js";

/** Bounds of what is acknowledged but not yet flushed, per stream. */
const maxInFlight = 512;
const maxInFlightBytes = 8 * 1024 * 1024;
/** The same for all streams of one connection. */
const maxConnectionBytes = 16 * 1024 * 1024;

/** Bytes in flight on one connection. */
interface Connection {
  bytes: number;
}

const connections = new WeakMap<object, Connection>();

function connectionOf(call: object): Connection {
  const session = sessionOf(call);
  const connection = (session && connections.get(session)) ?? { bytes: 0 };
  if (session !== undefined) connections.set(session, connection);
  return connection;
}

/** What one stream has in flight. */
class Flight {
  readonly #connection: Connection;
  #messages = 0;
  #bytes = 0;
  #over = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add(bytes: number): void {
    if (this.#over) return;
    this.#messages++;
    this.#bytes += bytes;
    this.#connection.bytes += bytes;
  }

  flushed(bytes: number): void {
    if (this.#over) return;
    this.#messages--;
    this.#bytes -= bytes;
    this.#connection.bytes -= bytes;
  }

  /** The call is cancelled: nobody says any more what of it was flushed. */
  end(): void {
    this.#over = true;
    this.#connection.bytes -= this.#bytes;
  }

  /** True if less than `share` of the bounds is in flight; who has nothing in flight always has room. */
  room(share: number): boolean {
    if (this.#messages === 0) return true;
    if (this.#connection.bytes >= maxConnectionBytes * share) return false;
    return this.#messages < maxInFlight * share && this.#bytes < maxInFlightBytes * share;
  }
}

class CoalescingCall extends grpc.ServerInterceptingCall {
  readonly #flight: Flight;
  #waiting: (() => void) | undefined;

  constructor(call: grpc.ServerInterceptingCallInterface, flight: Flight) {
    super(call, { start: (next) => next({ onCancel: () => flight.end() }) });
    this.#flight = flight;
  }

  override sendMessage(message: unknown, callback: () => void): void {
    const bytes = message instanceof Uint8Array ? message.length : 0;
    this.#flight.add(bytes);
    super.sendMessage(message, () => {
      this.#flight.flushed(bytes);
      if (this.#waiting === undefined || !this.#flight.room(0.5)) return;
      const go = this.#waiting;
      this.#waiting = undefined;
      go();
    });
    if (this.#flight.room(1)) callback();
    else this.#waiting = callback;
  }
}

/** Interceptor for `grpc.Server`: acknowledges the messages of response streams early, within bounds. */
export const coalescing: grpc.ServerInterceptor = (method, call) =>
  method.responseStream
    ? new CoalescingCall(call, new Flight(connectionOf(call)))
    : new grpc.ServerInterceptingCall(call);
