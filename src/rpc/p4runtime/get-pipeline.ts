/** `GetForwardingPipelineConfig`: for anyone who asks (GFP-12). */
import { decodeGetPipelineRequest, encodeGetPipelineResponse } from "../../wire/pipeline-config.js";
import { deviceOf, type RpcContext } from "../context.js";

export function getPipeline(context: RpcContext, bytes: Buffer): Buffer {
  const { deviceId, responseType } = decodeGetPipelineRequest(bytes);
  return encodeGetPipelineResponse(deviceOf(context, deviceId).pipelineConfig, responseType);
}
