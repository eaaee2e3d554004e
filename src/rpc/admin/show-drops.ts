/** `ShowDrops`: frames that went no further, by reason. */
import { explainedDrops } from "../../switch/drop-totals.js";
import { decodeShowRequest, encodeDrops } from "../../wire/admin.js";
import type { RpcContext } from "../context.js";
import { chosenDevices } from "./chosen-devices.js";

/** @throws StatusError NOT_FOUND or INVALID_ARGUMENT */
export function showDrops(context: RpcContext, request: Buffer): Buffer {
  const { deviceId } = decodeShowRequest(request);
  return encodeDrops(
    chosenDevices(context, deviceId).flatMap((device) =>
      explainedDrops(device).map((line) => ({ ...line, deviceId: device.deviceId })),
    ),
  );
}
