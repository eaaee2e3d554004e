import assert from "node:assert/strict";
import { filesBelow, textsBelow } from "../support/repository.js";
import {
  cycleComplaints,
  layoutComplaints,
  nameComplaints,
  purityComplaints,
  requireComplaints,
  sizeComplaints,
  type Sources,
} from "./rules.js";

const src = textsBelow("src", ".ts");

/** Tests that are longer than a file may be, until somebody splits them by subject. */
const stillLong: readonly string[] = [
  "test/unit/packetio/packet-out.test.ts",
  "test/unit/switch/packets.test.ts",
  "test/unit/switch/reconcile.test.ts",
];

describe("test/ and native/", () => {
  const texts = new Map([
    ...textsBelow("test", ".ts"),
    ...[".cc", ".h", ".c"].flatMap((suffix) => [...textsBelow("native", suffix), ...textsBelow("test", suffix)]),
  ]);
  const long = sizeComplaints(texts);

  it("have no file above 400 lines without a reason, but for those that are named", () => {
    assert.deepEqual(
      long.filter((complaint) => !stillLong.some((path) => complaint.startsWith(`${path} has`))),
      [],
    );
  });

  it("have no more exceptions than they need", () => {
    assert.deepEqual(
      stillLong.filter((path) => !long.some((complaint) => complaint.startsWith(`${path} has`))),
      [],
    );
  });
});

describe("src/", () => {
  for (const { rule, check } of [
    { rule: "imports only along the table of folders", check: layoutComplaints },
    { rule: "has no cycle between files or folders", check: cycleComplaints },
    { rule: "keeps I/O, clock, randomness and environment out of pure folders", check: purityComplaints },
    { rule: "calls require only where native code is loaded", check: requireComplaints },
    { rule: "has no file above 400 lines without a reason", check: sizeComplaints },
  ])
    it(rule, () => assert.deepEqual(check(src), []));

  it("has names that say what a file is for, here and in test/ and scripts/", () => {
    const tests = filesBelow("test", ".ts");
    assert.deepEqual(nameComplaints([...src.keys(), ...tests, ...filesBelow("scripts", ".mjs")]), []);
  });
});

// Made-up trees, one defect each: a rule that never complains would pass above.
describe("the rules of layout complain", () => {
  const long = "const x = 1;\n".repeat(401);
  const rows: readonly {
    what: string;
    check: (files: Sources) => readonly string[];
    files: Record<string, string>;
    want: string[];
  }[] = [
    {
      what: "about an edge the table does not have",
      check: layoutComplaints,
      files: { "src/store/a.ts": 'import { b } from "../wire/b.js";', "src/wire/b.ts": "" },
      want: ["src/store/a.ts imports src/wire/b.ts: store may not import wire"],
    },
    {
      what: "about a type-only edge",
      check: layoutComplaints,
      files: { "src/entity/a.ts": 'import type { B } from "../store/b.js";', "src/store/b.ts": "" },
      want: ["src/entity/a.ts imports src/store/b.ts: entity may not import store"],
    },
    {
      what: "about an import() type, an import() and a re-export",
      check: layoutComplaints,
      files: {
        "src/acl/a.ts":
          'type B = import("../store/b.js").B; await import("../store/b.js"); export * from "../store/b.js";',
        "src/store/b.ts": "",
      },
      want: [1, 2, 3].map(() => "src/acl/a.ts imports src/store/b.ts: acl may not import store"),
    },
    {
      what: "about a backend named outside daemon",
      check: layoutComplaints,
      files: {
        "src/switch/a.ts": 'import "../datapath/soft/b.js"; import "../datapath/c.js";',
        "src/daemon/d.ts": 'import "../datapath/soft/b.js";',
        "src/datapath/soft/b.ts": 'import "../c.js";',
        "src/datapath/c.ts": "",
      },
      want: ["src/switch/a.ts imports src/datapath/soft/b.ts: switch may not import datapath/soft"],
    },
    {
      what: "about a folder without a row",
      check: layoutComplaints,
      files: { "src/novel/a.ts": "", "src/store/inner/b.ts": "" },
      want: [
        "src/novel/a.ts: its folder has no row in the layout",
        "src/store/inner/b.ts: its folder has no row in the layout",
      ],
    },
    {
      what: "about an import from outside src/",
      check: layoutComplaints,
      files: { "src/base/a.ts": 'import "../../test/support/b.js";' },
      want: ["src/base/a.ts imports test/support/b.ts, which is outside src/"],
    },
    {
      what: "about a cycle between files of one folder, types included",
      check: cycleComplaints,
      files: { "src/base/a.ts": 'import type { B } from "./b.js";', "src/base/b.ts": 'import "./a.js";' },
      want: ["cycle: src/base/a.ts → src/base/b.ts → src/base/a.ts"],
    },
    {
      what: "about a cycle between folders that no file closes",
      check: cycleComplaints,
      files: {
        "src/acl/a.ts": 'import "../store/b.js";',
        "src/store/b.ts": "",
        "src/store/c.ts": 'import "../acl/d.js";',
        "src/acl/d.ts": "",
      },
      want: ["cycle: src/acl → src/store → src/acl"],
    },
    {
      what: "about effects in a pure folder",
      check: purityComplaints,
      files: {
        "src/session/a.ts":
          'import { readFileSync } from "node:fs"; import "protobufjs/minimal.js"; import "winston"; export const at = Date.now(); Math.random(); Math.max(1);',
        "src/switch/b.ts": "export const at = process.env.HOME;",
        "src/pipeline/c.ts": "export const d = (x: { process: number; Date: string }) => x.process; process.env.HOME;",
      },
      want: [
        "src/session/a.ts: node:fs in a pure folder",
        "src/session/a.ts: winston in a pure folder",
        "src/session/a.ts: Date.now in a pure folder",
        "src/session/a.ts: Math.random in a pure folder",
        "src/pipeline/c.ts: process.env in a pure folder",
      ],
    },
    {
      what: "about require outside addon",
      check: requireComplaints,
      files: { "src/addon/a.ts": 'require("x.node");', "src/daemon/b.ts": 'require("x.node");' },
      want: ["src/daemon/b.ts: require belongs in addon"],
    },
    {
      what: "about a long file without a reason",
      check: sizeComplaints,
      files: {
        "src/base/a.ts": long,
        "src/base/b.ts": `/** A table, kept in one piece. */\n${long}`,
        "src/base/c.ts": long.slice(13),
      },
      want: ["src/base/a.ts has 401 lines: split it, or say at its top why it is one piece"],
    },
    {
      what: "about empty, odd and barrel names",
      check: (files) => nameComplaints(files.keys()),
      files: {
        "src/wire/index.ts": "",
        "src/wire/types.ts": "",
        "src/session-manager/a.ts": "",
        "src/wire/byteString.ts": "",
        "test/unit/wire/bits.prop.test.ts": "",
      },
      want: [
        "src/wire/index.ts: there is no index.ts here",
        "src/wire/types.ts: there is no types.ts here",
        "src/session-manager/a.ts: 'session-manager' says nothing",
        "src/wire/byteString.ts: 'byteString' is not kebab-case",
      ],
    },
  ];
  for (const { what, check, files, want } of rows)
    it(what, () => assert.deepEqual(check(new Map(Object.entries(files))), want));
});
