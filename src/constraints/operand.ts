/** What a name in a restriction stands for: its type, and where its numbers lie in a record. */
import type { Slot } from "../entity/record-layout.js";
import type { MatchKind } from "../pipeline/pipeline.js";
import { constant, type Condition, type Term } from "./condition.js";

/** Of a number in bits; `text` is an `sdn_string`, whose bytes are one number of any size. */
export type Width = number | "text";

/** `int` is a whole number of any size and sign: a literal, the priority, a prefix length. */
export interface Scalar {
  readonly kind: "scalar";
  readonly width: Width | "int";
  readonly term: Term;
}

/** A match field as a whole. A number `n` equals it if `n` is all that the field matches. */
export interface Match {
  readonly kind: "match";
  readonly match: MatchKind;
  readonly width: Width;
  /** What `::` leads to, in the order of the record. */
  readonly parts: ReadonlyMap<string, Scalar>;
}

export type Value = Scalar | Match;

/** What an expression denotes. */
export type Operand = Value | { readonly kind: "condition"; readonly condition: Condition };

/** The type as messages name it: `bool`, `int`, `bit<8>`, `ternary<16>`, `exact<sdn_string>`. */
export function typeName(operand: Operand): string {
  if (operand.kind === "condition") return "bool";
  const width = operand.width === "text" ? "sdn_string" : operand.width;
  if (operand.kind === "match") return `${operand.match}<${width}>`;
  return typeof width === "number" ? `bit<${width}>` : width;
}

/** The entry's priority, at the head of its record. */
export const priority: Scalar = { kind: "scalar", width: "int", term: { kind: "number", offset: 0, bytes: 4 } };

/** What the name of `slot`, which is number `index`, stands for; undefined for a prefix or a range of texts. */
export function operandOf(slot: Slot, index: number): Value | undefined {
  const { kind, format } = slot;
  const width = format.kind === "bits" ? format.width : "text";
  const parts = format.kind === "bits" ? numberParts(slot, format.width) : textParts(slot, index);
  if (kind === "param") return parts?.get("value");
  return parts === undefined ? undefined : { kind: "match", match: kind, width, parts };
}

/** What part `name` of `match` is when the field matches `value` and nothing else. */
export function pinned(match: Match, name: string, value: Term): Term {
  switch (name) {
    case "mask":
      return constant(match.width === "text" ? -1n : ones(match.width));
    case "prefix_length":
      return constant(BigInt(match.width));
    default:
      return value;
  }
}

function ones(width: number): bigint {
  return (1n << BigInt(width)) - 1n;
}

function numberParts({ kind, offset, bytes }: Slot, width: number): ReadonlyMap<string, Scalar> {
  const bits = (term: Term): Scalar => ({ kind: "scalar", width, term });
  const first = bits({ kind: "number", offset, bytes });
  const second = bits({ kind: "number", offset: offset + bytes, bytes });
  switch (kind) {
    case "exact":
    case "param":
      return new Map([["value", first]]);
    case "ternary":
      return new Map([
        ["value", first],
        ["mask", second],
      ]);
    case "range":
      return new Map([
        ["low", first],
        ["high", second],
      ]);
    case "lpm":
      return new Map([
        ["value", first],
        ["prefix_length", { kind: "scalar", width: "int", term: { kind: "number", offset: offset + bytes, bytes: 2 } }],
      ]);
    case "optional":
      return new Map([
        ["mask", bits({ kind: "present", offset, bytes: 1, value: ones(width) })],
        ["value", bits({ kind: "number", offset: offset + 1, bytes })],
      ]);
  }
}

function textParts({ kind, offset }: Slot, index: number): ReadonlyMap<string, Scalar> | undefined {
  const value: Scalar = { kind: "scalar", width: "text", term: { kind: "text", index } };
  const mask: Scalar = { kind: "scalar", width: "int", term: { kind: "present", offset, bytes: 2, value: -1n } };
  switch (kind) {
    case "exact":
    case "param":
      return new Map([["value", value]]);
    case "ternary":
    case "optional":
      return new Map([
        ["mask", mask],
        ["value", value],
      ]);
    case "lpm":
    case "range":
      return undefined;
  }
}
