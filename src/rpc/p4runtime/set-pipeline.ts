/** `SetForwardingPipelineConfig`. */
import { invalidArgument } from "../../base/status.js";
import type { PipelineAction } from "../../switch/pipelines.js";
import { callerOf, deviceOf, type RpcContext, type UnaryCall } from "../context.js";

const actions: Readonly<Record<number, PipelineAction>> = {
  1: "verify",
  2: "verify-and-save",
  3: "verify-and-commit",
  4: "commit",
  5: "reconcile-and-commit",
};

const done = Buffer.alloc(0);

/** Action and config are looked at when the caller has been found to be primary (SFP-04). */
export async function setPipeline(context: RpcContext, bytes: Buffer, call: UnaryCall): Promise<Buffer> {
  // With the generated P4Info classes, half a megabyte that no other RPC needs.
  const { decodeSetPipelineRequest } = await import("../../wire/decode-set-pipeline.js");
  const request = decodeSetPipelineRequest(bytes);
  const { role, electionId } = request;
  const action = () => actionOf(request.action);
  const config = () => request.config;
  await deviceOf(context, request.deviceId).setPipeline(
    { role, electionId, bytes: bytes.length, action, config },
    callerOf(call),
  );
  return done;
}

/** @throws StatusError INVALID_ARGUMENT (SFP-05, SFP-06) */
function actionOf(number: number): PipelineAction {
  const action = actions[number];
  if (action === undefined)
    throw invalidArgument(
      `action ${number === 0 ? "UNSPECIFIED" : number} is not possible; it must be VERIFY (1), VERIFY_AND_SAVE (2), VERIFY_AND_COMMIT (3), COMMIT (4) or RECONCILE_AND_COMMIT (5)`,
    );
  return action;
}
