/** Schemas of mappings and lists, whose messages can be turned into problems. */
import * as z from "zod";
import { showValue } from "./problem.js";

/**
 * A mapping with exactly these keys. The message of its `unrecognized_keys` issue is the list of the known keys,
 * separated by spaces, from which `schema.ts` makes one problem per unknown key.
 * @param hidden keys that are ours and not the file's
 */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, hidden: readonly string[] = []) {
  const known = Object.keys(shape).filter((key) => !hidden.includes(key));
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? known.join(" ")
        : `${notA(issue.input, "a mapping")} (allowed: the keys ${known.join(", ")})`,
  });
}

/** A list of `element`, with at least `min` of them. */
export function list<Element extends z.core.SomeType>(element: Element, what: string, min = 0) {
  return z
    .array(element, { error: (issue) => `${notA(issue.input, "a list")} (allowed: a list of ${what})` })
    .min(min, { error: () => `the list is empty (allowed: ${min} or more ${what})` });
}

/** A mapping whose keys are the operator's; `key` checks them but does not change them. */
export function mapping<Value extends z.core.SomeType>(key: z.ZodType<string>, value: Value, what: string) {
  return z.record(key, value, {
    error: (issue) => `${notA(issue.input, "a mapping")} (allowed: a mapping of ${what})`,
  });
}

/** Why `value` is not of a `kind` such as `a mapping`. */
export function notA(value: unknown, kind: string): string {
  if (value === undefined) return "missing";
  return value === null ? "has no value" : `${showValue(value)} is not ${kind}`;
}
