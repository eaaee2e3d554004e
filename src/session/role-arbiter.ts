/** Arbitration of one (device, role): the highest id seen, the seat, the live controllers, the updates that wait. */

import { absurd, defined, invariant } from "../base/invariant.js";
import { Code, type Status } from "../base/status.js";
import type { ArbitrationMessage, ArbitrationUpdate, ControllerId, Effect } from "./arbitration-message.js";
import { electionIdText, outranks, type ElectionId } from "./election-id.js";
import * as refusal from "./refusal.js";
import { roleText, type RoleConfig, type RoleName } from "./role.js";
import { claimantOf, nextSeat, primaryIn, vacant, type Seat, type SeatEvent } from "./seat.js";

/** What a role is governed by; all roles of a device share it. */
export interface RoleRules {
  readonly deviceId: bigint;
  /** Who follows when a primary goes: nobody (the specification), or the live controller with the highest set id. */
  readonly promotion: "spec" | "next-highest";
  readonly maxControllersPerRole: number;
  /** How many updates of one stream may wait for a hand-over. */
  readonly maxWaitingUpdates: number;
  /** Why a role may not have this config; undefined: it may. */
  readonly refuseRoleConfig: (role: RoleName, config: RoleConfig) => string | undefined;
}

/** A role as an operator sees it. Controllers are in the order in which they joined. */
export interface RoleDescription {
  readonly role: RoleName;
  readonly highestElectionId: ElectionId | undefined;
  readonly seat: Seat;
  readonly roleConfig: RoleConfig | undefined;
  readonly controllers: readonly { readonly controller: ControllerId; readonly electionId: ElectionId | undefined }[];
  readonly runningWrites: number;
  readonly waitingUpdates: number;
}

/** What the last accepted update of a live controller said. */
type Claim = Pick<ArbitrationUpdate, "electionId" | "roleConfig">;

/**
 * The state of one role; its methods return what the caller has to do, in order.
 * @see P4Runtime "Rules for Handling MasterArbitrationUpdate Messages Received from Controllers"
 */
export class RoleArbiter {
  readonly role: RoleName;
  readonly #rules: RoleRules;
  /** In the order of joining, which is the order of notifications. */
  readonly #live = new Map<ControllerId, Claim>();
  #waiting: { readonly controller: ControllerId; readonly update: ArbitrationUpdate }[] = [];
  /** E: outlives every controller and never decreases (ARB-33). */
  #highest: ElectionId | undefined;
  #roleConfig: RoleConfig | undefined;
  #seat: Seat = vacant;
  #runningWrites = 0;

  constructor(role: RoleName, rules: RoleRules) {
    this.role = role;
    this.#rules = rules;
  }

  /** What the last accepted update of a primary carried (ARB-51, ARB-77). */
  get roleConfig(): RoleConfig | undefined {
    return this.#roleConfig;
  }

  get primary(): ControllerId | undefined {
    return primaryIn(this.#seat);
  }

  get controllerCount(): number {
    return this.#live.size;
  }

  /** True if `controller` is live here, or waits to be. */
  has(controller: ControllerId): boolean {
    return this.#live.has(controller) || this.#waiting.some((one) => one.controller === controller);
  }

  /** Handles an update, or lets it wait for the hand-over that is under way (ARB-84). */
  update(controller: ControllerId, update: ArbitrationUpdate): Effect[] {
    if (this.#seat.kind !== "handing-over") return this.#handle(controller, update);
    const limit = this.#rules.maxWaitingUpdates;
    if (this.#waiting.filter((one) => one.controller === controller).length >= limit)
      return this.#end(controller, refusal.tooManyUpdates(this.role, limit));
    this.#waiting.push({ controller, update });
    return [];
  }

  /** Forgets a controller whose stream has ended, and what it still had waiting. */
  closed(controller: ControllerId): Effect[] {
    this.#waiting = this.#waiting.filter((one) => one.controller !== controller);
    return this.#live.delete(controller) ? this.#move({ kind: "left", by: controller }) : [];
  }

  /** Ends every stream, live or waiting, telling nobody about the others; the highest id stays (AMB-47). */
  dismissAll(status: Status): Effect[] {
    const gone = new Set([...this.#live.keys(), ...this.#waiting.map((one) => one.controller)]);
    this.#waiting = [];
    this.#live.clear();
    const silence = [...gone].flatMap((controller) => this.#move({ kind: "left", by: controller }));
    invariant(silence.length === 0, "arbitration: nobody is left to be told");
    return [...gone].map((controller) => ({ kind: "end", controller, status }));
  }

  /** Why a mutating RPC with this id is refused, or undefined if it may pass (ARB-63 … ARB-69). */
  mayWrite(id: ElectionId | undefined): Status | undefined {
    switch (this.#seat.kind) {
      case "vacant":
        return refusal.notPrimary(this.role, id, `${roleText(this.role)} has no primary`);
      case "handing-over":
        return refusal.notPrimary(this.role, id, `the hand-over of ${roleText(this.role)} waits for a running Write`);
      case "held": {
        const expected = this.#claim(this.#seat.primary).electionId;
        if (id === expected) return undefined;
        return refusal.notPrimary(
          this.role,
          id,
          `the primary of ${roleText(this.role)} has election_id ${electionIdText(expected)}`,
        );
      }
      default:
        return absurd(this.#seat);
    }
  }

  /** @precondition `mayWrite` allowed it just now */
  beginWrite(): void {
    invariant(this.#seat.kind === "held", "arbitration: only a primary begins a Write");
    this.#runningWrites++;
  }

  /** Counts a Write as done; with the last one a hand-over completes and the updates behind it are handled in order. */
  endWrite(): Effect[] {
    invariant(this.#runningWrites > 0, "arbitration: a Write ends that never began");
    this.#runningWrites--;
    if (this.#runningWrites > 0) return [];
    const effects = this.#move({ kind: "writes-ended" });
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      effects.push(...this.#handle(next.controller, next.update));
    return effects;
  }

  describe(): RoleDescription {
    return {
      role: this.role,
      highestElectionId: this.#highest,
      seat: this.#seat,
      roleConfig: this.#roleConfig,
      controllers: [...this.#live].map(([controller, { electionId }]) => ({ controller, electionId })),
      runningWrites: this.#runningWrites,
      waitingUpdates: this.#waiting.length,
    };
  }

  #handle(controller: ControllerId, update: ArbitrationUpdate): Effect[] {
    const refused = this.#refusal(controller, update);
    if (refused !== undefined) return this.#end(controller, refused);

    const wins = this.#wins(controller, update.electionId);
    this.#live.set(controller, { electionId: update.electionId, roleConfig: update.roleConfig });
    if (wins) {
      if (outranks(update.electionId, this.#highest)) this.#highest = update.electionId;
      return this.#move({ kind: "won", by: controller });
    }
    if (this.primary === controller) return this.#move({ kind: "left", by: controller });
    return [this.#message(controller)];
  }

  /**
   * True if an update with `id` makes `controller` the primary, or leaves it so. A promoted primary has an id below the
   * highest ever and keeps the seat by not going below its own.
   */
  #wins(controller: ControllerId, id: ElectionId | undefined): boolean {
    if (id === undefined) return false;
    const bar = this.primary === controller ? this.#claim(controller).electionId : this.#highest;
    return !outranks(bar, id);
  }

  /** Why an update is refused, or undefined; the checks are in the order of the specification's list (ARB-19). */
  #refusal(controller: ControllerId, update: ArbitrationUpdate): Status | undefined {
    if (!this.#live.has(controller))
      return this.#idRefusal(controller, update) ?? this.#configRefusal(update) ?? this.#limitRefusal();
    const { deviceId } = this.#rules;
    if (update.deviceId !== deviceId) return refusal.deviceChanged(deviceId, update.deviceId);
    if (update.role !== this.role) return refusal.roleChanged(this.role, update.role);
    return this.#configRefusal(update) ?? this.#idRefusal(controller, update);
  }

  #idRefusal(controller: ControllerId, { electionId }: ArbitrationUpdate): Status | undefined {
    if (electionId === undefined) return undefined;
    for (const [other, claim] of this.#live)
      if (other !== controller && claim.electionId === electionId)
        return refusal.electionIdTaken(this.role, electionId);
    return undefined;
  }

  #configRefusal({ roleConfig }: ArbitrationUpdate): Status | undefined {
    const reason = roleConfig && this.#rules.refuseRoleConfig(this.role, roleConfig);
    return reason === undefined ? undefined : refusal.roleConfigRefused(this.role, reason);
  }

  #limitRefusal(): Status | undefined {
    const limit = this.#rules.maxControllersPerRole;
    return this.#live.size < limit ? undefined : refusal.tooManyControllers(this.role, limit);
  }

  /** A refused controller is gone like one that broke off (ARB-18). */
  #end(controller: ControllerId, status: Status): Effect[] {
    return [{ kind: "end", controller, status }, ...this.closed(controller)];
  }

  /** The only place where the seat changes; everyone concerned is told once. */
  #move(event: SeatEvent): Effect[] {
    const before = this.#seat;
    const writes = this.#runningWrites > 0 ? "running" : "none";
    this.#seat = nextSeat(before, event, { writes, heir: this.#heir() });
    if (this.#seat === before) return [];
    const claimant = claimantOf(this.#seat);
    if (claimant !== undefined) this.#roleConfig = this.#claim(claimant).roleConfig;
    return this.#audience(before).map((controller) => this.#message(controller));
  }

  /** Who is told that the seat is no longer as `before`: the losers, then the new primary (ARB-39). */
  #audience(before: Seat): ControllerId[] {
    const claimant = claimantOf(this.#seat);
    const others = [...this.#live.keys()].filter((controller) => controller !== claimant);
    if (this.#seat.kind === "handing-over") return claimant === undefined ? [] : others;
    if (claimant === undefined) return others;
    const othersKnow = before.kind === "handing-over" && before.to === claimant;
    return othersKnow ? [claimant] : [...others, claimant];
  }

  #heir(): ControllerId | undefined {
    if (this.#rules.promotion === "spec") return undefined;
    let heir: ControllerId | undefined;
    let best: ElectionId | undefined;
    for (const [controller, { electionId }] of this.#live)
      if (outranks(electionId, best)) [heir, best] = [controller, electionId];
    return heir;
  }

  #message(controller: ControllerId): Effect {
    const message: ArbitrationMessage = {
      deviceId: this.#rules.deviceId,
      role: this.role,
      roleConfig: this.#roleConfig,
      electionId: this.#highest,
      ...this.#standing(controller),
    };
    return { kind: "notify", controller, message };
  }

  #standing(controller: ControllerId): Pick<ArbitrationMessage, "code" | "text"> {
    switch (this.#seat.kind) {
      case "vacant":
        return { code: Code.NOT_FOUND, text: `${roleText(this.role)} has no primary` };
      case "handing-over":
        return { code: Code.ALREADY_EXISTS, text: `a new primary of ${roleText(this.role)} is taking over` };
      case "held":
        return this.#seat.primary === controller
          ? { code: Code.OK, text: `primary of ${roleText(this.role)}` }
          : { code: Code.ALREADY_EXISTS, text: `backup: ${roleText(this.role)} has a primary` };
      default:
        return absurd(this.#seat);
    }
  }

  #claim(controller: ControllerId): Claim {
    return defined(this.#live.get(controller), "arbitration: whoever holds or awaits the seat is live");
  }
}
