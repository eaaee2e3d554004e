/** The `p4rtd.v1.Admin` service: one file per RPC. */
import type * as grpc from "@grpc/grpc-js";
import { adminName } from "../../wire/admin.js";
import type { RpcContext, ServerStreamCall } from "../context.js";
import { byteMethod } from "../method.js";
import { unary } from "../unary.js";
import { showDrops } from "./show-drops.js";
import { showInterfaces } from "./show-interfaces.js";
import { showRules } from "./show-rules.js";

export const adminDefinition = {
  ShowInterfaces: byteMethod(adminName, "ShowInterfaces", "unary"),
  ShowDrops: byteMethod(adminName, "ShowDrops", "unary"),
  ShowRules: byteMethod(adminName, "ShowRules", "server"),
};

/** Handlers of the service, for `grpc.Server.addService` with `adminDefinition`. */
export function adminHandlers(context: RpcContext): grpc.UntypedServiceImplementation {
  return {
    ShowInterfaces: unary(context, "ShowInterfaces", (request) => showInterfaces(context, request)),
    ShowDrops: unary(context, "ShowDrops", (request) => showDrops(context, request)),
    ShowRules: (call: ServerStreamCall) => void showRules(context, call),
  };
}
