import assert from "node:assert/strict";
import {
  compileActionRestriction,
  compileEntryRestriction,
  entryRestriction,
  explain,
} from "../../../src/constraints/restriction.js";
import { RestrictionError } from "../../../src/constraints/restriction-error.js";
import { golden } from "../../support/golden.js";
import { action, table, tablesOf } from "./programs.js";
import { actionLayout, record, tableLayout, type SlotValue } from "./records.js";

const t = table("ingress.acl", [
  { name: "ether_type", kind: "ternary", width: 16 },
  { name: "hdr.ipv4.dst_addr", kind: "lpm", width: 32 },
  { name: "dst_ipv6", kind: "ternary", width: 128 },
  { name: "ttl", kind: "ternary", width: 8 },
  { name: "l4_port", kind: "range", width: 16 },
  { name: "is_ipv4", kind: "optional", width: 1 },
  { name: "vrf_id", kind: "exact", width: "text" },
  { name: "in_port", kind: "optional", width: "text" },
  { name: "names", kind: "range", width: "text" },
]);
const layout = tableLayout(t);
const a = action("ingress.set_multicast", [{ name: "group", width: 16 }]);

/** What `run` throws. */
function refusal(run: () => unknown): RestrictionError {
  try {
    run();
  } catch (error) {
    if (error instanceof RestrictionError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "compiled" });
}

const malformed: readonly string[] = [
  "",
  "   // nothing but a comment",
  ";",
  "ttl == 1;; ttl == 2",
  "ttl == ",
  "ttl = 1",
  "ttl & 1",
  "ttl == 1 ether_type == 2",
  "ttl == 0b2",
  "ttl == 12ab",
  "ttl == 'a'",
  "vrf_id != ''",
  "ttl == 'a",
  'ttl == "a"',
  "ttl == 1 /* and so on",
  "(ttl == 1",
  "ttl == 1)",
  "ttl == 1 == 2",
  "true -> true -> true",
  "hdr. == 1",
  "ttl:: == 1",
  ":: == 1",
  "headers[0].x == 1",
  "hdr.ipv4.dst_addr == ipv4('10.0.0.256')",
  "dst_ipv6 == ipv6('1::2::3')",
  "ttl == mac(1)",
  "ttl == min(1)",
  "ttl == ipv4('1.2.3.4'",
  "\t\tttl == 1;\r\n\t\tether_type =< 1;\r\n",
  `${"ttl == 1; ".repeat(20)}ttl = 1; ${"ttl == 2; ".repeat(20)}`,
  `${"(".repeat(257)}true${")".repeat(257)}`,
  "!".repeat(300) + "true",
  `true${" ".repeat(65536)}`,
];

const mistyped: readonly string[] = [
  "tll == 1",
  "ttl",
  "1",
  "1; true",
  "!ttl",
  "ttl == 1 && 2",
  "1 -> true",
  "-ttl == 1",
  "-true",
  "ttl == true",
  "ttl == ether_type",
  "ttl::value == ether_type::value",
  "ttl < 2",
  "3 >= l4_port",
  "is_ipv4 > 0",
  "true < false",
  "ttl::prefix_length == 1",
  "hdr.ipv4.dst_addr::mask == 1",
  "l4_port::value == 1",
  "1::value == 1",
  "ttl::mask::mask == 1",
  "::pirority == 1",
  "vrf_id == ttl::value",
  "names::low == 1",
];

/** One block per row of a golden file. */
const block = (source: string, answer: string): string =>
  `${JSON.stringify(source.length > 300 ? `${source.slice(0, 40)}… (${source.length})` : source)}\n${answer}\n`;

describe("a restriction that cannot be taken", () => {
  for (const [title, file, sources] of [
    ["syntax", "constraints/malformed.txt", malformed],
    ["types", "constraints/mistyped.txt", mistyped],
  ] as const)
    it(`is refused for its ${title}, with place and reason`, () => {
      const answers = sources.map((source) => {
        const compile = () => compileEntryRestriction(source, t, layout);
        return block(source, refusal(compile).message);
      });
      golden(file, answers.join("\n"));
    });

  it("names the action that carries it", () => {
    const { message } = refusal(() => compileActionRestriction("grp != 0", a, actionLayout(a)));
    assert.equal(
      message,
      "action 'ingress.set_multicast': @action_restriction: line 1, column 1: unknown parameter 'grp'; known: group\n  grp != 0\n  ^^^",
    );
  });

  it("must be text in double quotes", () => {
    for (const annotation of ["@entry_restriction(true)", "@entry_restriction", '@entry_restriction("true" true)']) {
      const bad = table("t", [], [annotation]);
      assert.match(refusal(() => entryRestriction(bad, layout)).reason, /double quotes/);
    }
  });

  it("is told by line and column", () => {
    const { line, column, reason, status } = refusal(() => compileEntryRestriction("ttl == 1;\n  tll == 2", t, layout));
    assert.deepEqual({ line, column }, { line: 2, column: 3 });
    assert.match(reason, /^unknown match field 'tll'/);
    assert.deepEqual(status.fields, { line: 2, column: 3 });
  });

  it("may be 256 deep and 65536 long", () => {
    compileEntryRestriction(`${"(".repeat(256)}true${")".repeat(256)}`, t, layout);
    compileEntryRestriction("ttl == 1;".repeat(7281), t, layout);
    compileEntryRestriction("true&&".repeat(10900) + "true", t, layout);
  });
});

const violations: readonly { readonly source: string; readonly match: Readonly<Record<string, SlotValue>> }[] = [
  { source: "false", match: {} },
  { source: "ttl == 1; ttl::mask != 0 -> is_ipv4 == 1", match: { ttl: 1 } },
  {
    source: "(ttl == 1 && (ttl == 1; // why\n  ether_type  ==\n 0x0800))",
    match: { ttl: 1, ether_type: [0x800, 0xf00] },
  },
  {
    source: "hdr.ipv4.dst_addr == 1 || hdr.ipv4.dst_addr::prefix_length > 24",
    match: { "hdr.ipv4.dst_addr": [0x0a000000, 8] },
  },
  { source: "hdr.ipv4.dst_addr::value != 0 && l4_port == 1", match: {} },
  { source: "l4_port == 1 || ::priority == 9", match: { l4_port: [1, 1024] } },
  { source: "l4_port::high < 5; true", match: {} },
  { source: "is_ipv4 == 0 || dst_ipv6 == 1", match: { is_ipv4: 1, dst_ipv6: [0xffn << 120n, 0xffn << 120n] } },
  { source: "vrf_id == 0 && in_port == 0", match: { vrf_id: "vrf-\u{1f600}\n" } },
  { source: "in_port == 0; in_port::mask == 0", match: {} },
  { source: "in_port::mask == 0", match: { in_port: "x".repeat(100) } },
];

describe("a violation", () => {
  it("names the entry, the smallest clause that fails, and its values", () => {
    const answers = violations.map(({ source, match }) => {
      const violation = compileEntryRestriction(source, t, layout).violated(record(layout, match, 7));
      return block(source, violation === undefined ? "none" : explain(violation, "entry of table 'ingress.acl'"));
    });
    const wbb = tablesOf("wbb").map((each) => {
      const wbbLayout = tableLayout(each);
      const violation = entryRestriction(each, wbbLayout)?.violated(record(wbbLayout, { is_ipv4: 1, ttl: 3 }, 1));
      return block("wbb: is_ipv4 = 1, ttl = 3", violation === undefined ? "none" : explain(violation, "entry"));
    });
    golden("constraints/violations.txt", [...answers, ...wbb].join("\n"));
  });
});
