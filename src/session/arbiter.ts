/** Arbitration of one device: roles, election ids, primaries. A pure state machine: calls in, effects out. */

import { defined, invariant } from "../base/invariant.js";
import type { Status } from "../base/status.js";
import type { ArbitrationUpdate, ControllerId, Effect } from "./arbitration-message.js";
import type { ElectionId } from "./election-id.js";
import { tooManyRoles, unknownDevice, unknownRole } from "./refusal.js";
import { RoleArbiter, type RoleDescription, type RoleRules } from "./role-arbiter.js";
import { defaultRole, type RoleConfig, type RoleName } from "./role.js";

export interface ArbiterOptions extends Partial<Omit<RoleRules, "deviceId">> {
  /** 1 … 2 ** 64 - 1 */
  readonly deviceId: bigint;
  /** How many roles are remembered, which is for good; a role that the pipeline names is always let in. Default 256. */
  readonly maxRoles?: number;
}

const noRoleConfig = (_role: RoleName, { typeUrl }: RoleConfig) =>
  `a role.config of type '${typeUrl}' is not supported; leave it unset`;

/** The primary of a role. */
export interface Primary {
  readonly role: RoleName;
  readonly controller: ControllerId;
}

/**
 * Decides who is primary of each role of a device. Every method that returns effects has already changed the state; the
 * caller carries the effects out in order, those of an earlier call first.
 * @see P4Runtime "Client Arbitration and Controller Replication", ARB-01 … ARB-84
 */
export class Arbiter {
  readonly deviceId: bigint;
  readonly #rules: RoleRules;
  readonly #maxRoles: number;
  /** The default role and each role with an accepted update. */
  readonly #roles = new Map<RoleName, RoleArbiter>();
  readonly #roleOf = new Map<ControllerId, RoleArbiter>();
  #pipelineRoles: ReadonlySet<RoleName> = new Set();
  #primaries: readonly Primary[] = [];

  /** Defaults: promotion as specified, 16 controllers a role, 16 waiting updates a stream, no role.config accepted. */
  constructor(options: ArbiterOptions) {
    invariant(options.deviceId > 0n, "arbitration: 0 is never a device");
    this.deviceId = options.deviceId;
    this.#maxRoles = options.maxRoles ?? 256;
    this.#rules = {
      deviceId: options.deviceId,
      promotion: options.promotion ?? "spec",
      maxControllersPerRole: options.maxControllersPerRole ?? 16,
      maxWaitingUpdates: options.maxWaitingUpdates ?? 16,
      refuseRoleConfig: options.refuseRoleConfig ?? noRoleConfig,
    };
    this.#roles.set(defaultRole, this.#newRole(defaultRole));
  }

  /**
   * Handles a MasterArbitrationUpdate. A stream's first accepted update binds it to this device and its role for life, so
   * every later one comes here too, whatever its device_id (ARB-10, ARB-61).
   * @precondition the stream is open: no `closed`, and no effect that ended it, came before
   */
  update(controller: ControllerId, update: ArbitrationUpdate): readonly Effect[] {
    const bound = this.#roleOf.get(controller);
    return this.#settle(bound === undefined ? this.#admit(controller, update) : bound.update(controller, update));
  }

  /** The stream ended, for whatever reason. Nothing happens if it never was a controller or was ended from here. */
  closed(controller: ControllerId): readonly Effect[] {
    const role = this.#roleOf.get(controller);
    if (role === undefined) return [];
    this.#roleOf.delete(controller);
    return this.#settle(role.closed(controller));
  }

  /** Ends every stream with `status`, because the device went away; the highest ids stay (AMB-47). */
  dismissAll(status: Status): readonly Effect[] {
    return this.#settle([...this.#roles.values()].flatMap((role) => role.dismissAll(status)));
  }

  /**
   * Why a Write or SetForwardingPipelineConfig is refused, or undefined if it may pass: NOT_FOUND for a role the device
   * does not have (AMB-07), PERMISSION_DENIED unless `id` is that of the role's primary (ARB-63 … ARB-71).
   */
  mayWrite(role: RoleName, id: ElectionId | undefined): Status | undefined {
    const arbiter = this.#roles.get(role);
    if (arbiter !== undefined) return arbiter.mayWrite(id);
    return this.#pipelineRoles.has(role) ? this.#newRole(role).mayWrite(id) : unknownRole(role);
  }

  /** True if the device has `role`: the default role, one that arbitrated, one that the P4Info names (AMB-07). */
  knows(role: RoleName): boolean {
    return this.#roles.has(role) || this.#pipelineRoles.has(role);
  }

  /** A Write runs from now on; hand-overs of `role` wait for its end. @precondition `mayWrite` allowed it just now */
  beginWrite(role: RoleName): void {
    this.#role(role).beginWrite();
  }

  /** A Write that had begun is done and answered. */
  endWrite(role: RoleName): readonly Effect[] {
    const effects = this.#role(role).endWrite();
    return effects.length === 0 ? effects : this.#settle(effects); // nobody new is primary who is not told
  }

  /** The roles named in the P4Info of the current pipeline; they replace those of the pipeline before. */
  setPipelineRoles(roles: Iterable<RoleName>): void {
    this.#pipelineRoles = new Set(roles);
  }

  /** True if `controller` is the primary of its role now; false while a hand-over lasts. */
  isPrimary(controller: ControllerId): boolean {
    return this.#roleOf.get(controller)?.primary === controller;
  }

  /** The primary of `role`, if there is one now. */
  primaryOf(role: RoleName): ControllerId | undefined {
    return this.#roles.get(role)?.primary;
  }

  /** The role of a live controller; undefined: it has not arbitrated. */
  roleOf(controller: ControllerId): RoleName | undefined {
    return this.#roleOf.get(controller)?.role;
  }

  /** What `role` was given by the last accepted update of a primary of it. */
  roleConfigOf(role: RoleName): RoleConfig | undefined {
    return this.#roles.get(role)?.roleConfig;
  }

  /** All primaries, in the order in which their roles came up. The array changes only by being replaced. */
  get primaries(): readonly Primary[] {
    return this.#primaries;
  }

  /** Live controllers of all roles. */
  get controllerCount(): number {
    let count = 0;
    for (const role of this.#roles.values()) count += role.controllerCount;
    return count;
  }

  /** What an operator wants to know, in the order in which the roles came up. */
  describe(): readonly RoleDescription[] {
    return [...this.#roles.values()].map((role) => role.describe());
  }

  /** A stream's first update; only if it is accepted, or waits, is the stream bound and the role known. */
  #admit(controller: ControllerId, update: ArbitrationUpdate): readonly Effect[] {
    if (update.deviceId !== this.deviceId) return [{ kind: "end", controller, status: unknownDevice(update.deviceId) }];
    const known = this.#roles.get(update.role);
    const role = known ?? this.#newRole(update.role);
    if (known === undefined && this.#roles.size >= this.#maxRoles && !this.#pipelineRoles.has(update.role))
      return [{ kind: "end", controller, status: tooManyRoles(update.role, this.#maxRoles) }];
    const effects = role.update(controller, update);
    if (role.has(controller)) {
      this.#roles.set(role.role, role);
      this.#roleOf.set(controller, role);
    }
    return effects;
  }

  /** Forgets the streams that `effects` end, and looks again who is primary. */
  #settle(effects: readonly Effect[]): readonly Effect[] {
    for (const effect of effects) if (effect.kind === "end") this.#roleOf.delete(effect.controller);
    this.#primaries = [...this.#roles.values()].flatMap(({ role, primary }) =>
      primary === undefined ? [] : [{ role, controller: primary }],
    );
    return effects;
  }

  #newRole(role: RoleName): RoleArbiter {
    return new RoleArbiter(role, this.#rules);
  }

  #role(role: RoleName): RoleArbiter {
    return defined(this.#roles.get(role), "arbitration: a Write runs only in a role that has had a primary");
  }
}
