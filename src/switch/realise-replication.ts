/** From multicast groups and clone sessions to what the datapath copies frames to. */
import { backendRefusal } from "./backend-refusal.js";
import { refusal } from "../base/situation.js";
import type { Plan } from "../datapath/datapath.js";
import type { PortId } from "../datapath/port.js";
import type { CloneSpec, Replica as ReplicaSpec, ReplicaPort, Replication } from "../datapath/replication.js";
import type { QueueSpec } from "../datapath/rule.js";
import type { BackupReplica, CloneSession, MulticastGroup } from "../entity/replication.js";
import type { EntityStore } from "../store/entity-store.js";

/** Tells plans of groups and sessions; where the backend does not replicate, they are control-plane state only. */
export class ReplicationRealiser {
  readonly #queues: readonly QueueSpec[];
  readonly #replicates: boolean;

  constructor(queues: readonly QueueSpec[], replicates: boolean) {
    this.#queues = queues;
    this.#replicates = replicates;
  }

  /** Undefined: the group goes. @throws StatusError if the datapath does not take it */
  setGroup(plan: Plan, id: number, group: MulticastGroup | undefined): void {
    if (!this.#replicates) return;
    const set = plan.setMulticastGroup(id, group && replicasOf(group));
    if (!set.ok) throw backendRefusal(set.status);
  }

  /** Undefined: the session goes. @throws StatusError as `checkSession`, or if the datapath does not take it */
  setSession(plan: Plan, id: number, session: CloneSession | undefined): void {
    const spec = session && this.#cloneSpec(session);
    if (!this.#replicates) return;
    const set = plan.setCloneSession(id, spec);
    if (!set.ok) throw backendRefusal(set.status);
  }

  /** @throws StatusError INVALID_ARGUMENT if the class of service is neither 0 nor the name of a queue (CLN-06) */
  checkSession({ classOfService }: CloneSession): void {
    this.#queueOf(classOfService);
  }

  /** Every group and session that `store` has published, for `resync`; nothing if the backend does not replicate. */
  replication({ multicastGroups, cloneSessions, generation }: EntityStore): Replication {
    if (!this.#replicates) return { groups: [], sessions: [] };
    const cloneSpec = (session: CloneSession) => this.#cloneSpec(session);
    return {
      groups: (function* () {
        for (const { key, extras } of multicastGroups.byAge(generation)) yield [Number(key), replicasOf(extras)];
      })(),
      sessions: (function* () {
        for (const { key, extras } of cloneSessions.byAge(generation)) yield [Number(key), cloneSpec(extras)];
      })(),
    };
  }

  #cloneSpec({ replicas, packetLength, classOfService }: CloneSession): CloneSpec {
    const queue = this.#queueOf(classOfService);
    return { replicas: replicas.map(portOf), maxBytes: packetLength, ...(queue !== undefined && { queue }) };
  }

  #queueOf(classOfService: number): number | undefined {
    if (classOfService === 0) return undefined;
    const name = classOfService.toString();
    const index = this.#queues.findIndex((queue) => queue.name === name);
    if (index >= 0) return index;
    const known = this.#queues.flatMap((queue) => (/^[1-9]\d*$/.test(queue.name) ? queue.name : []));
    throw refusal(
      "bad-class-of-service",
      `class_of_service ${name} is neither 0 nor the name of a queue of punt.queues (numbers among them: ${known.join(", ") || "none"})`,
      { class_of_service: classOfService },
    );
  }
}

function replicasOf({ replicas }: MulticastGroup): readonly ReplicaSpec[] {
  return replicas.map((replica) => ({ ...portOf(replica), backups: replica.backups.map(portOf) }));
}

function portOf({ port, instance }: BackupReplica): ReplicaPort {
  return { port: port.id as PortId, instance }; // decoded as a port of the device
}
