/** Updates of multicast groups and clone sessions. */
import { absurd } from "../base/invariant.js";
import type { Plan } from "../datapath/datapath.js";
import type { Replicated } from "../entity/replication.js";
import type { UpdateType } from "../entity/table-entry.js";
import type { ReplicationUpdate } from "../entity/update.js";
import type { Collection } from "../store/collection.js";
import type { Stage } from "../store/stage.js";
import type { Program } from "./program.js";
import type { ReplicationRealiser } from "./realise-replication.js";

/** What a batch puts groups and sessions into. */
export interface ReplicationTarget {
  readonly stage: Stage;
  readonly program: Program;
  /** Undefined while the program is saved but not committed. */
  readonly plan: Plan | undefined;
  readonly realiser: ReplicationRealiser;
}

/** @throws StatusError ALREADY_EXISTS, NOT_FOUND, RESOURCE_EXHAUSTED, INVALID_ARGUMENT (MCG-03, MCG-23, CLN-03, CLN-06) */
export function applyReplication(target: ReplicationTarget, update: ReplicationUpdate): void {
  const { plan, program, realiser } = target;
  const { id, type } = update;
  switch (update.kind) {
    case "multicast-group":
      applyTo(target, program.store.multicastGroups, { id, type, state: update.group }, (group) => {
        if (plan !== undefined) realiser.setGroup(plan, id, group);
      });
      return;
    case "clone-session":
      if (type !== "delete") realiser.checkSession(update.session);
      applyTo(target, program.store.cloneSessions, { id, type, state: update.session }, (session) => {
        if (plan !== undefined) realiser.setSession(plan, id, session);
      });
      return;
    default:
      absurd(update);
  }
}

interface NumberedUpdate<E> {
  readonly id: number;
  readonly type: UpdateType;
  readonly state: E;
}

/** Stages, counts and realises; if one of them refuses, nothing of the update stays. */
function applyTo<E extends Replicated>(
  { stage, program: { replicas } }: ReplicationTarget,
  collection: Collection<E>,
  { id, type, state }: NumberedUpdate<E>,
  realise: (state: E | undefined) => void,
): void {
  const key = id.toString();
  const before = stage.find(collection, key)?.extras;
  const after = type === "delete" ? undefined : state;
  stageUpdate(stage, collection, key, { type, state });
  try {
    replicas.replace(before, after);
    try {
      realise(after);
    } catch (error) {
      replicas.replace(after, before);
      throw error;
    }
  } catch (error) {
    stage.undoLast();
    throw error;
  }
}

function stageUpdate<E>(
  stage: Stage,
  collection: Collection<E>,
  key: string,
  { type, state }: Omit<NumberedUpdate<E>, "id">,
): void {
  switch (type) {
    case "insert":
      stage.insert(collection, key, "", state);
      return;
    case "modify":
      stage.modify(collection, key, "", state);
      return;
    case "delete":
      stage.delete(collection, key);
      return;
    default:
      absurd(type);
  }
}
