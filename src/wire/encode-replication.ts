/** Multicast groups and clone sessions → `Entity` messages. @see P4Runtime §9.5 */
import type { BackupReplica, CloneSession, MulticastGroup, Replica } from "../entity/replication.js";
import { numberAt } from "../entity/record-layout.js";
import type { ByteWriter } from "./byte-writer.js";

/** Appends one `entities` field of a ReadResponse. */
export function encodeMulticastGroup(writer: ByteWriter, id: number, group: MulticastGroup): void {
  const entity = writer.open(0x0a);
  const engine = writer.open(0x4a);
  const body = writer.open(0x0a);
  numberField(writer, 0x08, id);
  for (const replica of group.replicas) encodeReplica(writer, replica);
  if (group.metadata.length > 0) writer.bytesField(0x1a, group.metadata);
  writer.close(body);
  writer.close(engine);
  writer.close(entity);
}

/** Appends one `entities` field of a ReadResponse. */
export function encodeCloneSession(writer: ByteWriter, id: number, session: CloneSession): void {
  const entity = writer.open(0x0a);
  const engine = writer.open(0x4a);
  const body = writer.open(0x12);
  numberField(writer, 0x08, id);
  for (const replica of session.replicas) encodeReplica(writer, replica);
  numberField(writer, 0x18, session.classOfService);
  if (session.packetLength !== 0) {
    writer.tag(0x20);
    writer.int32(session.packetLength);
  }
  writer.close(body);
  writer.close(engine);
  writer.close(entity);
}

/** The port comes back in the field in which it was written (MCG-18). */
function encodeReplica(writer: ByteWriter, { port, instance, backups }: Replica): void {
  const body = writer.open(0x12);
  if (port.legacy) {
    writer.tag(0x08); // a member of a oneof is written even if it is 0
    writer.uint32(numberAt(port.sdn, 0, port.sdn.length));
  }
  numberField(writer, 0x10, instance);
  if (!port.legacy) writer.bytesField(0x1a, port.sdn);
  for (const backup of backups) encodeBackup(writer, backup);
  writer.close(body);
}

function encodeBackup(writer: ByteWriter, { port, instance }: BackupReplica): void {
  const body = writer.open(0x22);
  writer.bytesField(0x0a, port.sdn);
  numberField(writer, 0x10, instance);
  writer.close(body);
}

/** A scalar number, left out if it is 0. */
function numberField(writer: ByteWriter, tag: number, value: number): void {
  if (value === 0) return;
  writer.tag(tag);
  writer.uint32(value);
}
