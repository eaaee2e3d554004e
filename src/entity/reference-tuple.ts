/**
 * Tuples: the values by which one entity refers to another, in one string that both sides agree on. Per field of the
 * target: the bytes of a number as its slot has them, or two bytes of length and a text. A multicast group's is its id in
 * decimal.
 */
import type { Reference, ReferenceTarget, ReplicaReference } from "../pipeline/pipeline.js";
import type { PortValue } from "./port-value.js";
import type { RecordLayout, Slot } from "./record-layout.js";
import type { BackupReplica } from "./replication.js";

/** The tuple that the entry with `key` (latin1) has for `target`, which is one of its table. */
export function keyTuple(layout: RecordLayout, target: ReferenceTarget & { kind: "table" }, key: string): string {
  let tuple = "";
  for (const { index } of target.fields) tuple += valueOf(layout, index, key) ?? "";
  return tuple;
}

/**
 * The tuple that `record` (latin1), a key or an action, names by `reference`.
 * @returns undefined if it names none: a field is don't care or has a mask, or the group is 0, which means no multicast
 */
export function referenceTuple(layout: RecordLayout, reference: Reference, record: string): string | undefined {
  let tuple = "";
  for (const index of reference.sources) {
    const value = valueOf(layout, index, record);
    if (value === undefined) return undefined;
    tuple += value;
  }
  return reference.target.kind === "multicast-group" ? groupTuple(numberOf(tuple)) : tuple;
}

/** The tuple of the entry that must be there for a replica. A number that its field cannot hold has a tuple that no entry has. */
export function replicaTuple(
  layout: RecordLayout,
  { target, sources }: ReplicaReference,
  { port, instance }: BackupReplica,
): string {
  let tuple = "";
  for (const [i, part] of sources.entries()) {
    const slot = layout.slots[target.fields[i]?.index ?? -1];
    if (slot?.format.kind === "sdn-string") tuple += text(portText(port));
    else tuple += padded(part === "port" ? port.id : instance, slot?.bytes ?? 0);
  }
  return tuple;
}

/** Such as `nexthop_id 'nh1'`, for messages. */
export function describeTuple(
  layout: RecordLayout,
  target: ReferenceTarget & { kind: "table" },
  tuple: string,
): string {
  let at = 0;
  const parts = target.fields.map(({ name, index }) => {
    const slot = layout.slots[index];
    if (slot?.format.kind === "sdn-string") {
      const length = lengthAt(tuple, at);
      const value = Buffer.from(tuple.slice(at + 2, (at += 2 + length)), "latin1").toString();
      return `${name} '${value}'`;
    }
    const hex = Buffer.from(tuple.slice(at, (at += slot?.bytes ?? 0)), "latin1").toString("hex");
    return `${name} 0x${hex}`;
  });
  return parts.join(", ");
}

/** The value of slot `index`; undefined if it stands for none or for several. */
function valueOf(layout: RecordLayout, index: number, record: string): string | undefined {
  const slot = layout.slots[index];
  if (slot === undefined) return undefined;
  const { kind, format, offset, bytes } = slot;
  if (format.kind === "sdn-string") {
    const at = textOffset(layout.slots, index, layout.fixedBytes, record);
    const length = lengthAt(record, offset);
    return length === 0 ? undefined : text(record.slice(at, at + length));
  }
  switch (kind) {
    case "exact":
    case "param":
      return record.slice(offset, offset + bytes);
    case "optional":
      return record.charCodeAt(offset) === 0 ? undefined : record.slice(offset + 1, offset + 1 + bytes);
    case "ternary":
      return isFull(record, offset + bytes, bytes, format.width) ? record.slice(offset, offset + bytes) : undefined;
    case "lpm":
    case "range":
      return undefined;
  }
}

/** A port as the program's match fields have it in their records, in latin1: of the deprecated field, the number in decimal. */
function portText({ id, sdn, legacy }: PortValue): string {
  return legacy ? id.toString() : Buffer.from(sdn).toString("latin1");
}

function textOffset(slots: readonly Slot[], index: number, fixedBytes: number, record: string): number {
  let at = fixedBytes;
  for (let i = 0; i < index; i++) {
    const slot = slots[i];
    if (slot?.format.kind === "sdn-string") at += lengthAt(record, slot.offset);
  }
  return at;
}

/** True if the mask of `width` bits has all of them. */
function isFull(record: string, offset: number, bytes: number, width: number): boolean {
  for (let i = 0; i < bytes; i++) {
    const wanted = i === 0 && width % 8 !== 0 ? (1 << (width % 8)) - 1 : 0xff;
    if (record.charCodeAt(offset + i) !== wanted) return false;
  }
  return true;
}

function lengthAt(record: string, offset: number): number {
  return record.charCodeAt(offset) * 256 + record.charCodeAt(offset + 1);
}

function text(value: string): string {
  return String.fromCharCode(value.length >>> 8, value.length & 0xff) + value;
}

/** A number as a slot of `bytes` bytes has it; longer if it does not fit. */
function padded(number: number, bytes: number): string {
  let value = "";
  for (let rest = number; rest > 0 || value.length < bytes; rest = Math.floor(rest / 256))
    value = String.fromCharCode(rest % 256) + value;
  return value;
}

/** Beyond 2^53 it is rounded, which no group's id is near. */
function numberOf(bytes: string): number {
  let number = 0;
  for (let i = 0; i < bytes.length; i++) number = number * 256 + bytes.charCodeAt(i);
  return number;
}

function groupTuple(id: number): string | undefined {
  return id === 0 ? undefined : id.toString();
}
