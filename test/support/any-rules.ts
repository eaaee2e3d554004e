/** Punt rules for properties: made from frames, so that frames meet them. */
import fc from "fast-check";
import { keyFields, keyWords, type KeyFieldName } from "../../src/datapath/frame-key.js";
import type { PortId } from "../../src/datapath/port.js";
import type { PuntAction, PuntRule, Verdict } from "../../src/datapath/rule.js";
import { parseFrame } from "../../src/datapath/soft/parser.js";
import { frameBytes, frames } from "./frame-model.js";
import { fieldOf, rule, type Match, type Matches } from "./key-rules.js";

const verdict = fc.constantFrom<Verdict>("forward", "drop", "trap", "copy", "deny", "copy-cancel");

/** Yellow and red differ from green, so that a rule taken for a metered one shows. */
const action: fc.Arbitrary<PuntAction> = fc
  .tuple(verdict, verdict, verdict)
  .map(([green, yellow, red]) => ({ green, yellow, red }));

const fieldNames = Object.keys(keyFields) as KeyFieldName[];

/** What one field of a rule asks, given what a frame holds: all bits of it, or some, or of a value beside it. */
const looks = fc.constantFrom("whole", "whole", "upper half", "lowest bit", "beside") satisfies fc.Arbitrary<string>;

/** A key made of some fields of a frame's own key. */
const matches: fc.Arbitrary<Matches> = fc
  .tuple(frames, fc.subarray(fieldNames, { maxLength: 5 }), fc.array(looks, { minLength: 5, maxLength: 5 }))
  .map(([frame, fields, kinds]) => {
    const key = new Int32Array(keyWords);
    parseFrame(frame.port as PortId, frameBytes(frame), key); // ports of frames are 1, 2 and 7
    return Object.fromEntries<Match>(
      fields.map((name, i) => {
        const { width } = keyFields[name];
        const ones = (1n << BigInt(width)) - 1n;
        const value = fieldOf(key, name);
        const kind = kinds[i] ?? "whole";
        if (kind === "upper half") return [name, [value, ones ^ (ones >> BigInt((width + 1) >> 1))] as const];
        if (kind === "lowest bit") return [name, [value, 1n] as const];
        return [name, kind === "beside" ? value ^ 1n : value];
      }),
    );
  });

export interface RuleSetting {
  readonly tables: number;
}

/** What a RANGE of an L4 port becomes, each prefix a key beside the rest of the rule's. */
const prefixes = fc.uniqueArray(fc.constantFrom<Match>([22, 0xffff], [80, 0xfff0], [0x100, 0xff00], [0xfffe, 0xfffe]), {
  minLength: 1,
  maxLength: 3,
});

/** The keys of one rule: one, or several that differ in an L4 port, as the contract says. */
const keys: fc.Arbitrary<readonly Matches[]> = fc.oneof(
  { weight: 4, arbitrary: matches.map((match) => [match]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(matches, prefixes)
      .map(([match, ports]) => ports.map((l4_dst_port) => ({ ...match, l4_dst_port }))),
  },
);

/** Rules of several tables with few priorities, so that ties are common. */
export function anyRule({ tables }: RuleSetting): fc.Arbitrary<PuntRule> {
  return fc
    .record({ table: fc.nat(tables - 1), priority: fc.nat(4), either: keys, action })
    .map((fields) => rule(fields));
}

/** What happens to the rules of a datapath, one thing after the other. */
export type Change =
  | { readonly kind: "add"; readonly rule: PuntRule }
  | { readonly kind: "remove"; readonly which: number }
  | { readonly kind: "replace"; readonly which: number; readonly action: PuntAction };

/** Changes of one step; `which` counts among the rules there are, modulo their number. */
export function anyChanges(setting: RuleSetting): fc.Arbitrary<readonly Change[]> {
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("add" as const), rule: anyRule(setting) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), which: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("replace" as const), which: fc.nat(), action }) },
    ),
    { maxLength: 8 },
  );
}
