/** Lets many messages of one server stream be in flight, so that HTTP/2 writes them together. */
import * as grpc from "@grpc/grpc-js";

/** Bounds of what is acknowledged but not yet flushed, per stream. */
const maxInFlight = 512;
const maxInFlightBytes = 8 * 1024 * 1024;

class CoalescingCall extends grpc.ServerInterceptingCall {
  #inFlight = 0;
  #bytes = 0;
  #waiting: (() => void) | undefined;

  override sendMessage(message: unknown, callback: () => void): void {
    const size = message instanceof Uint8Array ? message.length : 0;
    this.#inFlight++;
    this.#bytes += size;
    super.sendMessage(message, () => {
      this.#inFlight--;
      this.#bytes -= size;
      if (this.#waiting === undefined || this.#inFlight >= maxInFlight / 2 || this.#bytes >= maxInFlightBytes / 2)
        return;
      const go = this.#waiting;
      this.#waiting = undefined;
      go();
    });
    if (this.#inFlight < maxInFlight && this.#bytes < maxInFlightBytes) callback();
    else this.#waiting = callback;
  }
}

/** Interceptor for `grpc.Server`: acknowledges the messages of response streams early, within bounds. */
export const coalescing: grpc.ServerInterceptor = (method, call) =>
  method.responseStream ? new CoalescingCall(call) : new grpc.ServerInterceptingCall(call);
