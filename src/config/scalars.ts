/** Schemas of single values, whose messages name the value and what is allowed. */
import * as z from "zod";
import { nearest } from "./nearest.js";
import { showValue } from "./problem.js";

/** What `scalar` needs to know of a kind of value. */
export interface ScalarKind<T> {
  /** With article, such as `a TCP port`. */
  readonly what: string;
  /** Such as `0 … 65535`. */
  readonly allowed: string;
  /** The value, or undefined if `value` is none of this kind. */
  readonly read: (value: unknown) => T | undefined;
  /** A better reason than `… is not …` for a value that `read` turned down. */
  readonly explain?: (value: unknown) => string | undefined;
}

/** A required value of the kind; `.default()` and `.optional()` make it optional. */
export function scalar<T>(kind: ScalarKind<T>) {
  return z.unknown().transform((value, context): T => {
    const read = value === undefined || value === null ? undefined : kind.read(value);
    if (read !== undefined) return read;
    context.addIssue({ code: "custom", message: `${reason(kind, value)} (allowed: ${kind.allowed})` });
    return z.NEVER;
  });
}

function reason<T>(kind: ScalarKind<T>, value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "has no value";
  return kind.explain?.(value) ?? `${showValue(value)} is not ${kind.what}`;
}

/** One of the words `now`; the words of `later` are known and refused as not implemented yet. */
export function oneOf<const Word extends string>(now: readonly Word[], later: readonly string[] = []) {
  return scalar<Word>({
    what: "known here",
    allowed: now.join(", "),
    read: (value) => now.find((word) => word === value),
    explain: (value) => {
      if (typeof value !== "string") return undefined;
      if (later.includes(value)) return `${showValue(value)} is not implemented yet`;
      const meant = nearest(value, now);
      return meant === undefined ? undefined : `${showValue(value)} is not known here, did you mean '${meant}'?`;
    },
  });
}

/** `true` or `false`. */
export const flag = () =>
  scalar<boolean>({
    what: "true or false",
    allowed: "true, false",
    read: (value) => (typeof value === "boolean" ? value : undefined),
  });

/** A whole number, both ends included. YAML integers arrive as bigint, so that none is rounded. */
export function integer(what: string, min: number, max: number) {
  return scalar<number>({ what, allowed: `${min} … ${max}`, read: (value) => readInteger(value, min, max) });
}

/** `value` as a number if it is a whole one within the ends. */
export function readInteger(value: unknown, min: number, max: number): number | undefined {
  return typeof value === "bigint" && value >= BigInt(min) && value <= BigInt(max) ? Number(value) : undefined;
}

/** Text that fits `pattern`. */
export function text(what: string, pattern: RegExp, allowed: string) {
  return scalar<string>({
    what,
    allowed,
    read: (value) => (typeof value === "string" && pattern.test(value) ? value : undefined),
  });
}

const durationUnits: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** A duration such as `500ms`, `4s`, `2m`, in milliseconds; `min` and `max` are written the same way. */
export function duration(min: string, max: string) {
  const [minMs, maxMs] = [readQuantity(min, durationUnits) ?? 0, readQuantity(max, durationUnits) ?? 0];
  return scalar<number>({
    what: "a duration",
    allowed: `${min} … ${max}, with the unit ms, s, m or h`,
    read: (value) => within(readQuantity(value, durationUnits), minMs, maxMs),
    explain: (value) => (typeof value === "bigint" ? `${showValue(value)} has no unit` : undefined),
  });
}

const sizeUnits: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KiB", 1024],
  ["MiB", 1024 ** 2],
  ["GiB", 1024 ** 3],
]);

/** A size such as `32MiB` or a plain number of bytes, in bytes; `min` and `max` are written the same way. */
export function size(min: string, max: string) {
  const [minBytes, maxBytes] = [readQuantity(min, sizeUnits) ?? 0, readQuantity(max, sizeUnits) ?? 0];
  return scalar<number>({
    what: "a size",
    allowed: `${min} … ${max}, in bytes or with the unit KiB, MiB or GiB`,
    read: (value) =>
      within(typeof value === "bigint" ? Number(value) : readQuantity(value, sizeUnits), minBytes, maxBytes),
  });
}

/** A size that is a power of two; `min` and `max` are written as for `size`. */
export function powerOfTwoSize(min: string, max: string) {
  const [minBytes, maxBytes] = [readQuantity(min, sizeUnits) ?? 0, readQuantity(max, sizeUnits) ?? 0];
  const read = (value: unknown) =>
    within(typeof value === "bigint" ? Number(value) : readQuantity(value, sizeUnits), minBytes, maxBytes);
  const isPower = (bytes: number) => Number.isInteger(Math.log2(bytes));
  return scalar<number>({
    what: "a size",
    allowed: `a power of two, ${min} … ${max}, in bytes or with the unit KiB, MiB or GiB`,
    read: (value) => {
      const bytes = read(value);
      return bytes !== undefined && isPower(bytes) ? bytes : undefined;
    },
    explain: (value) => (read(value) === undefined ? undefined : `${showValue(value)} is no power of two`),
  });
}

function readQuantity(value: unknown, units: ReadonlyMap<string, number>): number | undefined {
  const [, digits, unit] = (typeof value === "string" && /^(\d{1,15}) ?([A-Za-z]+)$/.exec(value)) || [];
  const factor = units.get(unit ?? "");
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}
