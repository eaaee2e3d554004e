/** Entities in the generated module's form, written in short; values are hex. */
import assert from "node:assert/strict";
import type Long from "long";
import { defined } from "../../src/base/invariant.js";
import { codeName, StatusError } from "../../src/base/status.js";
import type { TableEntryDraft } from "../../src/entity/table-entry.js";
import type { Update } from "../../src/entity/update.js";
import { toLong } from "../../src/wire/int64.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { generatedType } from "./generated-types.js";
import { tableId } from "./programs.js";

type GeneratedLong = NonNullable<p4.v1.TableEntry.$Properties["controllerMetadata"]>;

/** A generated type whose 64-bit fields take the library's `Long`, and whose lists may be constant. */
type Written<T> = T extends GeneratedLong
  ? Long
  : T extends Uint8Array
    ? T
    : T extends readonly (infer U)[]
      ? readonly Written<U>[]
      : T extends object
        ? { readonly [K in keyof T]: Written<T[K]> }
        : T;

export type Entity = Written<p4.v1.Entity.$Properties>;
export type TableEntry = Written<p4.v1.TableEntry.$Properties>;
export type Match = Written<p4.v1.FieldMatch.$Properties>;
export type TableAction = Written<p4.v1.TableAction.$Properties>;
export type MeterConfig = Written<p4.v1.MeterConfig.$Properties>;
export type CounterData = Written<p4.v1.CounterData.$Properties>;
export type UpdateKind = "insert" | "modify" | "delete";

/** An `Update`; `type` is the enum's number. */
export interface SentUpdate {
  readonly type: number;
  readonly entity?: Entity;
}

const encode = (name: string, message: object) =>
  generatedType(name)
    .encode({ ...message })
    .finish();

export const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const text = (value: string) => Buffer.from(value);

export const exact = (fieldId: number, value: string): Match => ({ fieldId, exact: { value: hex(value) } });
export const optional = (fieldId: number, value: string): Match => ({ fieldId, optional: { value: hex(value) } });
export const exactText = (fieldId: number, value: string): Match => ({ fieldId, exact: { value: text(value) } });
export const optionalText = (fieldId: number, value: string): Match => ({ fieldId, optional: { value: text(value) } });
export const ternary = (fieldId: number, value: string, mask: string): Match => ({
  fieldId,
  ternary: { value: hex(value), mask: hex(mask) },
});
export const lpm = (fieldId: number, value: string, prefixLen: number): Match => ({
  fieldId,
  lpm: { value: hex(value), prefixLen },
});
export const range = (fieldId: number, low: string, high: string): Match => ({
  fieldId,
  range: { low: hex(low), high: hex(high) },
});

/** A call of `actionId` with parameters 1, 2, … */
export function call(actionId: number, ...values: readonly (string | Uint8Array)[]): TableAction {
  const params = values.map((value, i) => ({ paramId: i + 1, value: typeof value === "string" ? hex(value) : value }));
  return { action: { actionId, params } };
}

/** Rates and bursts of a meter. */
export function meter(
  values: Readonly<Partial<Record<"cir" | "cburst" | "pir" | "pburst" | "eburst", number>>>,
): MeterConfig {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toLong(BigInt(value), "int64")]));
}

export function counts(packets: number, bytes: number): CounterData {
  return { packetCount: toLong(BigInt(packets), "int64"), byteCount: toLong(BigInt(bytes), "int64") };
}

/** An entry of the table whose id ends in `at`. */
export function entry(at: number, rest: Omit<TableEntry, "tableId"> = {}): TableEntry {
  return { tableId: tableId(at), ...rest };
}

/** Only the key of `given`. */
export function keyOnly(given: TableEntry): TableEntry {
  return { tableId: given.tableId ?? 0, match: given.match ?? [], priority: given.priority ?? 0 };
}

const updateTypes = { insert: 1, modify: 2, delete: 3 } as const;

export function update(type: UpdateKind, entity: Entity): SentUpdate {
  return { type: updateTypes[type], entity };
}

/** A `WriteRequest` of `updates`, as bytes. */
export function writeBytes(...updates: readonly SentUpdate[]): Uint8Array {
  return encode("p4.v1.WriteRequest", { updates });
}

/** A `ReadRequest` of `entities`, as bytes. */
export function readBytes(...entities: readonly Entity[]): Uint8Array {
  return encode("p4.v1.ReadRequest", { entities });
}

/** The entities of responses, as plain objects with bytes in hex and 64-bit numbers as text. */
export function entitiesOf(...responses: readonly Uint8Array[]): readonly Plain[] {
  return responses.flatMap((bytes) => p4.v1.ReadResponse.decode(bytes).entities.map((entity) => plainEntity(entity)));
}

export interface Plain {
  readonly [field: string]: unknown;
}

/** `entity` as a plain object, as `entitiesOf` gives them. */
export function plain(entity: Entity): Plain {
  return plainEntity(p4.v1.Entity.decode(encode("p4.v1.Entity", entity)));
}

function plainEntity(entity: p4.v1.Entity.$Properties): Plain {
  const object: unknown = p4.v1.Entity.toObject(new p4.v1.Entity(entity), { longs: String });
  return withHex(object) as Plain; // an object stays one
}

function withHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(withHex);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withHex(inner)]));
}

/** `OK`, or the name of the code that `attempt` is refused with; another exception passes. */
export function outcome(attempt: () => unknown): string {
  try {
    attempt();
    return "OK";
  } catch (error) {
    if (error instanceof StatusError) return codeName(error.status.code);
    throw error;
  }
}

/** The one element of `list`. */
export function only<T>(list: readonly T[]): T {
  return defined(list.length === 1 ? list[0] : undefined, `${list.length} elements instead of one`);
}

/** The table entry of an update that is one of a table or of its direct resources. */
export function draftOf(update: Update): TableEntryDraft {
  assert.ok("entry" in update, `${update.kind} has no table entry`);
  return update.entry;
}
