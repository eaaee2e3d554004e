/** One unary RPC: its outcome answered, refusals logged, broken invariants made fatal. */
import * as grpc from "@grpc/grpc-js";
import { clip } from "../base/clip.js";
import { InvariantError } from "../base/invariant.js";
import { Code, codeName, StatusError, type Status } from "../base/status.js";
import type { Call, RpcContext, UnaryCall } from "./context.js";
import { noRoom } from "./in-flight.js";
import { statusText } from "./status-text.js";

/** An RPC that fails with `grpc-status-details-bin`. */
export class DetailedError extends Error {
  override readonly name = "DetailedError";
  constructor(
    readonly code: Status["code"],
    message: string,
    /** A serialized `google.rpc.Status`; undefined: it did not fit the trailers the peer takes. */
    readonly details: Buffer | undefined,
  ) {
    super(message);
  }
}

/** What the peer of `call` is told about `error`; one line in the log for each refused RPC. */
export function serviceError(context: RpcContext, method: string, call: Call, error: unknown): grpc.ServiceError {
  if (error instanceof InvariantError) context.fatal(error);
  const metadata = new grpc.Metadata();
  const { code, message: text } = outcome(error);
  const message = statusText(clip(text, maxMessageLength), call);
  const peer = call.getPeer();
  if (error instanceof DetailedError && error.details !== undefined)
    metadata.set("grpc-status-details-bin", error.details);
  if (error instanceof StatusError || error instanceof DetailedError)
    context.log.info("rpc.refused", { method, peer, code: codeName(code), reason: message });
  else context.log.error("rpc.failed", { method, peer, error });
  const status = grpc.status[codeName(code)];
  return Object.assign(new Error(message), { code: status, details: message, metadata });
}

/** Messages quote what peers sent. Nobody reads more, also where trailers hold it. */
const maxMessageLength = 6144;

function outcome(error: unknown): Pick<Status, "code" | "message"> {
  if (error instanceof StatusError) return error.status;
  if (error instanceof DetailedError) return error;
  return { code: Code.INTERNAL, message: "internal error; the log of p4rtd has the cause" };
}

/**
 * Wraps `handle` into a gRPC handler. Who does not read the answers there are gets RESOURCE_EXHAUSTED for more:
 * HTTP/2 holds a copy of each until it is flushed.
 */
export function unary(
  context: RpcContext,
  method: string,
  handle: (request: Buffer, call: UnaryCall) => Promise<Buffer> | Buffer,
): grpc.handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const began = performance.now();
    const fail = (error: unknown) => {
      const failure = serviceError(context, method, call, error);
      context.finished(method, failure.code, (performance.now() - began) / 1000);
      callback(failure);
    };
    const answer = async () => handle(call.request, call);
    answer().then((response) => {
      const refusal = noRoom(call, response.length);
      if (refusal !== undefined) {
        fail(new StatusError(refusal));
        return;
      }
      context.finished(method, Code.OK, (performance.now() - began) / 1000);
      callback(null, response);
    }, fail);
  };
}
