/** `GetForwardingPipelineConfig`: for anyone who asks (GFP-12). */
import type { PipelineConfig } from "../../switch/program.js";
import { decodeGetPipelineRequest, encodeGetPipelineResponse } from "../../wire/pipeline-config.js";
import { deviceOf, type RpcContext } from "../context.js";

/**
 * The answer given last for each config, and to which response type: it may have many megabytes. One answer, so that a
 * config is kept twice at most; it goes when the program goes.
 */
const answers = new WeakMap<PipelineConfig, { readonly responseType: number; readonly bytes: Buffer }>();

export function getPipeline(context: RpcContext, request: Buffer): Buffer {
  const { deviceId, responseType } = decodeGetPipelineRequest(request);
  const config = deviceOf(context, deviceId).pipelineConfig;
  const known = config && answers.get(config);
  if (known?.responseType === responseType) return known.bytes;
  const bytes = encodeGetPipelineResponse(config, responseType);
  if (config !== undefined) answers.set(config, { responseType, bytes });
  return bytes;
}
