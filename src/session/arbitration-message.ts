/** What arbitration is told and what it answers. */

import type { Branded } from "../base/branded.js";
import type { Code, Status } from "../base/status.js";
import type { ElectionId } from "./election-id.js";
import type { RoleConfig, RoleName } from "./role.js";

/** One StreamChannel call. Never given to a second call while the process lives. */
export type ControllerId = Branded<number, "ControllerId">;

/** Mints the id of a new stream out of a number that was not used before. */
export function controllerId(serial: number): ControllerId {
  return serial as ControllerId;
}

/** A `MasterArbitrationUpdate` of a controller; its `status` is not even looked at (ARB-20). */
export interface ArbitrationUpdate {
  readonly deviceId: bigint;
  readonly role: RoleName;
  readonly roleConfig: RoleConfig | undefined;
  readonly electionId: ElectionId | undefined;
}

/**
 * A `MasterArbitrationUpdate` to a controller.
 * @see P4Runtime "Client Arbitration Notifications", ARB-50, ARB-51, ARB-53
 */
export interface ArbitrationMessage {
  readonly deviceId: bigint;
  /** As the receiver gave it; the default role leaves `role` out on the wire. */
  readonly role: RoleName;
  /** What the last accepted update of a primary carried. */
  readonly roleConfig: RoleConfig | undefined;
  /** The highest id ever accepted for this role; unset if there never was a primary. */
  readonly electionId: ElectionId | undefined;
  /** OK to the primary, ALREADY_EXISTS to a backup of a primary, NOT_FOUND while there is no primary. */
  readonly code: typeof Code.OK | typeof Code.ALREADY_EXISTS | typeof Code.NOT_FOUND;
  /** The status message, for people. */
  readonly text: string;
}

/** What the caller has to do, in the order given. */
export type Effect =
  | { readonly kind: "notify"; readonly controller: ControllerId; readonly message: ArbitrationMessage }
  /** End the stream's call with `status`; arbitration has already forgotten the controller. */
  | { readonly kind: "end"; readonly controller: ControllerId; readonly status: Status };
