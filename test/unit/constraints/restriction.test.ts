import assert from "node:assert/strict";
import {
  actionRestriction,
  compileActionRestriction,
  compileEntryRestriction,
  entryRestriction,
} from "../../../src/constraints/restriction.js";
import { RestrictionError } from "../../../src/constraints/restriction-error.js";
import { action, actionsOf, programs, table, tablesOf, type FieldSketch } from "./programs.js";
import { actionLayout, record, tableLayout, type SlotValue } from "./records.js";

const fields: readonly FieldSketch[] = [
  { name: "e8", kind: "exact", width: 8 },
  { name: "hdr.e32", kind: "exact", width: 32 },
  { name: "e64", kind: "exact", width: 64 },
  { name: "t8", kind: "ternary", width: 8 },
  { name: "u8", kind: "ternary", width: 8 },
  { name: "t12", kind: "ternary", width: 12 },
  { name: "t128", kind: "ternary", width: 128 },
  { name: "lpm", kind: "lpm", width: 32 },
  { name: "range", kind: "range", width: 16 },
  { name: "o1", kind: "optional", width: 1 },
  { name: "o128", kind: "optional", width: 128 },
  { name: "port", kind: "exact", width: "text" },
  { name: "oport", kind: "optional", width: "text" },
  { name: "tport", kind: "ternary", width: "text" },
];
const t = table("t", fields);
const layout = tableLayout(t);

type Match = Readonly<Record<string, SlotValue>>;
const holds = (source: string, match: Match, priority = 0): boolean =>
  compileEntryRestriction(source, t, layout).violated(record(layout, match, priority)) === undefined;

/** For each source: entries that fulfil it, entries that do not. Rules as in p4-constraints' language specification. */
const rows: readonly { readonly source: string; readonly yes?: readonly Match[]; readonly no?: readonly Match[] }[] = [
  { source: "true", yes: [{}] },
  { source: "false", no: [{}] },
  { source: "true != false; (e8 == 1) == true", yes: [{ e8: 1 }], no: [{ e8: 2 }] },
  // numbers in all bases
  {
    source: "e8 == 0x1F && e8 == 0X1f && e8 == 31 && e8 == 0d31 && e8 == 0D31 && e8 == 031",
    yes: [{ e8: 31 }],
    no: [{}],
  },
  { source: "e8 == 0b11111 && e8 == 0B11111 && e8 == 0o37 && e8 == 0O37", yes: [{ e8: 31 }], no: [{}] },
  // comments and blanks
  { source: "// one\ne8 /* two\n * ** */ == 1 // three\r\n\t;\r", yes: [{ e8: 1 }], no: [{}] },
  // precedence: ; below -> below || below && below comparisons below ! and -
  { source: "false -> false; false", no: [{}] },
  { source: "e8 == 1 || e8 == 2 && e64 == 2", yes: [{ e8: 1 }, { e8: 2, e64: 2 }], no: [{ e8: 2 }] },
  { source: "e8 == 1 -> e64 == 1 || e64 == 2", yes: [{}, { e8: 1, e64: 2 }], no: [{ e8: 1 }] },
  { source: "!false == true", yes: [{}] },
  { source: "(false; false;) || true;", yes: [{}] },
  { source: "(e8 == 1; e64 == 1) || e8 == 2", yes: [{ e8: 1, e64: 1 }, { e8: 2 }], no: [{ e8: 1 }] },
  // unary minus; a literal is taken modulo the width of the other side
  { source: "--5 == 5 && -1 < 0", yes: [{}] },
  { source: "e8 == -1", yes: [{ e8: 255 }], no: [{ e8: 1 }] },
  { source: "e8 == 257", yes: [{ e8: 1 }], no: [{ e8: 0 }] },
  { source: "t12::mask == -1", yes: [{ t12: 5 }], no: [{ t12: [5, 7] }, {}] },
  // exact
  {
    source: "hdr.e32 > 0x7fffffff",
    yes: [{ "hdr.e32": 0x80000000 }, { "hdr.e32": 0xffffffff }],
    no: [{ "hdr.e32": 0x7fffffff }],
  },
  { source: "hdr . e32::value <= 5", yes: [{ "hdr.e32": 5 }], no: [{ "hdr.e32": 6 }] },
  {
    source: "e64 >= 0xfffffffffffffffe",
    yes: [{ e64: 2n ** 64n - 1n }, { e64: 2n ** 64n - 2n }],
    no: [{ e64: 2n ** 64n - 3n }],
  },
  { source: "e64 == 0x8000000000000001", yes: [{ e64: 2n ** 63n + 1n }], no: [{ e64: 2n ** 63n }] },
  // ternary: a bare name and a number mean that value under a full mask
  { source: "t8 == 1", yes: [{ t8: 1 }], no: [{ t8: [1, 0x7f] }, {}] },
  { source: "t8 == 0", yes: [{ t8: 0 }], no: [{}] },
  { source: "t8 != 1", yes: [{ t8: [1, 0x7f] }, {}, { t8: 2 }], no: [{ t8: 1 }] },
  { source: "t8 == u8", yes: [{}, { t8: [1, 3], u8: [1, 3] }], no: [{ t8: [1, 3], u8: 1 }] },
  { source: "t8 == u8::value", yes: [{ t8: 1, u8: [1, 3] }], no: [{ t8: [1, 3], u8: [1, 3] }, {}] },
  { source: "t128::mask != 0 -> t8 == 1", yes: [{}, { t128: [1, 1], t8: 1 }], no: [{ t128: [1, 1] }] },
  { source: "t128::value > 0xffffffffffffffff", yes: [{ t128: 2n ** 64n }], no: [{ t128: 2n ** 64n - 1n }] },
  // lpm
  { source: "lpm::prefix_length <= 24", yes: [{}, { lpm: [0x0a000000, 24] }], no: [{ lpm: [0x0a000000, 25] }] },
  { source: "lpm == ipv4('10.0.0.1')", yes: [{ lpm: 0x0a000001 }], no: [{ lpm: [0x0a000001, 31] }] },
  { source: "lpm::value == 0x0a000000 && lpm::prefix_length > -1", yes: [{ lpm: [0x0a000000, 8] }], no: [{}] },
  { source: "lpm::prefix_length == e8", yes: [{ lpm: [0, 24], e8: 24 }], no: [{ lpm: [0, 24], e8: 25 }] },
  // range
  { source: "range::low >= 10 && range::high <= 20", yes: [{ range: [10, 20] }], no: [{ range: [9, 20] }, {}] },
  { source: "range == 7", yes: [{ range: 7 }], no: [{ range: [7, 8] }] },
  // optional
  { source: "o1::mask == 0 || o1::mask == -1", yes: [{}, { o1: 0 }, { o1: 1 }] },
  { source: "o1 == 0", yes: [{ o1: 0 }], no: [{}, { o1: 1 }] },
  {
    source: "o128 == ipv6('2001:db8::1')",
    yes: [{ o128: 0x20010db8000000000000000000000001n }],
    no: [{ o128: 1 }, {}],
  },
  { source: "o128::mask >= 1", yes: [{ o128: 0 }], no: [{}] },
  // sdn_string: the number its bytes make
  { source: "port != 0", yes: [{ port: "1" }], no: [{}] },
  { source: "port == 0x6162", yes: [{ port: "ab" }], no: [{ port: "abc" }, { port: "ba" }] },
  { source: "port::value < 0x6200", yes: [{ port: "ab" }, { port: "z" }], no: [{ port: "bb" }] },
  { source: "oport::mask == -1 && oport == 0x61", yes: [{ oport: "a" }], no: [{}, { oport: "b" }] },
  { source: "tport::mask == 0 && tport::value == 0", yes: [{ port: "x" }], no: [{ tport: "a" }] },
  { source: "port == oport::value", yes: [{ port: "ab", oport: "ab" }, {}], no: [{ port: "ab", oport: "b" }] },
];

/** Restricted tables and restricted actions, counted in the texts. */
const counts = {
  wbb: [1, 0],
  "sai-wbb": [1, 0],
  middleblock: [14, 11],
};

const inWords = (match: Match): string =>
  JSON.stringify(match, (_, value: unknown) => (typeof value === "bigint" ? `0x${value.toString(16)}` : value));

describe("a restriction on entries", () => {
  for (const { source, yes, no } of rows)
    it(`judges ${JSON.stringify(source)}`, () => {
      for (const match of yes ?? []) assert.equal(holds(source, match), true, `holds for ${inWords(match)}`);
      for (const match of no ?? []) assert.equal(holds(source, match), false, `fails for ${inWords(match)}`);
    });

  for (const [source, priority, want] of [
    ["::priority < 0x7fffffff", 0x7ffffffe, true],
    ["::priority < 0x7fffffff", 0x7fffffff, false],
    ["::priority == 900", 900, true],
    ["-::priority < -5", 6, true],
    ["::priority < 99999999999999999999999999", 0x7fffffff, true],
    ["::priority > -99999999999999999999999999", 0, true],
    ["::priority == e8", 256, true],
    ["e64 == -::priority", 1, false],
    ["t128::value < -::priority", 1, true],
  ] as const)
    it(`judges ${JSON.stringify(source)} at priority ${priority}`, () =>
      assert.equal(holds(source, {}, priority), want));

  it("must hold in all its annotations", () => {
    const two = table("two", fields, ['@entry_restriction("e8 != 1")', '@ entry_restriction ( "e8 != 2" )']);
    const restriction = entryRestriction(two, layout);
    const broken = (e8: number) => restriction?.violated(record(layout, { e8 }))?.restriction;
    assert.deepEqual([1, 2, 3].map(broken), ["@entry_restriction #1", "@entry_restriction #2", undefined]);
  });

  it("ends a comment with the string literal it stands in", () => {
    const lines = table("lines", fields, ['@entry_restriction("e8 != 1; // not one" "e8 != 2;")']);
    const broken = (e8: number) => entryRestriction(lines, layout)?.violated(record(layout, { e8 }))?.clause;
    assert.deepEqual([1, 2, 3].map(broken), ["e8 != 1", "e8 != 2", undefined]);
  });

  it("is absent without an annotation", () => assert.equal(entryRestriction(t, layout), undefined));
});

describe("a restriction on actions", () => {
  const a = action(
    "a",
    [
      { name: "vlan_id", width: 12 },
      { name: "queue", width: "text" },
    ],
    ['@action_restriction("vlan_id != 0 && vlan_id != 4095; queue != 0")'],
  );
  const params = actionLayout(a);
  for (const [values, clause] of [
    [{ vlan_id: 1, queue: "a" }, undefined],
    [{ vlan_id: 0, queue: "a" }, "vlan_id != 0"],
    [{ vlan_id: 4095, queue: "a" }, "vlan_id != 4095"],
    [{ vlan_id: 1 }, "queue != 0"],
  ] as const)
    it(`names ${clause ?? "nothing"} for ${inWords(values)}`, () => {
      assert.equal(actionRestriction(a, params)?.violated(record(params, values, 7))?.clause, clause);
    });

  it("may order its parameters, which have no parts", () => {
    assert.equal(
      compileActionRestriction("vlan_id < 5", a, params).violated(record(params, { vlan_id: 4 })),
      undefined,
    );
    assert.throws(() => compileActionRestriction("vlan_id::value < 5", a, params), RestrictionError);
  });

  it("knows no priority", () => {
    assert.throws(() => compileActionRestriction("::priority == 1", a, params), { reason: /unknown attribute/ });
  });
});

for (const program of programs)
  describe(`the program ${program}`, () => {
    it("has restrictions, all of which compile", () => {
      const entries = tablesOf(program).map((each) => entryRestriction(each, tableLayout(each)));
      const actions = actionsOf(program).map((each) => actionRestriction(each, actionLayout(each)));
      const count = (list: readonly unknown[]) => list.filter((each) => each !== undefined).length;
      assert.deepEqual([count(entries), count(actions)], counts[program]);
    });
  });
