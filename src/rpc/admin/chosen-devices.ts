/** The devices an operator asks about. */
import { deviceOf, type RpcContext } from "../context.js";
import type { Switch } from "../../switch/switch.js";

/** The device with `deviceId`, or all of them in the order of the configuration. @throws StatusError NOT_FOUND */
export function chosenDevices(context: RpcContext, deviceId: bigint | undefined): readonly Switch[] {
  return deviceId === undefined ? [...context.devices.values()] : [deviceOf(context, deviceId)];
}
