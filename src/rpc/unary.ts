/** One unary RPC: its outcome answered, refusals logged, broken invariants made fatal. */
import * as grpc from "@grpc/grpc-js";
import { InvariantError } from "../base/invariant.js";
import { Code, codeName, StatusError, type Status } from "../base/status.js";
import type { RpcContext, UnaryCall } from "./context.js";
import { noRoom } from "./in-flight.js";

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

/** What the peer is told about `error`; one line in the log for each refused RPC. */
export function serviceError(context: RpcContext, method: string, peer: string, error: unknown): grpc.ServiceError {
  if (error instanceof InvariantError) context.fatal(error);
  const metadata = new grpc.Metadata();
  const { code, message: text } = outcome(error);
  const message = clipped(text);
  if (error instanceof DetailedError && error.details !== undefined)
    metadata.set("grpc-status-details-bin", error.details);
  if (error instanceof StatusError || error instanceof DetailedError)
    context.log.info("rpc.refused", { method, peer, code: codeName(code), reason: message });
  else context.log.error("rpc.failed", { method, peer, error });
  const status = grpc.status[codeName(code)];
  return Object.assign(new Error(message), { code: status, details: message, metadata });
}

/** Messages travel in trailers, of which most clients take 8 KiB; those quote what peers sent. */
const maxMessageLength = 6144;

function clipped(text: string): string {
  return text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength)}…`;
}

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
      const failure = serviceError(context, method, call.getPeer(), error);
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
