/** The language by its definition: types are found while evaluating, every number is a bigint, nothing is compiled. */
import { absurd } from "../../../src/base/invariant.js";
import { bigintAt, type RecordLayout, type Slot } from "../../../src/entity/record-layout.js";
import type { Shape } from "./print.js";

/** `width` of a number: bits, `int` for a whole number, `text` for the bytes of an `sdn_string`. */
type Width = number | "int" | "text";
type Meaning =
  | { readonly kind: "bool"; readonly holds: boolean }
  | { readonly kind: "number"; readonly width: Width; readonly value: bigint }
  | {
      readonly kind: "match";
      readonly match: Slot["kind"];
      readonly width: Width;
      readonly parts: Readonly<Record<string, Extract<Meaning, { kind: "number" }>>>;
    };

/** The expression has no type. */
export class ModelTypeError extends Error {}

/** @throws ModelTypeError */
export function judge(shape: Shape, layout: RecordLayout, record: Uint8Array): boolean {
  const meaning = evaluate(shape, layout, record);
  if (meaning.kind !== "bool") throw new ModelTypeError("not a condition");
  return meaning.holds;
}

function number(width: Width, value: bigint): Extract<Meaning, { kind: "number" }> {
  return { kind: "number", width, value };
}

function bool(holds: boolean): Meaning {
  return { kind: "bool", holds };
}

function evaluate(shape: Shape, layout: RecordLayout, record: Uint8Array): Meaning {
  const of = (inner: Shape): Meaning => evaluate(inner, layout, record);
  const truth = (inner: Shape): boolean => judge(inner, layout, record);
  switch (shape.kind) {
    case "boolean":
      return bool(shape.value);
    case "number":
      return number("int", shape.value);
    case "attribute":
      if (shape.name !== "priority") throw new ModelTypeError(shape.name);
      return number("int", bigintAt(record, 0, 4));
    case "name":
      return named(shape.name, layout, record);
    case "part": {
      const whole = of(shape.of);
      const part = whole.kind === "match" ? whole.parts[shape.part] : undefined;
      if (part === undefined) throw new ModelTypeError(shape.part);
      return part;
    }
    case "not":
      return bool(!truth(shape.of));
    case "negate": {
      const inner = of(shape.of);
      if (inner.kind !== "number" || inner.width !== "int") throw new ModelTypeError("-");
      return number("int", -inner.value);
    }
    case "all":
      return bool(shape.terms.map(truth).every((holds) => holds));
    case "any":
      return bool(shape.terms.map(truth).some((holds) => holds));
    case "implies": {
      const [premise, conclusion] = [truth(shape.premise), truth(shape.conclusion)];
      return bool(!premise || conclusion);
    }
    case "compare":
      return bool(compare(shape.op, of(shape.left), of(shape.right)));
    default:
      return absurd(shape);
  }
}

function compare(op: string, left: Meaning, right: Meaning): boolean {
  const [a, b] = unify(left, right);
  if (op === "==") return same(a, b);
  if (op === "!=") return !same(a, b);
  const [x, y] = [ordinal(a), ordinal(b)];
  return op === "<" ? x < y : op === "<=" ? x <= y : op === ">" ? x > y : x >= y;
}

/** Both sides in the greater of their types: int is below bit<W>, which is below every match kind of that width. */
function unify(left: Meaning, right: Meaning): readonly [Meaning, Meaning] {
  if (left.kind === "bool" || right.kind === "bool") {
    if (left.kind !== right.kind) throw new ModelTypeError("bool");
    return [left, right];
  }
  if (left.kind === "match" && right.kind === "match") {
    if (left.match !== right.match || left.width !== right.width) throw new ModelTypeError("kinds");
    return [left, right];
  }
  if (left.kind === "match" && right.kind === "number") return [left, exactly(left, toWidth(right, left.width))];
  if (left.kind === "number" && right.kind === "match") return [exactly(right, toWidth(left, right.width)), right];
  if (left.kind !== "number" || right.kind !== "number") throw new ModelTypeError("unreachable");
  return left.width === "int" ? [toWidth(left, right.width), right] : [left, toWidth(right, left.width)];
}

function toWidth(meaning: Extract<Meaning, { kind: "number" }>, width: Width): Extract<Meaning, { kind: "number" }> {
  if (meaning.width === width) return meaning;
  if (meaning.width !== "int") throw new ModelTypeError("widths");
  if (typeof width !== "number") return number(width, meaning.value);
  const size = 1n << BigInt(width);
  return number(width, ((meaning.value % size) + size) % size);
}

function exactly(match: Extract<Meaning, { kind: "match" }>, one: Extract<Meaning, { kind: "number" }>): Meaning {
  const full = typeof match.width === "number" ? (1n << BigInt(match.width)) - 1n : -1n;
  const pinned: Readonly<Record<string, bigint>> = { mask: full, prefix_length: BigInt(Number(match.width) || 0) };
  const parts = Object.entries(match.parts).map(([name, part]) => [
    name,
    number(part.width, pinned[name] ?? one.value),
  ]);
  return { ...match, parts: Object.fromEntries(parts) as typeof match.parts };
}

function same(a: Meaning, b: Meaning): boolean {
  if (a.kind === "bool" && b.kind === "bool") return a.holds === b.holds;
  if (a.kind === "number" && b.kind === "number") return a.value === b.value;
  if (a.kind !== "match" || b.kind !== "match") throw new ModelTypeError("unreachable");
  return Object.entries(a.parts).every(([name, part]) => b.parts[name]?.value === part.value);
}

function ordinal(meaning: Meaning): bigint {
  if (meaning.kind === "number") return meaning.value;
  const value = meaning.kind === "match" && meaning.match === "exact" ? meaning.parts["value"] : undefined;
  if (value === undefined) throw new ModelTypeError("order");
  return value.value;
}

function named(name: string, layout: RecordLayout, record: Uint8Array): Meaning {
  const slot = layout.slots.find((each) => each.name === name);
  if (slot === undefined) throw new ModelTypeError(name);
  const { kind, format, offset, bytes } = slot;
  if (format.kind === "sdn-string") {
    const length = Number(bigintAt(record, offset, 2));
    let at = layout.fixedBytes;
    for (const other of layout.slots)
      if (other.offset < offset && other.format.kind === "sdn-string") at += Number(bigintAt(record, other.offset, 2));
    const value = number("text", bigintAt(record, at, length));
    const parts = kind === "exact" ? { value } : { value, mask: number("int", length === 0 ? 0n : -1n) };
    return { kind: "match", match: kind, width: "text", parts };
  }
  const { width } = format;
  const at = (from: number, count = bytes): bigint => bigintAt(record, offset + from, count);
  const match = (parts: Extract<Meaning, { kind: "match" }>["parts"]): Meaning => ({
    kind: "match",
    match: kind,
    width,
    parts,
  });
  const bits = (value: bigint) => number(width, value);
  switch (kind) {
    case "exact":
      return match({ value: bits(at(0)) });
    case "ternary":
      return match({ value: bits(at(0)), mask: bits(at(bytes)) });
    case "range":
      return match({ low: bits(at(0)), high: bits(at(bytes)) });
    case "lpm":
      return match({ value: bits(at(0)), prefix_length: number("int", at(bytes, 2)) });
    case "optional":
      return match({ value: bits(at(1)), mask: bits(at(0, 1) === 0n ? 0n : (1n << BigInt(width)) - 1n) });
    case "param":
      return bits(at(0));
    default:
      return absurd(kind);
  }
}
