import assert from "node:assert/strict";
import fc from "fast-check";
import { StatusError } from "../../../src/base/status.js";
import { finish } from "../../../src/base/steps.js";
import type { P4InfoSpec } from "../../../src/pipeline/p4info.js";
import { buildProgram, type P4InfoSource } from "../../../src/switch/program.js";
import { ByteWriter } from "../../../src/wire/byte-writer.js";
import { tagOf, WireType } from "../../../src/wire/wire-type.js";
import { EncodedP4Info } from "../../../src/wire/p4info-source.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { loadP4Info } from "../../support/p4info.js";
import {
  action,
  counter,
  field,
  header,
  matchField,
  p4info,
  preamble,
  profile,
  ref,
  table,
} from "../../support/p4info-spec.js";
import { programOptions, sourceOf } from "../../support/program-options.js";

type Policy = "refuse" | "store";

/** "built", or the message; anything but a StatusError is a failure of the test. */
function buildUnder(unboundTables: Policy, p4info: P4InfoSource): string {
  try {
    const config = { p4info, deviceConfig: new Uint8Array(0), cookie: undefined };
    finish(buildProgram(config, programOptions({ unboundTables })));
    return "built";
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    assert.ok(error.message.isWellFormed(), "half a character");
    return error.message;
  }
}

const build = (p4info: P4InfoSource) => [buildUnder("refuse", p4info), buildUnder("store", p4info)];

/** One change to bytes: replace a part by other bytes, or by a copy of another part. */
const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(200)),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.record({ from: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(400) }),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutated(source: Uint8Array, changes: typeof edits extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  let bytes = Buffer.from(source);
  for (const { at, drop, insert } of changes) {
    const from = Math.floor(at * bytes.length);
    const part =
      insert instanceof Uint8Array
        ? insert
        : bytes.subarray(
            Math.floor(insert.from * bytes.length),
            Math.floor(insert.from * bytes.length) + insert.length,
          );
    bytes = Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(from + drop)]);
  }
  return bytes;
}

const names = fc.constantFrom(
  "a",
  "ttl",
  "x.y",
  "constructor",
  "__proto__",
  "toString",
  "hdr.ipv4.isValid()",
  "NoAction",
  "drop",
  "packet_in",
  "packet_out",
  "ingress_port",
  "egress_port",
  "",
  "😀".repeat(400),
  `a${"😀".repeat(400)}`,
);
const types = fc.constantFrom(undefined, undefined, "port_id_t", "__proto__", "constructor", "enum_t", "nothing_t");
const annotations = fc.array(
  fc.oneof(
    fc.constantFrom(
      "@sai_acl(INGRESS)",
      "@sai_acl(EGRESS)",
      "@sai_acl",
      "@sai_acl_priority(5)",
      "@sai_acl_priority(x)",
      "@sai_field(SAI_ACL_TABLE_ATTR_FIELD_TTL)",
      "@sai_field(__proto__)",
      "@composite_field(constructor)",
      "@sai_udf",
      "@sai_action(SAI_PACKET_ACTION_TRAP)",
      "@sai_action(constructor, __proto__)",
      "@sai_action_param(QOS_QUEUE)",
      "@unsupported",
      '@p4runtime_role("r")',
      '@entry_restriction("a == 1")',
      '@entry_restriction("")',
      "@entry_restriction",
      `@entry_restriction("${"😀".repeat(60)}a${"😀".repeat(60)}")`,
      `@entry_restriction("a${"😀".repeat(60)} == ")`,
      '@action_restriction("a::mask != 3")',
    ),
    fc.string({ unit: "binary" }).map((text) => `@x(${text})`),
    fc.string({ unit: "binary" }),
  ),
  { maxLength: 2 },
);
const id = (prefix: number) =>
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }).map((n) => prefix * 2 ** 24 + n) }, fc.nat());
const small = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.nat());
const annotated = annotations.map((list) => ({ annotations: list }));
const widths = fc.oneof(fc.constantFrom(0, 1, 8, 9, 12, 16, 32, 48, 64, 128), fc.integer({ min: -1, max: 3000 }));

const head = (prefix: number) =>
  fc.tuple(id(prefix), names, annotated).map(([number, name, more]) => preamble(number, name, more));
const fields = fc.array(
  fc
    .tuple(small, names, widths, types, annotated)
    .map(([n, name, bitwidth, typeName, more]) => field(n, name, { bitwidth, typeName, ...more })),
  { maxLength: 3 },
);
const calls = fc.option(
  fc.record({
    actionId: id(1),
    args: fc.array(fc.record({ paramId: small, value: fc.uint8Array({ maxLength: 3 }) }), { maxLength: 3 }),
  }),
  { nil: undefined, freq: 3 },
);
const tables = fc.record({
  preamble: head(2),
  matchFields: fc.array(
    fc
      .tuple(
        small,
        names,
        widths,
        types,
        fc.option(fc.oneof(fc.integer({ min: 2, max: 6 }), small, names), { nil: undefined, freq: 20 }),
        annotated,
      )
      .map(([n, name, bitwidth, typeName, match, more]) => matchField(n, name, { bitwidth, typeName, match, ...more })),
    { maxLength: 3 },
  ),
  actionRefs: fc.array(
    fc.tuple(id(1), small, annotated).map(([n, scope, more]) => ref(n, { scope, ...more })),
    { maxLength: 3 },
  ),
  constDefaultActionId: fc.oneof(fc.constant(0), id(1)),
  initialDefaultAction: calls,
  implementationId: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, id(0x11)),
  directResourceIds: fc.array(fc.oneof(id(0x13), id(0x15)), { maxLength: 2 }),
  size: fc.bigInt(-1n, 2n ** 63n - 1n),
  idleTimeoutBehavior: small,
  isConstTable: fc.boolean(),
  hasInitialEntries: fc.constant(false),
});
const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 2 });
const specs: fc.Arbitrary<P4InfoSpec> = fc
  .record({
    tables: few(tables),
    actions: few(fc.record({ preamble: head(1), params: fields })),
    directCounters: few(
      fc
        .tuple(head(0x13), small, id(2))
        .map(([p, unit, directTableId]) => ({ ...counter(1, "c"), preamble: p, unit, directTableId })),
    ),
    actionProfiles: few(head(0x11).map((p) => ({ ...profile(1, "p"), preamble: p }))),
    packetHeaders: few(fc.tuple(head(4), fields).map(([p, metadata]) => ({ preamble: p, metadata }))),
    newTypes: fc.constantFrom(
      new Map(),
      new Map([["port_id_t", { kind: "translated-string", uri: "" } as const]]),
      new Map([["__proto__", { kind: "translated", uri: "p4.org/psa/v1/PortId_t", sdnBitwidth: 9 } as const]]),
      new Map([["constructor", { kind: "original" } as const]]),
    ),
    serializableEnums: fc.constantFrom(new Map(), new Map([["enum_t", 8]])),
  })
  .map(p4info);

/** So many of what a test is about. */
const many = fuzzRuns(20_000);
const indices = Array.from({ length: many }, (_, i) => i);
const a = action(0x01000001, "a");
const actions = indices.map((i) => action(0x01000001 + i, `a${i}`));
const params = indices.map((i) => field(i + 1, `p${i}`));
const counters = indices.map((i) => counter(0x13000001 + i, `c${i}`, { directTableId: 0x02000001 }));

/** P4Infos of which one part is large; each took quadratic time, or would if somebody searched in a list. */
const large: readonly (readonly [string, () => P4InfoSpec])[] = [
  [
    "tables",
    () =>
      p4info({
        tables: indices.map((i) => table(0x02000001 + i, `t${i}`, { actionRefs: [ref(0x01000001)] })),
        actions: [a],
      }),
  ],
  [
    "tables and actions",
    () =>
      p4info({
        tables: indices.map((i) =>
          table(0x02000001 + i, `t${i}`, {
            initialDefaultAction: { actionId: 0x01000001 + i, args: [] },
            actionRefs: [ref(0x01000001 + i)],
          }),
        ),
        actions,
      }),
  ],
  [
    "actions of one table",
    () =>
      p4info({ tables: [table(0x02000001, "t", { actionRefs: indices.map((i) => ref(0x01000001 + i)) })], actions }),
  ],
  [
    "match fields of one table",
    () => p4info({ tables: [table(0x02000001, "t", { matchFields: indices.map((i) => matchField(i + 1, `f${i}`)) })] }),
  ],
  [
    "LPM fields of one table",
    () =>
      p4info({
        tables: [
          table(0x02000001, "t", {
            matchFields: indices.map((i) =>
              matchField(i + 1, `f${i}`, { match: 3, annotations: ["@sai_field(DST_IP)"], bitwidth: 32 }),
            ),
          }),
        ],
      }),
  ],
  [
    "parameters of an initial default",
    () =>
      p4info({
        tables: [
          table(0x02000001, "t", {
            actionRefs: [ref(0x01000001)],
            initialDefaultAction: {
              actionId: 0x01000001,
              args: indices.map((i) => ({ paramId: i + 1, value: Uint8Array.of(1) })),
            },
          }),
        ],
        actions: [action(0x01000001, "drop", params)],
      }),
  ],
  [
    "direct counters of one table",
    () =>
      p4info({
        tables: [table(0x02000001, "t", { directResourceIds: counters.map(({ preamble: { id } }) => id) })],
        directCounters: counters,
      }),
  ],
  [
    "direct counters",
    () =>
      p4info({
        tables: indices.map((i) => table(0x02000001 + i, `t${i}`, { directResourceIds: [0x13000001 + i] })),
        directCounters: indices.map((i) => counter(0x13000001 + i, `c${i}`, { directTableId: 0x02000001 + i })),
      }),
  ],
  [
    "tables with one action of so many annotations",
    () =>
      p4info({
        tables: indices.map((i) => table(0x02000001 + i, `t${i}`, { actionRefs: [ref(0x01000001)] })),
        actions: [
          action(
            0x01000001,
            "a",
            [],
            indices.map(() => "@a"),
          ),
        ],
      }),
  ],
  [
    "annotations of one table",
    () =>
      p4info({
        tables: [
          table(0x02000001, "t", {
            preamble: preamble(0x02000001, "t", { annotations: indices.map(() => "@sai_acl_priority(1)") }),
          }),
          table(0x02000002, "u"),
        ],
      }),
  ],
  [
    "profiles",
    () =>
      p4info({
        tables: indices.map((i) => table(0x02000001 + i, `t${i}`, { implementationId: 0x11000001 + i })),
        actionProfiles: indices.map((i) => profile(0x11000001 + i, `p${i}`)),
      }),
  ],
  ["metadata fields", () => p4info({ packetHeaders: [header(0x04000001, "packet_out", params)] })],
  ["types", () => withTypes()],
];

function withTypes(): P4InfoSpec {
  const newTypes = new Map(indices.map((i) => [`t${i}`, { kind: "translated", uri: "", sdnBitwidth: 8 } as const]));
  return p4info({
    newTypes,
    actions: [
      action(
        0x01000001,
        "a",
        indices.map((i) => field(i + 1, `p${i}`, { typeName: `t${i}` })),
      ),
    ],
  });
}

describe("a hostile P4Info", () => {
  for (const name of ["wbb", "middleblock"] as const)
    it(`of changed bytes of ${name} gives a program or a status`, function () {
      this.timeout(600_000);
      const source = loadP4Info(name);
      const outcomes = { built: 0, refused: 0 };
      fc.assert(
        fc.property(edits, (changes) => {
          const pushed = new EncodedP4Info(mutated(source, changes));
          const [, stored] = build(pushed);
          if (stored === "built") assert.equal(pushed.fingerprint(), new EncodedP4Info(pushed.bytes).fingerprint());
          outcomes[stored === "built" ? "built" : "refused"]++;
        }),
        { numRuns: fuzzRuns(name === "wbb" ? 300 : 60) },
      );
      assert.ok(outcomes.refused > 0, JSON.stringify(outcomes));
    });

  it("of random parts gives a program or a status of bounded length", function () {
    this.timeout(600_000);
    let built = 0;
    fc.assert(
      fc.property(specs, (spec) => {
        for (const text of build(sourceOf(spec, "x"))) {
          if (text === "built") built++;
          else assert.ok(text.length < 50_000);
        }
      }),
      { numRuns: fuzzRuns(500) },
    );
    assert.ok(built > 0);
  });

  it("nested deeper than anything sensible is refused", () => {
    let nested = new Uint8Array(0);
    for (let depth = 0; depth < 2000; depth++) {
      const writer = new ByteWriter();
      writer.bytesField(tagOf(1, WireType.delimited), nested);
      nested = Uint8Array.from(writer.take());
    }
    assert.ok(build(new EncodedP4Info(nested)).every((text) => text.length > 0));
  });

  for (const [what, spec] of large)
    it(`with very many ${what} takes a time that grows with their number`, function () {
      this.timeout(120_000);
      const source = sourceOf(spec(), "x");
      const before = process.cpuUsage();
      buildUnder("store", source);
      const tookMs = process.cpuUsage(before).user / 1000; // of this process, so that others do not count
      assert.ok(tookMs < 1000 + many / 4, `${Math.round(tookMs)} ms for ${many}`);
    });
});
