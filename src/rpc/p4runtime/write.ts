/** `Write`: the header now, updates when the switch pulls them. */
import { decodeWriteRequest } from "../../wire/decode-write.js";
import { batchError } from "../batch-error.js";
import { callerOf, deviceOf, type RpcContext, type UnaryCall } from "../context.js";

const done = Buffer.alloc(0);

export async function write(context: RpcContext, request: Buffer, call: UnaryCall): Promise<Buffer> {
  const header = decodeWriteRequest(request);
  const results = await deviceOf(context, header.deviceId).write({ ...header, bytes: request.length }, callerOf(call));
  if (results.some((result) => result !== undefined)) throw batchError(results, "updates", call);
  return done;
}
