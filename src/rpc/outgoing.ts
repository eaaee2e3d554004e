/** What every call passes on its way out: its messages are counted, and many of one stream may be in flight. */
import * as grpc from "@grpc/grpc-js";
import { AnswerFlight, StreamFlight } from "./in-flight.js";

type Responder = NonNullable<ConstructorParameters<typeof grpc.ServerInterceptingCall>[1]>;

/**
 * Success has no message (ERR-01), for which the library would say "OK". Any other message is made text that UTF-8 has:
 * half a surrogate pair would make the library throw where nobody can catch it.
 */
const sendStatus: NonNullable<Responder["sendStatus"]> = (status, next) =>
  next({ ...status, details: status.code === grpc.status.OK ? "" : status.details.toWellFormed() });

const sizeOf = (message: unknown) => (message instanceof Uint8Array ? message.length : 0);

/** Lets many messages of one server stream be in flight, so that HTTP/2 writes them together. */
class CoalescingCall extends grpc.ServerInterceptingCall {
  readonly #flight: StreamFlight;
  #waiting: (() => void) | undefined;

  constructor(call: grpc.ServerInterceptingCallInterface) {
    const flight = new StreamFlight(call);
    super(call, { start: (next) => next({ onCancel: () => flight.end() }), sendStatus });
    this.#flight = flight;
  }

  override sendMessage(message: unknown, callback: () => void): void {
    const bytes = sizeOf(message);
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

/** Counts the answer. */
class AnsweringCall extends grpc.ServerInterceptingCall {
  readonly #flight: AnswerFlight;

  constructor(call: grpc.ServerInterceptingCallInterface) {
    const flight = new AnswerFlight(call);
    super(call, { start: (next) => next({ onCancel: () => flight.end() }), sendStatus });
    this.#flight = flight;
  }

  override sendMessage(message: unknown, callback: () => void): void {
    this.#flight.add(sizeOf(message));
    super.sendMessage(message, () => {
      this.#flight.end();
      callback();
    });
  }
}

/** The interceptor of the server: one for all it does, since each costs every call some microseconds. */
export const outgoing: grpc.ServerInterceptor = (method, call) =>
  method.responseStream ? new CoalescingCall(call) : new AnsweringCall(call);
