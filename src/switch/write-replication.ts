/** Updates of multicast groups and clone sessions. */
import { absurd } from "../base/invariant.js";
import type { ReplicationUpdate } from "../entity/update.js";
import type { UpdateType } from "../entity/table-entry.js";
import type { Collection } from "../store/collection.js";
import type { Stage } from "../store/stage.js";
import type { Program } from "./program.js";

/** @throws StatusError ALREADY_EXISTS, NOT_FOUND, RESOURCE_EXHAUSTED (MCG-02, MCG-03, MCG-23, CLN-03) */
export function applyReplication(stage: Stage, { store }: Program, update: ReplicationUpdate): void {
  switch (update.kind) {
    case "multicast-group":
      applyTo(stage, store.multicastGroups, update.type, update.id, update.group);
      return;
    case "clone-session":
      applyTo(stage, store.cloneSessions, update.type, update.id, update.session);
      return;
    default:
      absurd(update);
  }
}

function applyTo<E>(stage: Stage, collection: Collection<E>, type: UpdateType, id: number, state: E): void {
  const key = id.toString();
  switch (type) {
    case "insert":
      stage.insert(collection, key, "", state);
      return;
    case "modify":
      stage.modify(collection, key, "", state);
      return;
    case "delete":
      stage.delete(collection, key);
  }
}
