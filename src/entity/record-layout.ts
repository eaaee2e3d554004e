/**
 * Canonical records: the one byte form of a match key or an action, equal exactly when the entities are equal.
 *
 * A record is a head (4 bytes), then one slot of fixed width per field in ascending field id, then the texts of
 * present `sdn-string` fields in the same order. All numbers are big-endian. The head of a key is its priority (0 where the
 * table has none), that of an action its id. Slots, with n = ceil(width / 8):
 *
 * | field | slot |
 * |---|---|
 * | exact, action parameter | value (n) |
 * | lpm | value (n), prefix length (2); don't care: 0, 0 |
 * | ternary | value (n), mask (n); don't care: 0, 0 |
 * | range | low (n), high (n); don't care: 0, 2^width − 1 |
 * | optional | 1 if present (1), value (n); don't care: 0, 0 |
 * | any `sdn-string` | length in bytes (2), 0 = absent; its text follows the slots |
 */
import { maxTextBytes, type MatchKind, type ValueFormat } from "../pipeline/pipeline.js";

/** Width of the head in bytes. */
export const headBytes = 4;

export type SlotKind = MatchKind | "param";

/** Where one field lies in a record. */
export interface Slot {
  readonly name: string;
  readonly kind: SlotKind;
  readonly format: ValueFormat;
  /** Of the slot's first byte. */
  readonly offset: number;
  /** n: bytes of one number in the slot; 0 for `sdn-string`. */
  readonly bytes: number;
}

/** What a record of one table's keys, or of one action, looks like. */
export interface RecordLayout {
  readonly slots: readonly Slot[];
  /** Bytes of head and slots; texts begin here. */
  readonly fixedBytes: number;
  /** Bytes of the longest record: `fixedBytes` and `maxTextBytes` per text. */
  readonly maxBytes: number;
}

function slotBytes(kind: SlotKind, format: ValueFormat): number {
  if (format.kind === "sdn-string") return 2;
  switch (kind) {
    case "exact":
    case "param":
      return format.bytes;
    case "lpm":
      return format.bytes + 2;
    case "ternary":
    case "range":
      return 2 * format.bytes;
    case "optional":
      return 1 + format.bytes;
  }
}

/** Lays out `fields`, which are in ascending id. */
export function layoutRecord(
  fields: readonly { readonly name: string; readonly format: ValueFormat; readonly kind: SlotKind }[],
): RecordLayout {
  const slots: Slot[] = [];
  let offset = headBytes;
  let texts = 0;
  for (const { name, format, kind } of fields) {
    slots.push({ name, kind, format, offset, bytes: format.kind === "bits" ? format.bytes : 0 });
    offset += slotBytes(kind, format);
    if (format.kind === "sdn-string") texts++;
  }
  return { slots, fixedBytes: offset, maxBytes: offset + texts * maxTextBytes };
}

/** Length of the text of `slot` in `record`; 0 = absent. */
export function textLength(record: Uint8Array, slot: Slot): number {
  return ((record[slot.offset] ?? 0) << 8) | (record[slot.offset + 1] ?? 0);
}

/** The text of `sdn-string` slot `index`, borrowed from `record`; empty if absent. */
export function textOf(record: Uint8Array, layout: RecordLayout, index: number): Uint8Array {
  let at = layout.fixedBytes;
  for (let i = 0; i < index; i++) {
    const slot = layout.slots[i];
    if (slot?.format.kind === "sdn-string") at += textLength(record, slot);
  }
  const slot = layout.slots[index];
  return record.subarray(at, at + (slot?.format.kind === "sdn-string" ? textLength(record, slot) : 0));
}

/** The big-endian number of `bytes` bytes at `offset`; at most four bytes. */
export function numberAt(record: Uint8Array, offset: number, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value = value * 256 + (record[offset + i] ?? 0);
  return value;
}

/** The big-endian number of `bytes` bytes at `offset`, of any width. */
export function bigintAt(record: Uint8Array, offset: number, bytes: number): bigint {
  let value = 0n;
  for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(record[offset + i] ?? 0);
  return value;
}

/** The head of a record in latin1: a key's priority or an action's id. */
export function headNumber(record: string): number {
  let value = 0;
  for (let i = 0; i < headBytes; i++) value = value * 256 + record.charCodeAt(i);
  return value;
}
