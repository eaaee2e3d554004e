/** The controllers of one device: streams on one side, arbitration on the other. */
import type { Logger } from "../base/logger.js";
import type { Status } from "../base/status.js";
import type { DropCounts } from "../datapath/drop-reason.js";
import type { IdleNotification } from "../entity/idle-notification.js";
import type { Backlog } from "../packetio/backlog.js";
import type { StreamErrorMessage } from "../packetio/stream-error.js";
import type { Arbiter } from "../session/arbiter.js";
import {
  controllerId,
  type ArbitrationMessage,
  type ArbitrationUpdate,
  type ControllerId,
  type Effect,
} from "../session/arbitration-message.js";
import type { RoleName } from "../session/role.js";

/** A controller's stream as the switch uses it. Nothing here waits or throws. */
export interface ControllerStream {
  /** Address of the other end, for logs. */
  readonly peer: string;
  /** Punted frames that wait for this controller. */
  readonly backlog: Backlog;
  notify(message: ArbitrationMessage): void;
  error(error: StreamErrorMessage): void;
  /** False if too much waits for this controller already; then nothing was queued (IDL-11). */
  idle(notification: IdleNotification): boolean;
  /** Ends the call; the switch has forgotten the controller. */
  end(status: Status): void;
}

let serial = 0;

/** The primary of a role, as packets see it. */
export interface Receiver {
  readonly role: RoleName;
  readonly backlog: Backlog;
}

/** Carries out what arbitration decides. */
export class Controllers {
  readonly arbiter: Arbiter;
  readonly #log: Logger;
  readonly #drops: DropCounts;
  readonly #streams = new Map<ControllerId, ControllerStream>();
  /** Effects are carried out one batch after the other, also when one of them leads to more. */
  readonly #pending: Effect[] = [];
  #carrying = false;
  /** Renewed after every change. */
  #primaries: readonly Receiver[] = [];

  constructor(arbiter: Arbiter, log: Logger, drops: DropCounts) {
    this.arbiter = arbiter;
    this.#log = log;
    this.#drops = drops;
  }

  /** All primaries. The array is replaced by each change, that of a role.config too. */
  get primaries(): readonly Receiver[] {
    return this.#primaries;
  }

  /** Streams of the primaries of the roles for which `concerns` holds. */
  primariesOf(concerns: (role: RoleName) => boolean): readonly ControllerStream[] {
    return this.arbiter.primaries.flatMap(({ role, controller }) =>
      concerns(role) ? (this.#streams.get(controller) ?? []) : [],
    );
  }

  /** Streams that are open, arbitrated or not. */
  get count(): number {
    return this.#streams.size;
  }

  connect(stream: ControllerStream): ControllerId {
    const id = controllerId(++serial);
    this.#streams.set(id, stream);
    return id;
  }

  update(id: ControllerId, update: ArbitrationUpdate): void {
    this.#carryOut(this.arbiter.update(id, update));
  }

  /** The stream is closed, for whatever reason. Idempotent. */
  disconnect(id: ControllerId): void {
    if (!this.#streams.delete(id)) return;
    this.#carryOut(this.arbiter.closed(id));
  }

  /** Ends every stream with `status`. */
  dismissAll(status: Status): void {
    this.#carryOut(this.arbiter.dismissAll(status));
    for (const [id, stream] of this.#streams) {
      this.#streams.delete(id);
      stream.end(status);
    }
  }

  /** Carries out effects that did not come from a stream: a Write ended. */
  settle(effects: readonly Effect[]): void {
    if (effects.length > 0) this.#carryOut(effects);
  }

  #carryOut(effects: readonly Effect[]): void {
    this.#renewPrimaries();
    this.#pending.push(...effects);
    if (this.#carrying) return;
    this.#carrying = true;
    for (let effect = this.#pending.shift(); effect !== undefined; effect = this.#pending.shift()) this.#carry(effect);
    this.#carrying = false;
  }

  /** Who is primary no more gets no more packets, not even those that wait, and before it is told so (PKT-16). */
  #renewPrimaries(): void {
    const primaries = this.arbiter.primaries.flatMap(({ role, controller }): readonly Receiver[] => {
      const backlog = this.#streams.get(controller)?.backlog;
      return backlog === undefined ? [] : [{ role, backlog }];
    });
    for (const { backlog } of this.#primaries) {
      const lost = primaries.some((primary) => primary.backlog === backlog) ? 0 : backlog.clear();
      if (lost > 0) this.#drops.add("controller-demoted", lost);
    }
    this.#primaries = primaries;
  }

  #carry(effect: Effect): void {
    const stream = this.#streams.get(effect.controller);
    if (stream === undefined) return; // gone before the effect came to it
    if (effect.kind === "notify") {
      const { role, electionId, code } = effect.message;
      this.#log.info("arbitration.notified", { peer: stream.peer, role, election_id: electionId, code });
      stream.notify(effect.message);
      return;
    }
    const { code, message } = effect.status;
    this.#log.info("arbitration.stream_ended", { peer: stream.peer, code, message });
    this.#streams.delete(effect.controller);
    stream.end(effect.status);
  }
}
