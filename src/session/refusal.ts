/** Why an update or a write is refused, in words. */

import { Code, type Status } from "../base/status.js";
import { electionIdText, type ElectionId } from "./election-id.js";
import { roleText, type RoleName } from "./role.js";

/** NOT_FOUND: no device has this id; 0, that is unset, is never one (AMB-01). The first check of every RPC and first update. */
export function unknownDevice(deviceId: bigint): Status {
  const message =
    deviceId === 0n
      ? "device_id is not set; 0 is never a device"
      : `device_id ${deviceId.toString()} is not a device here`;
  return { code: Code.NOT_FOUND, message, fields: { deviceId } };
}

/** NOT_FOUND: the device has no such role (AMB-07). */
export function unknownRole(role: RoleName): Status {
  const message = `no controller and no table of the pipeline has named ${roleText(role)}`;
  return { code: Code.NOT_FOUND, message, fields: { role } };
}

/** FAILED_PRECONDITION: a live stream keeps its device (ARB-10). */
export function deviceChanged(from: bigint, to: bigint): Status {
  const message = `this stream arbitrates for device_id ${from.toString()}; open another one for device_id ${to.toString()}`;
  return { code: Code.FAILED_PRECONDITION, message, fields: { deviceId: to } };
}

/** FAILED_PRECONDITION: a live stream keeps its role (ARB-11). */
export function roleChanged(from: RoleName, to: RoleName): Status {
  const message = `this stream arbitrates for ${roleText(from)}; open another one for ${roleText(to)}`;
  return { code: Code.FAILED_PRECONDITION, message, fields: { role: to } };
}

/** INVALID_ARGUMENT: `role.config` does not follow the scheme agreed with this server (ARB-06, ARB-12, AMB-08). */
export function roleConfigRefused(role: RoleName, reason: string): Status {
  return { code: Code.INVALID_ARGUMENT, message: `${roleText(role)}: ${reason}`, fields: { role } };
}

/** INVALID_ARGUMENT: set ids are unique among the live controllers of a role (ARB-03, ARB-13). */
export function electionIdTaken(role: RoleName, id: ElectionId): Status {
  const message = `${roleText(role)}: election_id ${electionIdText(id)} is used by another live controller; choose another`;
  return { code: Code.INVALID_ARGUMENT, message, fields: { role, electionId: id } };
}

/** RESOURCE_EXHAUSTED: a role has as many controllers as it may (ARB-07). */
export function tooManyControllers(role: RoleName, limit: number): Status {
  const message = `${roleText(role)} has ${limit} controllers, which is the limit`;
  return { code: Code.RESOURCE_EXHAUSTED, message, fields: { role, limit } };
}

/** RESOURCE_EXHAUSTED: roles are remembered for good, so their number is bounded. */
export function tooManyRoles(role: RoleName, limit: number): Status {
  const message = `${roleText(role)} is new, and the device has seen ${limit} roles, which is the limit`;
  return { code: Code.RESOURCE_EXHAUSTED, message, fields: { role, limit } };
}

/** RESOURCE_EXHAUSTED: a stream sends updates faster than a hand-over lets them be handled. */
export function tooManyUpdates(role: RoleName, limit: number): Status {
  const message = `${roleText(role)}: ${limit} updates of this stream wait for a hand-over, which is the limit`;
  return { code: Code.RESOURCE_EXHAUSTED, message, fields: { role, limit } };
}

/** PERMISSION_DENIED: the caller of a mutating RPC is not the primary of `role`, because of `reason`. */
export function notPrimary(role: RoleName, id: ElectionId | undefined, reason: string): Status {
  const message = `election_id ${electionIdText(id)} may not write: ${reason}`;
  return { code: Code.PERMISSION_DENIED, message, fields: { role, electionId: id } };
}
