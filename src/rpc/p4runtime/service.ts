/** The `p4.v1.P4Runtime` service: one file per RPC. */
import type * as grpc from "@grpc/grpc-js";
import type { RpcContext } from "../context.js";
import { byteMethod } from "../method.js";
import { unary } from "../unary.js";
import { capabilities } from "./capabilities.js";
import { getPipeline } from "./get-pipeline.js";
import { read } from "./read.js";
import { setPipeline } from "./set-pipeline.js";
import { streamChannel } from "./stream-channel.js";
import { write } from "./write.js";

export const p4RuntimeName = "p4.v1.P4Runtime";

export const p4RuntimeDefinition = {
  Write: byteMethod(p4RuntimeName, "Write", "unary"),
  Read: byteMethod(p4RuntimeName, "Read", "server"),
  SetForwardingPipelineConfig: byteMethod(p4RuntimeName, "SetForwardingPipelineConfig", "unary"),
  GetForwardingPipelineConfig: byteMethod(p4RuntimeName, "GetForwardingPipelineConfig", "unary"),
  StreamChannel: byteMethod(p4RuntimeName, "StreamChannel", "both"),
  Capabilities: byteMethod(p4RuntimeName, "Capabilities", "unary"),
};

/** Handlers of the service, for `grpc.Server.addService` with `p4RuntimeDefinition`. */
export function p4RuntimeHandlers(context: RpcContext): grpc.UntypedServiceImplementation {
  return {
    Write: unary(context, "Write", (request, call) => write(context, request, call)),
    Read: (call: Parameters<typeof read>[1]) => void read(context, call),
    SetForwardingPipelineConfig: unary(context, "SetForwardingPipelineConfig", (request, call) =>
      setPipeline(context, request, call),
    ),
    GetForwardingPipelineConfig: unary(context, "GetForwardingPipelineConfig", (request) =>
      getPipeline(context, request),
    ),
    StreamChannel: (call: Parameters<typeof streamChannel>[1]) => streamChannel(context, call),
    Capabilities: unary(context, "Capabilities", (request) => capabilities(context, request)),
  };
}
