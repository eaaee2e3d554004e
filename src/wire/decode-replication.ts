/** `PacketReplicationEngineEntry` messages → updates and queries. @see P4Runtime §9.5 */
import { refusal } from "../base/situation.js";
import { maxMetadataBytes, metadataTooLong } from "../entity/metadata.js";
import type { PortValue } from "../entity/port-value.js";
import type { ReplicationQuery } from "../entity/read-query.js";
import {
  maxCloneSessionId,
  maxInstance,
  maxMulticastGroupId,
  maxReplicas,
  type BackupReplica,
  type CloneSession,
  type MulticastGroup,
  type Replica,
} from "../entity/replication.js";
import type { EntitySchema } from "../entity/schema.js";
import type { UpdateType } from "../entity/table-entry.js";
import type { ReplicationUpdate } from "../entity/update.js";
import type { ByteReader } from "./byte-reader.js";
import { decodePort, legacyPort } from "./decode-port.js";
import { Span } from "./span.js";

const nothing = new Uint8Array(0);
const noGroup: MulticastGroup = { replicas: [], metadata: nothing };
const noSession: CloneSession = { replicas: [], classOfService: 0, packetLength: 0 };

export class ReplicationDecoder {
  readonly #reader: ByteReader;
  readonly #group = new Span();
  readonly #session = new Span();
  /** Of the entity that is being decoded, backups included. */
  #replicas = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** @throws StatusError INVALID_ARGUMENT, UNIMPLEMENTED, RESOURCE_EXHAUSTED (MCG and CLN rows) */
  update(at: Span, type: UpdateType, schema: EntitySchema): ReplicationUpdate {
    this.#scan(at);
    if (this.#group.present) return this.#multicastGroup(type, schema);
    if (this.#session.present) return this.#cloneSession(type, schema);
    throw refusal("missing-part", "PacketReplicationEngineEntry names neither a multicast group nor a clone session");
  }

  /** Fields beside the id are ignored (MCG-17, CLN-13). */
  query(at: Span): ReplicationQuery {
    this.#scan(at);
    const [groups, sessions] = [this.#group.present, this.#session.present];
    if (!groups && !sessions) return { kind: "replication", groups: true, sessions: true, id: 0 };
    return { kind: "replication", groups, sessions, id: this.#id(groups ? this.#group : this.#session) };
  }

  /** The last member of the oneof wins. */
  #scan(at: Span): void {
    const reader = this.#reader;
    this.#group.clear();
    this.#session.clear();
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) {
        this.#session.clear();
        this.#group.take(reader);
      } else if (tag === 0x12) {
        this.#group.clear();
        this.#session.take(reader);
      } else reader.skip();
    }
  }

  #id(at: Span): number {
    const reader = this.#reader;
    let id = 0;
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) id = reader.uint32();
      else reader.skip();
    }
    return id;
  }

  #multicastGroup(type: UpdateType, schema: EntitySchema): ReplicationUpdate {
    const at = this.#group;
    const id = checkId(this.#id(at), "multicast_group_id", maxMulticastGroupId);
    if (type === "delete") return { kind: "multicast-group", type, id, group: noGroup };
    const what = `multicast group ${id}`;
    const reader = this.#reader;
    const replicas: Replica[] = [];
    this.#replicas = 0;
    let metadata = nothing;
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x12) replicas.push(this.#replica(schema, what, replicas.length));
      else if (tag === 0x1a) metadata = this.#metadata(what);
      else reader.skip();
    }
    checkReplicas(replicas, what);
    return { kind: "multicast-group", type, id, group: { replicas, metadata } };
  }

  /** The bytes that come next. @throws StatusError RESOURCE_EXHAUSTED */
  #metadata(what: string): Uint8Array<ArrayBuffer> {
    const view = this.#reader.view();
    if (view.length > maxMetadataBytes) throw metadataTooLong(view.length, what);
    return Uint8Array.from(view);
  }

  #cloneSession(type: UpdateType, schema: EntitySchema): ReplicationUpdate {
    const at = this.#session;
    const id = checkId(this.#id(at), "session_id", maxCloneSessionId);
    if (type === "delete") return { kind: "clone-session", type, id, session: noSession };
    const what = `clone session ${id}`;
    const reader = this.#reader;
    const replicas: Replica[] = [];
    this.#replicas = 0;
    let classOfService = 0;
    let packetLength = 0;
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x12) replicas.push(this.#replica(schema, what, replicas.length));
      else if (tag === 0x18) classOfService = reader.uint32();
      else if (tag === 0x20) packetLength = reader.int32();
      else reader.skip();
    }
    if (packetLength < 0) throw refusal("negative-number", `${what}: packet_length_bytes ${packetLength} is negative`);
    if (replicas.some(({ backups }) => backups.length > 0))
      throw refusal("unsupported", `${what}: backup_replicas are for multicast groups only`);
    checkReplicas(replicas, what);
    return { kind: "clone-session", type, id, session: { replicas, classOfService, packetLength } };
  }

  /** Counts one more replica or backup of the entity. @throws StatusError RESOURCE_EXHAUSTED */
  #count(what: string): void {
    if (++this.#replicas > maxReplicas)
      throw refusal("full", `${what} has more than ${maxReplicas} replicas, backups included`);
  }

  #replica(schema: EntitySchema, what: string, index: number): Replica {
    const reader = this.#reader;
    const name = `${what}: replica ${index + 1}`;
    this.#count(what);
    const backups: BackupReplica[] = [];
    let port: PortValue | undefined;
    let instance = 0;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) port = legacyPort(reader.uint32(), schema, `${name}: egress_port`);
      else if (tag === 0x1a) port = decodePort(reader.view(), schema, `${name}: port`);
      else if (tag === 0x10) instance = reader.uint32();
      else if (tag === 0x22) backups.push(this.#backup(schema, what, `${name}: backup ${backups.length + 1}`));
      else reader.skip();
    }
    reader.leave(outer);
    return { port: checkPort(port, name), instance: checkInstance(instance, name), backups };
  }

  #backup(schema: EntitySchema, what: string, name: string): BackupReplica {
    const reader = this.#reader;
    this.#count(what);
    let port: PortValue | undefined;
    let instance = 0;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) port = decodePort(reader.view(), schema, `${name}: port`);
      else if (tag === 0x10) instance = reader.uint32();
      else reader.skip();
    }
    reader.leave(outer);
    return { port: checkPort(port, name), instance: checkInstance(instance, name) };
  }
}

/** MCG-01, MCG-24, CLN-02, CLN-15. */
function checkId(id: number, field: string, max: number): number {
  if (id === 0) throw refusal("id-out-of-range", `${field} is 0; ids are 1 … ${max}`);
  if (id > max) throw refusal("id-out-of-range", `${field} ${id} is above ${max}`);
  return id;
}

/** MCG-19. */
function checkPort(port: PortValue | undefined, name: string): PortValue {
  if (port === undefined) throw refusal("missing-part", `${name} names no port`);
  return port;
}

/** MCG-04, CLN-04. */
function checkInstance(instance: number, name: string): number {
  if (instance > maxInstance) throw refusal("bad-instance", `${name}: instance ${instance} is above ${maxInstance}`);
  return instance;
}

/** Each (port, instance) once, and no backup on its own replica's port (MCG-06 … MCG-08, CLN-16). */
function checkReplicas(replicas: readonly Replica[], what: string): void {
  const seen = new Set<string>();
  for (const replica of replicas) {
    for (const { port, instance } of [replica, ...replica.backups]) {
      const pair = `${port.id}/${instance}`;
      if (seen.has(pair))
        throw refusal("duplicate-replica", `${what}: port ${port.id} with instance ${instance} appears twice`);
      seen.add(pair);
    }
    if (replica.backups.some(({ port }) => port.id === replica.port.id))
      throw refusal(
        "duplicate-replica",
        `${what}: a backup of the replica on port ${replica.port.id} uses the same port`,
      );
  }
}
