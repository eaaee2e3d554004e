/** Events as lines. */
import { toHex } from "../base/hex.js";
import type { LogFields, LogLevel } from "../base/logger.js";

/** A value that JSON can hold. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** One event with its fields as they were when it happened. */
export interface LogLine {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: Readonly<Record<string, Plain>>;
}

/** Names that every line has; a field of such a name gets an underscore behind it. */
const reserved = new Set(["time", "level", "event"]);

/** What is nested deeper in a field is cut. */
const maxDepth = 5;

/** `fields` without undefined ones: bigints in decimal, bytes in hexadecimal, errors with message, stack and cause. */
export function plainFields(fields: LogFields): Readonly<Record<string, Plain>> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [reserved.has(name) ? `${name}_` : name, plain(value, maxDepth)]),
  );
}

/** One JSON object: `time` (ISO 8601), `level`, `event`, then the fields. */
export function formatJson(line: LogLine): string {
  return JSON.stringify({
    time: new Date(line.timeMs).toISOString(),
    level: line.level,
    event: line.event,
    ...line.fields,
  });
}

/** `time level event key=value …` on one line; values are quoted where they would be ambiguous. Stacks are left out. */
export function formatText(line: LogLine): string {
  const fields = Object.entries(line.fields).map(([name, value]) => ` ${quoted(name)}=${textValue(value)}`);
  return `${new Date(line.timeMs).toISOString()} ${line.level.padEnd(5)} ${line.event}${fields.join("")}`;
}

function plain(value: unknown, depth: number): Plain {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "symbol") return value.toString();
  if (typeof value !== "object") return typeof value;
  return depth === 0 ? "…" : plainObject(value, depth - 1);
}

function plainObject(value: object, depth: number): Plain {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (value instanceof Error) return plainError(value, depth);
  if (value instanceof Map) return Array.from(value, (entry) => plain(entry, depth));
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, (part) => plain(part, depth));
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.map(([name, part]) => [name, plain(part, depth)]));
}

function plainError(error: Error, depth: number): Plain {
  const { name, message, stack, cause } = error;
  const code = "code" in error ? { code: plain(error.code, depth) } : {};
  const why = cause === undefined || cause === null ? {} : { cause: plain(cause, depth) };
  return { name, message, ...code, ...(stack === undefined ? {} : { stack }), ...why };
}

function textValue(value: Plain): string {
  if (typeof value === "string") return quoted(value);
  return escaped(JSON.stringify(value, (key, part: unknown) => (key === "stack" ? undefined : part)));
}

function quoted(text: string): string {
  return /^[^\s"=\p{C}]+$/u.test(text) ? text : escaped(JSON.stringify(text));
}

/** `json` without the control characters and line separators that JSON allows and a terminal would obey. */
function escaped(json: string): string {
  return json.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
