/** What a P4Info must hold, one piece: a table with one row a violation. */
import assert from "node:assert/strict";
import { Code, StatusError } from "../../../src/base/status.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import type { P4InfoSpec } from "../../../src/pipeline/p4info.js";
import { verifyP4Info } from "../../../src/pipeline/verify.js";
import { golden } from "../../support/golden.js";
import {
  action,
  counter,
  field,
  header,
  matchField,
  matchType,
  meter,
  p4info,
  preamble,
  profile,
  ref,
  table,
} from "../../support/p4info-spec.js";
import { requirement } from "../../support/requirement.js";

const typed = { hasType: true, size: 4, indexTypeName: undefined };
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const portText = new Map([["port_id_t", { kind: "translated-string", uri: "" }]] as const);
const port9 = new Map([["port_id_t", { kind: "translated", uri: "p4.org/psa/v1/PortId_t", sdnBitwidth: 9 }]] as const);

/** A table 't' of one field with action 'a' of one 8-bit parameter. */
const t = (more: Parameters<typeof table>[2] = {}) =>
  table(0x02000001, "t", { matchFields: [matchField(1, "f")], actionRefs: [ref(0x01000001)], ...more });
const a = action(0x01000001, "a", [field(1, "p")]);
const b = action(0x01000002, "b");
const one = (more: Parameters<typeof table>[2] = {}, rest: Partial<P4InfoSpec> = {}) =>
  p4info({ tables: [t(more)], actions: [a, b], ...rest });
const withField = (more: Parameters<typeof matchField>[2], rest: Partial<P4InfoSpec> = {}) =>
  one({ matchFields: [matchField(1, "f", more)] }, rest);
const call = (args: readonly [number, string][], actionId = 0x01000001) => ({
  actionId,
  args: args.map(([paramId, hex]) => ({ paramId, value: bytes(hex) })),
});

interface Row {
  readonly ids: string | readonly string[];
  readonly title: string;
  readonly spec: P4InfoSpec;
}

const violations: readonly Row[] = [
  { ids: ["INF-01", "INF-04", "SFP-32"], title: "an object without id", spec: p4info({ actions: [action(0, "a")] }) },
  {
    ids: ["INF-01", "INF-04"],
    title: "two objects with one id",
    spec: p4info({ actions: [a, action(0x01000001, "twin")] }),
  },
  {
    ids: ["INF-02", "INF-04"],
    title: "a table with an action's prefix",
    spec: p4info({ tables: [table(0x01000009, "t")] }),
  },
  { ids: "INF-02", title: "an action with a table's prefix", spec: p4info({ actions: [action(0x02000009, "a")] }) },
  {
    ids: "INF-02",
    title: "a value set with another prefix",
    spec: p4info({ valueSets: [{ ...preamble(0x04000001, "v"), matchFields: [matchField(1, "f")] }] }),
  },
  {
    ids: "INF-02",
    title: "a header with another prefix",
    spec: p4info({ packetHeaders: [header(0x05000001, "packet_in")] }),
  },
  {
    ids: "INF-02",
    title: "a profile with another prefix",
    spec: p4info({ actionProfiles: [profile(0x12000001, "p")] }),
  },
  {
    ids: "INF-02",
    title: "a counter with a direct counter's prefix",
    spec: p4info({ counters: [counter(0x13000001, "c")] }),
  },
  { ids: "INF-02", title: "a meter with a direct meter's prefix", spec: p4info({ meters: [meter(0x15000001, "m")] }) },
  {
    ids: "INF-02",
    title: "a register with another prefix",
    spec: p4info({ registers: [{ ...preamble(0x17000001, "r"), ...typed }] }),
  },
  {
    ids: "INF-02",
    title: "a digest with another prefix",
    spec: p4info({ digests: [{ ...preamble(0x16000001, "d"), ...typed }] }),
  },
  {
    ids: ["INF-02", "INF-27"],
    title: "an extern with another extern's prefix",
    spec: p4info({ externs: [{ typeId: 0x81, typeName: "X", instances: [preamble(0x82000001, "x")] }] }),
  },
  {
    ids: "INF-27",
    title: "an extern type outside the range",
    spec: p4info({ externs: [{ typeId: 0x80, typeName: "X", instances: [] }] }),
  },
  {
    ids: "INF-27",
    title: "one extern type twice",
    spec: p4info({
      externs: [
        { typeId: 0x81, typeName: "X", instances: [] },
        { typeId: 0x81, typeName: "Y", instances: [] },
      ],
    }),
  },
  {
    ids: ["INF-03", "INF-04"],
    title: "two match fields with one id",
    spec: one({ matchFields: [matchField(1, "f"), matchField(1, "g")] }),
  },
  {
    ids: "INF-03",
    title: "two match fields with one name",
    spec: one({ matchFields: [matchField(1, "f"), matchField(2, "f")] }),
  },
  { ids: "INF-03", title: "a match field without id", spec: one({ matchFields: [matchField(0, "f")] }) },
  {
    ids: "INF-03",
    title: "two parameters with one id",
    spec: p4info({ actions: [action(0x01000001, "a", [field(1, "p"), field(1, "q")])] }),
  },
  {
    ids: "INF-03",
    title: "two metadata fields with one id",
    spec: p4info({ packetHeaders: [header(0x04000001, "packet_in", [field(1, "p"), field(1, "q")])] }),
  },
  { ids: ["INF-04", "INF-12"], title: "an action that is not there", spec: one({ actionRefs: [ref(0x01000009)] }) },
  { ids: ["INF-04", "INF-12"], title: "a table among the actions", spec: one({ actionRefs: [ref(0x02000001)] }) },
  { ids: "INF-12", title: "an action listed twice", spec: one({ actionRefs: [ref(0x01000001), ref(0x01000001)] }) },
  { ids: "INF-12", title: "an unknown scope", spec: one({ actionRefs: [ref(0x01000001, { scope: 4 })] }) },
  { ids: "INF-05", title: "an object without name", spec: p4info({ actions: [action(0x01000001, "")] }) },
  { ids: "INF-05", title: "two actions with one name", spec: p4info({ actions: [a, action(0x01000002, "a")] }) },
  {
    ids: "INF-05",
    title: "two tables with one alias",
    spec: p4info({
      tables: [
        table(0x02000001, "x.t", { preamble: preamble(0x02000001, "x.t", { alias: "t" }) }),
        table(0x02000002, "y.t", { preamble: preamble(0x02000002, "y.t", { alias: "t" }) }),
      ],
    }),
  },
  {
    ids: "INF-06",
    title: "a third kind of header",
    spec: p4info({ packetHeaders: [header(0x04000001, "packet_up")] }),
  },
  {
    ids: "INF-06",
    title: "two headers of one kind",
    spec: p4info({ packetHeaders: [header(0x04000001, "packet_in"), header(0x04000002, "packet_in")] }),
  },
  { ids: "INF-07", title: "a match field without kind", spec: withField({ match: undefined }) },
  { ids: "INF-07", title: "a match field of kind UNSPECIFIED", spec: withField({ match: 0 }) },
  { ids: "INF-07", title: "a match field of an unknown kind", spec: withField({ match: 7 }) },
  { ids: "INF-07", title: "a match field of an architecture's own kind", spec: withField({ match: "subset" }) },
  {
    ids: "INF-08",
    title: "a width beside sdn_string",
    spec: withField({ typeName: "port_id_t", match: matchType.exact }, { newTypes: portText }),
  },
  {
    ids: "INF-08",
    title: "a width that is not sdn_bitwidth",
    spec: withField({ typeName: "port_id_t", match: matchType.exact }, { newTypes: port9 }),
  },
  {
    ids: "INF-08",
    title: "a text matched by TERNARY",
    spec: withField({ typeName: "port_id_t", bitwidth: 0 }, { newTypes: portText }),
  },
  { ids: "INF-08", title: "a field with neither width nor type", spec: withField({ bitwidth: 0 }) },
  { ids: "INF-08", title: "a field wider than any number taken", spec: withField({ bitwidth: 2049 }) },
  { ids: "INF-08", title: "a field of negative width", spec: withField({ bitwidth: -1 }) },
  { ids: "INF-09", title: "a type that is not declared", spec: withField({ typeName: "t_t" }) },
  {
    ids: "INF-09",
    title: "an index type that is not declared",
    spec: p4info({ counters: [counter(0x12000001, "c", { indexTypeName: "t_t" })] }),
  },
  {
    ids: "INF-10",
    title: "a type without representation",
    spec: withField({ typeName: "t_t" }, { newTypes: new Map([["t_t", { kind: "unset" }]]) }),
  },
  {
    ids: "INF-10",
    title: "an enum of another width",
    spec: withField({ typeName: "e_t" }, { serializableEnums: new Map([["e_t", 8]]) }),
  },
  { ids: "INF-13", title: "a constant default that is not listed", spec: one({ constDefaultActionId: 0x01000002 }) },
  {
    ids: ["INF-12", "INF-13"],
    title: "a constant default that only match entries may have",
    spec: one({ actionRefs: [ref(0x01000001, { scope: 1 })], constDefaultActionId: 0x01000001 }),
  },
  {
    ids: ["INF-12", "INF-13"],
    title: "a constant default for groups only",
    spec: one({ actionRefs: [ref(0x01000001, { scope: 3 })], constDefaultActionId: 0x01000001 }),
  },
  {
    ids: ["INF-12", "INF-14"],
    title: "an initial default that only match entries may have",
    spec: one({ actionRefs: [ref(0x01000001, { scope: 1 })], initialDefaultAction: call([[1, "01"]]) }),
  },
  {
    ids: "INF-14",
    title: "an initial default that is not listed",
    spec: one({ initialDefaultAction: call([], 0x01000002) }),
  },
  {
    ids: "INF-14",
    title: "an initial default that is not the constant one",
    spec: one({
      actionRefs: [ref(0x01000001), ref(0x01000002)],
      constDefaultActionId: 0x01000002,
      initialDefaultAction: call([[1, "01"]]),
    }),
  },
  { ids: "INF-14", title: "an initial default without its argument", spec: one({ initialDefaultAction: call([]) }) },
  {
    ids: "INF-14",
    title: "an initial default with an argument twice and another too many",
    spec: one({
      initialDefaultAction: call([
        [1, "01"],
        [1, "01"],
        [2, "01"],
      ]),
    }),
  },
  {
    ids: "INF-14",
    title: "an initial default whose argument is empty",
    spec: one({ initialDefaultAction: call([[1, ""]]) }),
  },
  {
    ids: "INF-14",
    title: "an initial default whose argument is too wide",
    spec: one({ initialDefaultAction: call([[1, "0100"]]) }),
  },
  ...[
    { title: "is empty", hex: "" },
    { title: "is no text", hex: "ff" },
    { title: "is longer than any text", hex: "61".repeat(1025) },
  ].map(({ title, hex }) => ({
    ids: "INF-14",
    title: `an initial default whose text ${title}`,
    spec: one(
      { initialDefaultAction: call([[1, hex]]) },
      {
        actions: [action(0x01000001, "a", [field(1, "p", { typeName: "port_id_t", bitwidth: 0 })]), b],
        newTypes: portText,
      },
    ),
  })),
  { ids: "INF-15", title: "an implementation that is not there", spec: one({ implementationId: 0x11000001 }) },
  {
    ids: ["INF-04", "INF-17"],
    title: "a direct resource that is not there",
    spec: one({ directResourceIds: [0x13000001] }),
  },
  {
    ids: "INF-17",
    title: "two direct counters",
    spec: one(
      { directResourceIds: [0x13000001, 0x13000002] },
      {
        directCounters: [
          counter(0x13000001, "c", { directTableId: 0x02000001 }),
          counter(0x13000002, "d", { directTableId: 0x02000001 }),
        ],
      },
    ),
  },
  {
    ids: "INF-17",
    title: "a direct meter of another table",
    spec: one(
      { directResourceIds: [0x15000001] },
      {
        tables: [t({ directResourceIds: [0x15000001] }), table(0x02000002, "u")],
        directMeters: [meter(0x15000001, "m", { directTableId: 0x02000002 })],
      },
    ),
  },
  {
    ids: "INF-17",
    title: "a direct counter its table does not list",
    spec: one({}, { directCounters: [counter(0x13000001, "c", { directTableId: 0x02000001 })] }),
  },
  {
    ids: "INF-17",
    title: "a direct counter of no table",
    spec: one({}, { directCounters: [counter(0x13000001, "c", { directTableId: 0x02000009 })] }),
  },
  { ids: "INF-18", title: "a negative size", spec: one({ size: -1n }) },
  { ids: "INF-19", title: "an unknown idle timeout behaviour", spec: one({ idleTimeoutBehavior: 2 }) },
  { ids: "INF-20", title: "initial entries, which nobody can install", spec: one({ hasInitialEntries: true }) },
  {
    ids: "INF-21",
    title: "selector properties without selector",
    spec: p4info({ actionProfiles: [profile(0x11000001, "p", { maxGroupSize: 4 })] }),
  },
  {
    ids: ["INF-22", "SFP-32"],
    title: "groups larger than the selector",
    spec: p4info({ actionProfiles: [profile(0x11000001, "p", { withSelector: true, maxGroupSize: 9 })] }),
  },
  {
    ids: "SFP-32",
    title: "groups larger than the device takes",
    spec: p4info({
      actionProfiles: [profile(0x11000001, "p", { withSelector: true, size: 0n, maxGroupSize: 65_537 })],
    }),
  },
  {
    ids: "INF-16",
    title: "tables that share a profile and differ in actions, or in their scopes",
    spec: p4info({
      tables: [[ref(0x01000001)], [ref(0x01000001), ref(0x01000002)], [{ ...ref(0x01000001), scope: 1 }]].map(
        (actionRefs, i) => table(0x02000001 + i, `t${i}`, { actionRefs, implementationId: 0x11000001 }),
      ),
      actions: [a, b],
      actionProfiles: [profile(0x11000001, "p", { tableIds: [0x02000001, 0x02000002, 0x02000003] })],
    }),
  },
  {
    ids: "INF-16",
    title: "a profile whose tables it does not name, and that names one of another",
    spec: p4info({
      tables: [
        table(0x02000001, "t", { implementationId: 0x11000001 }),
        table(0x02000002, "u", { implementationId: 0x11000002 }),
      ],
      actionProfiles: [
        profile(0x11000001, "p", { tableIds: [0x02000002] }),
        profile(0x11000002, "q", { tableIds: [0x02000002] }),
      ],
    }),
  },
  {
    ids: "INF-23",
    title: "a counter without unit",
    spec: p4info({ counters: [counter(0x12000001, "c", { unit: 0 })] }),
  },
  { ids: "INF-24", title: "a meter without unit", spec: p4info({ meters: [meter(0x14000001, "m", { unit: 0 })] }) },
  {
    ids: "INF-24",
    title: "a meter of an unknown type",
    spec: p4info({ meters: [meter(0x14000001, "m", { type: 3 })] }),
  },
  {
    ids: "INF-28",
    title: "more annotation locations than annotations",
    spec: p4info({
      actions: [{ preamble: preamble(0x01000001, "a", { annotations: ["@x"], locations: 2 }), params: [] }],
    }),
  },
  {
    ids: "INF-28",
    title: "a text that is no annotation",
    spec: p4info({ actions: [action(0x01000001, "a", [], ["@x("])] }),
  },
  {
    ids: "INF-29",
    title: "a structured annotation twice",
    spec: p4info({
      actions: [
        {
          preamble: preamble(0x01000001, "a", {
            structured: [
              { name: "x", keys: undefined },
              { name: "x", keys: undefined },
            ],
          }),
          params: [],
        },
      ],
    }),
  },
  {
    ids: "INF-29",
    title: "a key twice in a structured annotation",
    spec: p4info({
      actions: [
        { preamble: preamble(0x01000001, "a", { structured: [{ name: "x", keys: ["k", "l", "k"] }] }), params: [] },
      ],
    }),
  },
  {
    ids: "INF-33",
    title: "more replicas per group than in all",
    spec: p4info({ platform: { multicastGroups: 1, multicastReplicas: 2, replicasPerGroup: 3 } }),
  },
];

const oddities: readonly Row[] = [
  { ids: "VER-02", title: "nothing at all", spec: p4info() },
  {
    ids: "INF-10",
    title: "an empty uri",
    spec: withField({ typeName: "port_id_t", bitwidth: 0, match: matchType.exact }, { newTypes: portText }),
  },
  { ids: ["INF-14", "VER-02"], title: "no initial default action", spec: one({ constDefaultActionId: 0x01000001 }) },
  {
    ids: ["INF-34", "INF-36"],
    title: "annotations nobody knows",
    spec: p4info({
      actions: [action(0x01000001, "a", [], ["@sai_thing(x)", "@proto_id(1)", '@brief("b")', "@match"])],
    }),
  },
  {
    ids: ["INF-28", "INF-31"],
    title: "no annotation locations",
    spec: p4info({ actions: [action(0x01000001, "a", [], ["@x", "@y"])] }),
  },
  {
    ids: "INF-03",
    title: "ids of match fields, parameters and metadata that are used elsewhere, large or with any prefix",
    spec: one({ matchFields: [matchField(0x01000001, "f"), matchField(0xffffffff, "g"), matchField(1, "p")] }),
  },
  {
    ids: "INF-05",
    title: "a table and an action with one name, and objects without alias",
    spec: p4info({
      tables: [table(0x02000001, "a")],
      actions: [
        a,
        { preamble: preamble(0x01000002, "x", { alias: "" }), params: [] },
        { preamble: preamble(0x01000003, "y", { alias: "" }), params: [] },
      ],
    }),
  },
  {
    ids: ["INF-22", "VER-02"],
    title: "a selector without semantics, and without limits",
    spec: p4info({ actionProfiles: [profile(0x11000001, "p", { withSelector: true, size: 0n, maxGroupSize: 9 })] }),
  },
  {
    ids: "INF-33",
    title: "replicas per group without a total",
    spec: p4info({ platform: { multicastGroups: 0, multicastReplicas: 0, replicasPerGroup: 3 } }),
  },
  {
    ids: "INF-14",
    title: "an initial default whose argument has leading zeros",
    spec: one({ initialDefaultAction: call([[1, "0000ff"]]) }),
  },
  {
    ids: "INF-27",
    title: "an extern with its own prefix",
    spec: p4info({ externs: [{ typeId: 0xfe, typeName: "X", instances: [preamble(0xfe000001, "x")] }] }),
  },
];

describe("what a P4Info must hold", () => {
  for (const { ids, title, spec } of violations)
    requirement(ids, `${title} is refused`, () => {
      assert.notDeepEqual(verifyP4Info(spec), []);
      assert.throws(
        () => indexP4Info(spec),
        (error) => error instanceof StatusError && error.status.code === Code.INVALID_ARGUMENT,
      );
    });

  it("is refused in words that name object and value", () => {
    const lines = violations.map(
      ({ title, spec }) =>
        `${title}:\n${verifyP4Info(spec)
          .map((text) => `  ${text.replace(/(.{200}).*/, "$1…")}\n`)
          .join("")}`,
    );
    golden("pipeline/violations.txt", lines.join(""));
  });

  for (const { ids, title, spec } of oddities)
    requirement(ids, `takes ${title}`, () => {
      assert.deepEqual(verifyP4Info(spec), []);
      indexP4Info(spec);
    });

  it("names twenty problems and counts the others, however long their names are", () => {
    const name = "n".repeat(100_000);
    const spec = p4info({ actions: Array.from({ length: 50 }, (_, i) => action(0x02000000 + i, `${name}${i}`)) });
    assert.throws(
      () => indexP4Info(spec),
      (error) => error instanceof StatusError && error.message.length < 10_000 && error.message.endsWith("and 30 more"),
    );
  });
});
