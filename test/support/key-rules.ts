/** Punt rules and keys by field name. */
import assert from "node:assert/strict";
import { keyFields, keyWords } from "../../src/datapath/frame-key.js";
import type { KeyFieldName } from "../../src/datapath/frame-key.js";
import { isSelector } from "../../src/datapath/rule.js";
import type { MeterConfig, PuntAction, PuntRule, RuleAction, TableIndex, Verdict } from "../../src/datapath/rule.js";

/** A value to match exactly, or a value and a mask. */
export type Match = number | bigint | readonly [value: number | bigint, mask: number | bigint];
export type Matches = Partial<Record<KeyFieldName, Match>>;

/** Puts the bits of `value` where field `name` lies in `words`, from `offset` on. */
function place(words: Int32Array, offset: number, name: KeyFieldName, value: bigint): void {
  const { word, shift, width } = keyFields[name];
  const bits = (value & ((1n << BigInt(width)) - 1n)) << BigInt(shift);
  for (let i = 0; i < 5 && word - i >= 0; i++) {
    const at = offset + word - i;
    words[at] = Number(BigInt.asIntN(32, BigInt(words[at] ?? 0) | BigInt.asUintN(32, bits >> BigInt(32 * i))));
  }
}

/** The value of field `name` in `key`. */
export function fieldOf(key: Int32Array, name: KeyFieldName): bigint {
  const { word, shift, width } = keyFields[name];
  let bits = 0n;
  for (let at = Math.max(0, word - 4); at <= word; at++)
    bits = (bits << 32n) | BigInt.asUintN(32, BigInt(key[at] ?? 0));
  return (bits >> BigInt(shift)) & ((1n << BigInt(width)) - 1n);
}

/** Value and mask words for `matches`, presence included. */
export function keyOf(matches: Matches): { values: Int32Array; masks: Int32Array; count: number } {
  return keysOf([matches]);
}

/** The same for several keys of one rule. */
export function keysOf(alternatives: readonly Matches[]): { values: Int32Array; masks: Int32Array; count: number } {
  const values = new Int32Array(keyWords * alternatives.length);
  const masks = new Int32Array(keyWords * alternatives.length);
  alternatives.forEach((matches, i) => {
    for (const [field, match] of Object.entries(matches)) {
      const name = field as KeyFieldName;
      const [value, mask] = typeof match === "object" ? match : [match, -1n];
      place(values, keyWords * i, name, BigInt(value) & BigInt(mask));
      place(masks, keyWords * i, name, BigInt(mask));
      const at = keyWords * i;
      values[at] = (values[at] ?? 0) | keyFields[name].presence;
      masks[at] = (masks[at] ?? 0) | keyFields[name].presence;
    }
  });
  return { values, masks, count: alternatives.length };
}

/** An action that is the same for every colour. */
export function always(verdict: Verdict, queue?: number): PuntAction {
  const colours = { green: verdict, yellow: verdict, red: verdict };
  return queue === undefined ? colours : { ...colours, queue };
}

/** `action`, which is no selector. */
export function plainAction(action: RuleAction): PuntAction {
  assert.ok(!isSelector(action), "a rule with one action");
  return action;
}

export interface RuleFields {
  readonly table?: number;
  readonly priority?: number;
  readonly match?: Matches;
  /** Several keys instead of `match`. */
  readonly either?: readonly Matches[];
  readonly action?: Verdict | RuleAction;
  readonly meter?: MeterConfig;
  readonly cookie?: object;
}

/** A rule: table 0, priority 1, any frame, trap, unless `fields` say otherwise. */
export function rule(fields: RuleFields = {}): PuntRule {
  const { table = 0, priority = 1, match = {}, either = [match], action = "trap", meter, cookie = {} } = fields;
  return {
    table: table as TableIndex,
    priority,
    ...keysOf(either),
    action: typeof action === "string" ? always(action) : action,
    meter,
    cookie,
  };
}
