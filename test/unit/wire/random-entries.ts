/** Random well-formed entries of the program's tables, in canonical form, and padded forms of the same. */
import fc from "fast-check";
import { defined } from "../../../src/base/invariant.js";
import type { MatchField, ValueFormat } from "../../../src/pipeline/pipeline.js";
import { toLong } from "../../../src/wire/int64.js";
import type { EntitySchema } from "../../../src/entity/schema.js";
import { meter, type Match, type MeterConfig, type TableAction, type TableEntry } from "../../support/entities.js";

/** The shortest bytes of `value`. */
function bytesOf(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
}

const ports = [1, 2, 3, 4, 0xffff_fffd];

function valueOf(format: ValueFormat): fc.Arbitrary<Uint8Array> {
  const text = (port: number) => Buffer.from(port.toString());
  if (format.kind === "sdn-string") return fc.constantFrom(...ports).map(text);
  if (format.port) return fc.constantFrom(...ports).map((port) => bytesOf(BigInt(port)));
  return numberOf(format.width).map(bytesOf);
}

const numberOf = (width: number) => fc.bigInt(0n, (1n << BigInt(width)) - 1n);
const widthOf = (field: MatchField) => (field.format.kind === "bits" ? field.format.width : 0);

function matchOf(field: MatchField): fc.Arbitrary<Match | undefined> {
  const fieldId = field.id;
  const width = widthOf(field);
  const top = (1n << BigInt(width)) - 1n;
  const omitted = fc.constant(undefined);
  switch (field.kind) {
    case "exact":
      return valueOf(field.format).map((value) => ({ fieldId, exact: { value } }));
    case "optional":
      return fc.oneof(
        omitted,
        valueOf(field.format).map((value) => ({ fieldId, optional: { value } })),
      );
    case "lpm":
      return fc.tuple(numberOf(width), fc.nat(width)).map(([value, prefixLen]) => {
        const cut = BigInt(width - prefixLen);
        return prefixLen === 0 ? undefined : { fieldId, lpm: { value: bytesOf((value >> cut) << cut), prefixLen } };
      });
    case "ternary":
      return fc
        .tuple(numberOf(width), numberOf(width))
        .map(([value, mask]) =>
          mask === 0n ? undefined : { fieldId, ternary: { value: bytesOf(value & mask), mask: bytesOf(mask) } },
        );
    case "range":
      return fc.tuple(numberOf(width), numberOf(width)).map(([a, b]) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        return low === 0n && high === top ? undefined : { fieldId, range: { low: bytesOf(low), high: bytesOf(high) } };
      });
  }
}

/** Leaves out what is 0: unset and 0 are the same on the wire, but not to a comparison. */
const someMeter: fc.Arbitrary<MeterConfig> = fc
  .dictionary(fc.constantFrom("cir", "cburst", "pir", "pburst"), fc.integer({ min: 1, max: 2 ** 31 }))
  .map(meter);

/** An entry of table `id` as a Read gives it back. */
export function entryOf(schema: EntitySchema, id: number): fc.Arbitrary<TableEntry> {
  const { table } = defined(schema.tables.get(id), "a table of the program");
  const callable = table.actions.filter((ref) => ref.scope === "table-and-default" || ref.scope === "table-only");
  const action: fc.Arbitrary<TableAction> = fc.constantFrom(...callable).chain(({ action: { id: actionId, params } }) =>
    fc.tuple(...params.map((param) => valueOf(param.format))).map((values) => ({
      action: {
        actionId,
        params: params.map((param, i) => ({ paramId: param.id, value: defined(values[i], "one each") })),
      },
    })),
  );
  const extras = {
    ...(table.meter?.type === "two-rate-three-color" && { meterConfig: someMeter }),
  };
  return fc
    .record(
      {
        match: fc.tuple(...table.fields.map(matchOf)).map((fields) => fields.filter((field) => field !== undefined)),
        priority: table.needsPriority ? fc.integer({ min: 1, max: 2 ** 31 - 1 }) : fc.constant(0),
        action,
        metadata: fc.uint8Array({ minLength: 1, maxLength: 40 }),
        controllerMetadata: fc.bigInt(1n, 2n ** 64n - 1n).map((value) => toLong(value, "uint64")),
        ...extras,
      },
      { requiredKeys: ["match", "priority", "action"], noNullPrototype: true },
    )
    .map((entry) => ({ tableId: id, ...entry }));
}

/** `entry` with zeros before its numbers and its fields and parameters in another order. */
export function padded(schema: EntitySchema, entry: TableEntry, zeros: number): TableEntry {
  const table = defined(schema.tables.get(entry.tableId ?? 0)?.table, "a table of the program");
  const pad = (format: ValueFormat | undefined, value: Uint8Array | null | undefined) =>
    format?.kind === "bits"
      ? Buffer.concat([Buffer.alloc(zeros), value ?? Buffer.alloc(0)])
      : (value ?? Buffer.alloc(0));
  const match = (entry.match ?? []).map((field): Match => {
    const format = table.fieldById.get(field.fieldId ?? 0)?.format;
    const { exact, optional, lpm, ternary, range } = field;
    return {
      ...field,
      ...(exact && { exact: { value: pad(format, exact.value) } }),
      ...(optional && { optional: { value: pad(format, optional.value) } }),
      ...(lpm && { lpm: { ...lpm, value: pad(format, lpm.value) } }),
      ...(ternary && { ternary: { value: pad(format, ternary.value), mask: pad(format, ternary.mask) } }),
      ...(range && { range: { low: pad(format, range.low), high: pad(format, range.high) } }),
    };
  });
  const call = entry.action?.action;
  const params = (call?.params ?? []).map((param) => {
    const format = schema.pipeline.actions.get(call?.actionId ?? 0)?.paramById.get(param.paramId ?? 0)?.format;
    return { ...param, value: pad(format, param.value) };
  });
  const action = { action: { ...(call?.actionId && { actionId: call.actionId }), params: params.toReversed() } };
  return { ...entry, match: match.toReversed(), action };
}
