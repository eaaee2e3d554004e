/** The `fourward.dataplane.Dataplane` service: inject frames into a software switch, watch what becomes of them. */
import type * as grpc from "@grpc/grpc-js";
import { notFound, unimplemented } from "../../base/status.js";
import type { Switch } from "../../switch/switch.js";
import { deviceOf, type Call, type RpcContext } from "../context.js";
import { byteMethod } from "../method.js";
import { serviceError, unary } from "../unary.js";
import { injectPacket } from "./inject-packet.js";
import { subscribeResults } from "./subscribe-results.js";

export const dataplaneName = "fourward.dataplane.Dataplane";

export const dataplaneDefinition = {
  InjectPacket: byteMethod(dataplaneName, "InjectPacket", "unary"),
  InjectPackets: byteMethod(dataplaneName, "InjectPackets", "client"),
  SubscribeResults: byteMethod(dataplaneName, "SubscribeResults", "server"),
  RegisterPrePacketHook: byteMethod(dataplaneName, "RegisterPrePacketHook", "both"),
};

/** Metadata key by which a client names the device where there are several. */
const deviceKey = "p4rtd-device-id";

/** The device a call is for: the one its metadata names, else the first. @throws StatusError NOT_FOUND */
function deviceFor(context: RpcContext, metadata: grpc.Metadata): Switch {
  const [named] = metadata.get(deviceKey);
  if (named !== undefined) {
    if (!/^\d{1,20}$/.test(String(named))) throw notFound(`${deviceKey} '${String(named)}' is no device id`);
    return deviceOf(context, BigInt(String(named)));
  }
  const [first] = context.devices.values();
  if (first === undefined) throw notFound("there is no device");
  return first;
}

/** Handlers of the service, for `grpc.Server.addService` with `dataplaneDefinition`. */
export function dataplaneHandlers(context: RpcContext): grpc.UntypedServiceImplementation {
  const missing = (method: string) => (call: Call & { emit(event: "error", error: Error): boolean }) => {
    const error = unimplemented(`${method} is not implemented; InjectPacket and SubscribeResults are`);
    call.emit("error", serviceError(context, method, call, error));
  };
  return {
    InjectPacket: unary(context, "InjectPacket", (request, call) =>
      injectPacket(deviceFor(context, call.metadata), request),
    ),
    InjectPackets: missing("InjectPackets"),
    SubscribeResults: (call: grpc.ServerWritableStream<Buffer, Buffer>) =>
      void subscribeResults(context, () => deviceFor(context, call.metadata), call),
    RegisterPrePacketHook: missing("RegisterPrePacketHook"),
  };
}
