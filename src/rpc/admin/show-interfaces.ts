/** `ShowInterfaces`: ports with their state and counters. */
import { decodeShowRequest, encodeInterfaces } from "../../wire/admin.js";
import type { RpcContext } from "../context.js";
import { chosenDevices } from "./chosen-devices.js";

/** @throws StatusError NOT_FOUND or INVALID_ARGUMENT */
export function showInterfaces(context: RpcContext, request: Buffer): Buffer {
  const { deviceId } = decodeShowRequest(request);
  return encodeInterfaces(
    chosenDevices(context, deviceId).flatMap((device) =>
      device.datapath.stats().ports.map((port) => ({ ...port, deviceId: device.deviceId })),
    ),
  );
}
