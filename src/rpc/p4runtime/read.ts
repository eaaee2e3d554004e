/** `Read`: entities as a stream of responses, cut by size. */
import { StatusError, type Status } from "../../base/status.js";
import type { EntitySink, FlowingSink } from "../../entity/entity-sink.js";
import { decodeReadRequest } from "../../wire/decode-read.js";
import { ReadResponseEncoder } from "../../wire/encode-entity.js";
import { batchError } from "../batch-error.js";
import { deviceOf, type RpcContext, type ServerStreamCall } from "../context.js";
import { sent } from "../sent.js";
import { serviceError } from "../unary.js";

/** A client that takes nothing for so long does not want the rest: its snapshot must not be kept for ever. */
const patienceMs = 60_000;

/** Sends what has been collected and waits until the stream takes more. */
class ReadStream implements FlowingSink {
  readonly #encoder = new ReadResponseEncoder();
  readonly #call: ServerStreamCall;
  readonly #stop: AbortController;
  #sent = 0;

  constructor(call: ServerStreamCall, stop: AbortController) {
    this.#call = call;
    this.#stop = stop;
  }

  readonly tableEntry: EntitySink["tableEntry"] = (schema, entry) => this.#encoder.tableEntry(schema, entry);
  readonly directCounter: EntitySink["directCounter"] = (schema, entry, data) =>
    this.#encoder.directCounter(schema, entry, data);
  readonly multicastGroup: EntitySink["multicastGroup"] = (id, group) => this.#encoder.multicastGroup(id, group);
  readonly cloneSession: EntitySink["cloneSession"] = (id, session) => this.#encoder.cloneSession(id, session);
  readonly counterCell: EntitySink["counterCell"] = (id, index, data) => this.#encoder.counterCell(id, index, data);
  readonly meterCell: EntitySink["meterCell"] = (id, index, cell) => this.#encoder.meterCell(id, index, cell);
  readonly actionMember: EntitySink["actionMember"] = (...member) => this.#encoder.actionMember(...member);
  readonly actionGroup: EntitySink["actionGroup"] = (...group) => this.#encoder.actionGroup(...group);
  readonly directMeter: EntitySink["directMeter"] = (schema, entry) => this.#encoder.directMeter(schema, entry);

  get full(): boolean {
    return this.#encoder.full;
  }

  async flush(): Promise<void> {
    this.#sent++;
    try {
      await sent(this.#call, this.#encoder.take(), this.#stop.signal, patienceMs);
    } catch (error) {
      this.#stop.abort(error); // the other queries need not be answered any more
      throw error;
    }
  }

  /** An answer without entities is one empty response, as clients that receive once expect (RED-09). */
  async finish(): Promise<void> {
    if (!this.#encoder.empty || this.#sent === 0) await this.flush();
  }
}

export async function read(context: RpcContext, call: ServerStreamCall): Promise<void> {
  const began = performance.now();
  const stop = new AbortController();
  call.on("cancelled", () => stop.abort());
  let dismissed: StatusError | undefined;
  const running = {
    end: (status: Status) => {
      dismissed = new StatusError(status);
      stop.abort(dismissed);
    },
  };
  context.streams.add(running);
  try {
    const header = decodeReadRequest(call.request);
    const stream = new ReadStream(call, stop);
    const options = { role: header.role, signal: stop.signal };
    const results: readonly (Status | undefined)[] = await deviceOf(context, header.deviceId).read(
      header.queries,
      stream,
      options,
    );
    await stream.finish();
    if (results.some((result) => result !== undefined)) throw batchError(results, "requests", call);
    call.end();
    context.finished("Read", 0, (performance.now() - began) / 1000);
  } catch (error) {
    if (call.cancelled) {
      context.finished("Read", 1, (performance.now() - began) / 1000);
      call.end();
      return;
    }
    const failure = serviceError(context, "Read", call, dismissed ?? error);
    context.finished("Read", failure.code, (performance.now() - began) / 1000);
    call.emit("error", failure);
  } finally {
    context.streams.delete(running);
  }
}
