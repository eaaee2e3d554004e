/** Canonical records of entries and action calls, written by name. */
import { layoutRecord, type RecordLayout, type Slot } from "../../../src/entity/record-layout.js";
import type { Action, Table } from "../../../src/pipeline/pipeline.js";

/**
 * What one slot holds. A number or text alone: exactly that. `[value, mask]` for ternary, `[value, length]` for lpm,
 * `[low, high]` for range. Left out: matches everything; an exact field or parameter is 0.
 */
export type SlotValue = number | bigint | string | readonly [number | bigint, number | bigint];

export function tableLayout(table: Table): RecordLayout {
  return layoutRecord(table.fields);
}

export function actionLayout(action: Action): RecordLayout {
  return layoutRecord(action.params.map(({ name, format }) => ({ name, format, kind: "param" })));
}

/** @throws RangeError if `values` names what `layout` does not have */
export function record(layout: RecordLayout, values: Readonly<Record<string, SlotValue>>, head = 0): Uint8Array {
  const known = new Set(layout.slots.map((slot) => slot.name));
  for (const name of Object.keys(values)) if (!known.has(name)) throw new RangeError(`no field '${name}'`);
  const slots = layout.slots.map((slot) => slotHex(slot, values[slot.name]));
  const texts = layout.slots.map((slot) => (slot.format.kind === "bits" ? "" : textHex(values[slot.name])));
  return Uint8Array.from(Buffer.from([hex(head, 4), ...slots, ...texts].join(""), "hex"));
}

function hex(value: number | bigint, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, "0");
}

function textHex(value: SlotValue | undefined): string {
  return Buffer.from(typeof value === "string" ? value : "").toString("hex");
}

function slotHex({ kind, format, bytes }: Slot, value: SlotValue | undefined): string {
  if (format.kind === "sdn-string") return hex(textHex(value).length / 2, 2);
  const full = (1n << BigInt(format.width)) - 1n;
  const pair = typeof value === "object" ? value : undefined;
  const single = typeof value === "object" || typeof value === "string" ? undefined : value;
  switch (kind) {
    case "exact":
    case "param":
      return hex(single ?? 0, bytes);
    case "ternary":
      return hex(pair?.[0] ?? single ?? 0, bytes) + hex(pair?.[1] ?? (single === undefined ? 0 : full), bytes);
    case "range":
      return hex(pair?.[0] ?? single ?? 0, bytes) + hex(pair?.[1] ?? single ?? full, bytes);
    case "lpm":
      return hex(pair?.[0] ?? single ?? 0, bytes) + hex(pair?.[1] ?? (single === undefined ? 0 : format.width), 2);
    case "optional":
      return hex(single === undefined ? 0 : 1, 1) + hex(single ?? 0, bytes);
  }
}
