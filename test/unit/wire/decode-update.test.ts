/** Updates from bytes to drafts, one piece: every row speaks of the same tables. */
import assert from "node:assert/strict";
import { decodeWriteRequest } from "../../../src/wire/decode-write.js";
import type { Update } from "../../../src/entity/update.js";
import { toLong } from "../../../src/wire/int64.js";
import {
  draftOf,
  call,
  counts,
  entry,
  exact,
  hex,
  lpm,
  meter,
  optional,
  outcome,
  ternary,
  update,
  writeBytes,
  type Entity,
  type SentUpdate,
  type TableAction,
  type TableEntry,
  type UpdateKind,
} from "../../support/entities.js";
import {
  actions,
  counterId,
  indexedCounter,
  indexedMeter,
  meterId,
  schemaOf,
  shapes,
  tables,
} from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";

const schema = schemaOf(shapes);
const kinds: readonly UpdateKind[] = ["insert", "modify", "delete"];

function decode(sent: SentUpdate): Update {
  return decodeWriteRequest(writeBytes(sent)).updates.decode(0, schema);
}

/** What becomes of `entity` per update type. */
function outcomes(entity: Entity): readonly string[] {
  return kinds.map((kind) => outcome(() => decode(update(kind, entity))));
}

const bad = "INVALID_ARGUMENT";
const denied = "PERMISSION_DENIED";
const later = "UNIMPLEMENTED";
const mac = (value = "02") => [exact(1, value)];
const drop = call(actions.drop);
const acl = (rest: Omit<TableEntry, "tableId"> = {}) => entry(tables.acl, { priority: 1, action: drop, ...rest });
const idle = (ns: number) => toLong(BigInt(ns), "int64");
const twice = { param: { paramId: 1, value: hex("01") } }.param;

interface Row {
  readonly ids: readonly string[];
  readonly name: string;
  readonly tableEntry: TableEntry;
  /** Of INSERT, MODIFY and DELETE, or of all three. */
  readonly want: string | readonly [string, string, string];
}

const identity: readonly Row[] = [
  { ids: ["WRT-16"], name: "without table", tableEntry: { action: drop }, want: bad },
  { ids: ["WRT-17", "AMB-22"], name: "of a table the P4Info lacks", tableEntry: entry(99), want: bad },
  { ids: ["WRT-17"], name: "whose table is an action", tableEntry: { tableId: actions.drop }, want: bad },
  { ids: ["TBL-01"], name: "that is well-formed", tableEntry: acl(), want: "OK" },
  { ids: ["TBL-05"], name: "without priority on a ternary table", tableEntry: acl({ priority: 0 }), want: bad },
  {
    ids: ["TBL-05"],
    name: "without priority on a range table",
    tableEntry: entry(tables.ranges, { action: drop }),
    want: bad,
  },
  {
    ids: ["TBL-05"],
    name: "without priority on an optional table",
    tableEntry: entry(tables.widths, { action: drop }),
    want: bad,
  },
  {
    ids: ["TBL-06"],
    name: "with priority on an exact table",
    tableEntry: entry(tables.hosts, { match: mac(), priority: 1, action: drop }),
    want: bad,
  },
  {
    ids: ["TBL-06"],
    name: "with priority on an LPM table",
    tableEntry: entry(tables.routes, { match: [lpm(1, "0a000000", 8)], priority: 1, action: drop }),
    want: bad,
  },
  {
    ids: ["TBL-07"],
    name: "without priority on a mixed table",
    tableEntry: entry(tables.mixed, { match: [exact(1, "01")], action: drop }),
    want: bad,
  },
  { ids: ["TBL-08"], name: "with negative priority", tableEntry: acl({ priority: -1 }), want: bad },
  {
    ids: ["TBL-08"],
    name: "with negative priority on an exact table",
    tableEntry: entry(tables.hosts, { match: mac(), priority: -1, action: drop }),
    want: bad,
  },
  {
    ids: ["TBL-11"],
    name: "with a match on a keyless table",
    tableEntry: entry(tables.keyless, { action: drop }),
    want: bad,
  },
  {
    ids: ["TBL-12", "WRT-15", "DIR-20"],
    name: "full of rubbish beside its key",
    tableEntry: acl({
      action: call(99),
      idleTimeoutNs: idle(-1),
      metadata: hex("ff"),
      meterConfig: meter({ cir: -1 }),
      counterData: counts(-1, 0),
      timeSinceLastHit: {},
    }),
    want: [bad, bad, "OK"],
  },
  { ids: ["TBL-19"], name: "that says it is constant", tableEntry: acl({ isConst: true }), want: bad },
  { ids: ["TBL-20", "ACT-15"], name: "without action", tableEntry: acl({ action: null }), want: [bad, "OK", "OK"] },
  { ids: ["TBL-21"], name: "with an empty match", tableEntry: acl({ match: [] }), want: "OK" },
  {
    ids: ["TBL-22", "IDL-02"],
    name: "with time_since_last_hit",
    tableEntry: acl({ timeSinceLastHit: {} }),
    want: [bad, bad, "OK"],
  },
];

const action: readonly Row[] = [
  {
    ids: ["ACT-01"],
    name: "with a member on a direct table",
    tableEntry: acl({ action: { actionProfileMemberId: 1 } }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-01"],
    name: "with a group on a direct table",
    tableEntry: acl({ action: { actionProfileGroupId: 1 } }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-01"],
    name: "with an action set on a direct table",
    tableEntry: acl({ action: { actionProfileActionSet: {} } }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-02"],
    name: "with an action on a table of members",
    tableEntry: entry(tables.members, { match: mac(), action: drop }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-02"],
    name: "with a group on a table of members",
    tableEntry: entry(tables.members, { match: mac(), action: { actionProfileGroupId: 1 } }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-02"],
    name: "with an action set on a table of members",
    tableEntry: entry(tables.members, { match: mac(), action: { actionProfileActionSet: {} } }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-02"],
    name: "with a member on a table of members",
    tableEntry: entry(tables.members, { match: mac(), action: { actionProfileMemberId: 1 } }),
    want: "OK",
  },
  {
    ids: ["ACT-03"],
    name: "with an action on a table with selector",
    tableEntry: entry(tables.selector, { match: mac(), action: drop }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-03"],
    name: "with an action set on a table with selector",
    tableEntry: entry(tables.selector, { match: mac(), action: { actionProfileActionSet: {} } }),
    want: "OK",
  },
  {
    ids: ["ACT-18"],
    name: "with member 0",
    tableEntry: entry(tables.members, { match: mac(), action: { actionProfileMemberId: 0 } }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-18"],
    name: "with group 0",
    tableEntry: entry(tables.selector, { match: mac(), action: { actionProfileGroupId: 0 } }),
    want: [bad, bad, "OK"],
  },
  { ids: ["ACT-04"], name: "with an empty action", tableEntry: acl({ action: {} }), want: [bad, bad, "OK"] },
  {
    ids: ["ACT-05"],
    name: "with an action the P4Info lacks",
    tableEntry: acl({ action: call(99) }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-05"],
    name: "with an action without id",
    tableEntry: acl({ action: { action: {} } }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-05"],
    name: "with another table's action",
    tableEntry: acl({ action: call(actions.output, "01") }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-06", "AMB-38"],
    name: "with a default-only action",
    tableEntry: acl({ action: call(actions.noAction) }),
    want: [denied, denied, "OK"],
  },
  {
    ids: ["ACT-07"],
    name: "that is the default with a table-only action",
    tableEntry: entry(tables.scoped, { isDefaultAction: true, action: drop }),
    want: [bad, denied, bad],
  },
  {
    ids: ["ACT-07"],
    name: "with a table-only action",
    tableEntry: entry(tables.scoped, { match: mac(), action: drop }),
    want: "OK",
  },
  {
    ids: ["ACT-08"],
    name: "with an action for groups",
    tableEntry: entry(tables.scoped, { match: mac(), action: call(actions.trap) }),
    want: [denied, denied, "OK"],
  },
  {
    ids: ["ACT-08"],
    name: "that is the default with an action for groups",
    tableEntry: entry(tables.scoped, { isDefaultAction: true, action: call(actions.trap) }),
    want: [bad, denied, bad],
  },
  {
    ids: ["ACT-10"],
    name: "whose action lacks a parameter",
    tableEntry: setter(call(actions.set, "01")),
    want: [bad, bad, bad],
  },
  {
    ids: ["ACT-10"],
    name: "whose action has all its parameters",
    tableEntry: setter(call(actions.set, "0101", "00ffff")),
    want: [bad, "OK", bad],
  },
  {
    ids: ["ACT-11"],
    name: "whose action has one parameter more",
    tableEntry: setter(call(actions.set, "01", "02", "03")),
    want: [bad, bad, bad],
  },
  {
    ids: ["ACT-11"],
    name: "whose parameter has no id",
    tableEntry: setter({ action: { actionId: actions.set, params: [{ value: hex("01") }] } }),
    want: [bad, bad, bad],
  },
  {
    ids: ["ACT-12"],
    name: "whose action has a parameter twice",
    tableEntry: setter({ action: { actionId: actions.set, params: [twice, twice, { paramId: 2, value: hex("01") }] } }),
    want: [bad, bad, bad],
  },
  {
    ids: ["ACT-13"],
    name: "whose parameter is empty",
    tableEntry: setter(call(actions.set, "", "01")),
    want: [bad, bad, bad],
  },
  {
    ids: ["ACT-13"],
    name: "whose parameter is too wide",
    tableEntry: setter(call(actions.set, "0200", "01")),
    want: [bad, bad, bad],
  },
  {
    ids: ["ACT-17", "TRN-05"],
    name: "whose parameter is no port",
    tableEntry: entry(tables.textPorts, {
      match: [exact(1, "31")],
      priority: 1,
      action: call(actions.send, "39", "01"),
    }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["ACT-17"],
    name: "whose parameter is no port number",
    tableEntry: entry(tables.numberPorts, { match: [exact(1, "01")], priority: 1, action: call(actions.output, "09") }),
    want: [bad, bad, "OK"],
  },
];

/** The default entry of the keyless table; it can only be modified. */
function setter(given: TableAction): TableEntry {
  return entry(tables.keyless, { isDefaultAction: true, action: given });
}

const routesDefault = (rest: Omit<TableEntry, "tableId"> = {}) =>
  entry(tables.routes, { isDefaultAction: true, ...rest });
const fixed = (rest: Omit<TableEntry, "tableId"> = {}) => entry(tables.fixed, { match: mac(), ...rest });

const special: readonly Row[] = [
  {
    ids: ["DEF-01", "DEF-02", "DEF-05", "DEF-08"],
    name: "that is the default",
    tableEntry: routesDefault({ action: drop }),
    want: [bad, "OK", bad],
  },
  { ids: ["DEF-06"], name: "that is the default, without action", tableEntry: routesDefault(), want: [bad, "OK", bad] },
  {
    ids: ["DEF-03"],
    name: "that is the default, with a match",
    tableEntry: routesDefault({ match: [lpm(1, "0a000000", 8)], action: drop }),
    want: bad,
  },
  {
    ids: ["DEF-04"],
    name: "that is the default, with priority",
    tableEntry: routesDefault({ priority: 1, action: drop }),
    want: bad,
  },
  {
    ids: ["DEF-04"],
    name: "that is the default of a ternary table, with priority",
    tableEntry: entry(tables.singleRate, { isDefaultAction: true, priority: 1, action: drop }),
    want: bad,
  },
  {
    ids: ["DEF-07", "AMB-45"],
    name: "that is the constant default",
    tableEntry: entry(tables.acl, { isDefaultAction: true, action: drop }),
    want: [bad, denied, bad],
  },
  {
    ids: ["DEF-07"],
    name: "that is the constant default, without action",
    tableEntry: entry(tables.acl, { isDefaultAction: true }),
    want: [bad, denied, bad],
  },
  {
    ids: ["DEF-09", "AMB-53"],
    name: "that is the default of an indirect table",
    tableEntry: entry(tables.members, { isDefaultAction: true, action: drop }),
    want: [bad, denied, bad],
  },
  {
    ids: ["DEF-10"],
    name: "that is the default, with idle timeout",
    tableEntry: entry(tables.aging, { isDefaultAction: true, action: drop, idleTimeoutNs: idle(1) }),
    want: [bad, bad, bad],
  },
  {
    ids: ["DEF-10"],
    name: "that is the default, with time_since_last_hit",
    tableEntry: entry(tables.aging, { isDefaultAction: true, action: drop, timeSinceLastHit: {} }),
    want: [bad, bad, bad],
  },
  {
    ids: ["CON-01", "CON-02", "CON-03", "AMB-37"],
    name: "of a constant table",
    tableEntry: fixed({ action: drop }),
    want: denied,
  },
  {
    ids: ["CON-01", "CON-02"],
    name: "of a constant table, malformed",
    tableEntry: fixed({ match: [], action: drop }),
    want: denied,
  },
  {
    ids: ["CON-04", "AMB-37"],
    name: "of a constant table, without action",
    tableEntry: fixed({ meterConfig: meter({ cir: 1 }) }),
    want: [denied, "OK", denied],
  },
  {
    ids: ["CON-05", "AMB-59"],
    name: "that is the default of a constant table",
    tableEntry: entry(tables.fixed, { isDefaultAction: true, action: drop }),
    want: [bad, "OK", bad],
  },
  {
    ids: ["IDL-01", "AMB-39"],
    name: "with idle timeout where there is none",
    tableEntry: acl({ idleTimeoutNs: idle(1) }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["IDL-12"],
    name: "with a negative idle timeout",
    tableEntry: entry(tables.aging, { match: mac(), action: drop, idleTimeoutNs: idle(-1) }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["DIR-11", "DIR-12"],
    name: "with counters per meter colour of zero",
    tableEntry: acl({ meterCounterData: { green: counts(0, 0), red: {} } }),
    want: ["OK", "OK", "OK"],
  },
  ...(["green", "yellow", "red"] as const).map((colour): Row => ({
    ids: ["DIR-11", "DIR-12"],
    name: `with a counter of ${colour} frames`,
    tableEntry: acl({ meterCounterData: { [colour]: counts(0, 1) } }),
    want: [bad, bad, "OK"],
  })),
  {
    ids: ["DIR-15"],
    name: "with a meter the table lacks",
    tableEntry: entry(tables.hosts, { match: mac(), action: drop, meterConfig: {} }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["DIR-15"],
    name: "with a counter the table lacks",
    tableEntry: entry(tables.hosts, { match: mac(), action: drop, counterData: {} }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["DIR-15"],
    name: "with counters per colour of a meter the table lacks",
    tableEntry: entry(tables.hosts, { match: mac(), action: drop, meterCounterData: {} }),
    want: [bad, bad, "OK"],
  },
  {
    ids: ["CTR-25"],
    name: "with a negative counter",
    tableEntry: acl({ counterData: counts(0, -1) }),
    want: [bad, bad, "OK"],
  },
];

for (const [what, rows] of Object.entries({ identity, action, special }))
  describe(`a table entry's ${what === "special" ? "special case" : what}`, () => {
    for (const { ids, name, tableEntry, want } of rows)
      requirement(ids, `an entry ${name} gives ${[want].flat().join(", ")}`, () =>
        assert.deepEqual(outcomes({ tableEntry }), typeof want === "string" ? [want, want, want] : want),
      );
  });

describe("an idle timeout", () => {
  const aging = (ns: number) => entry(tables.aging, { match: mac(), action: drop, idleTimeoutNs: idle(ns) });

  const withTimeout = (idleTimeoutNs: bigint) =>
    entry(tables.aging, { match: mac(), action: drop, idleTimeoutNs: toLong(idleTimeoutNs, "int64") });
  for (const ns of [0n, 1n, 300_000_000n, 2n ** 63n - 1n])
    requirement(["IDL-04", "IDL-05"], `of ${ns} ns is taken as it is`, () => {
      const decoded = draftOf(
        decodeWriteRequest(writeBytes(update("insert", { tableEntry: withTimeout(ns) }))).updates.decode(0, schema),
      );
      assert.equal(decoded.idleTimeoutNs, ns);
    });

  it("of zero is none", () => {
    assert.deepEqual(outcomes({ tableEntry: aging(0) }), ["OK", "OK", "OK"]);
  });
});

describe("a meter configuration", () => {
  const plain = { cir: 10, cburst: 20, pir: 10, pburst: 20 };
  for (const { ids, at, config, want } of [
    { ids: ["MTR-02"], at: tables.acl, config: { ...plain, eburst: 1 }, want: bad },
    { ids: ["MTR-03", "AMB-40"], at: tables.acl, config: { cir: 30, cburst: 1, pir: 2, pburst: 0 }, want: "OK" },
    { ids: ["MTR-04"], at: tables.singleRate, config: { ...plain, eburst: 5 }, want: "OK" },
    { ids: ["MTR-04"], at: tables.singleRate, config: { ...plain, pir: 11 }, want: bad },
    { ids: ["MTR-04"], at: tables.singleRate, config: { ...plain, pburst: 21 }, want: bad },
    { ids: ["MTR-05"], at: tables.twoColor, config: { ...plain, eburst: 1 }, want: bad },
    { ids: ["MTR-05"], at: tables.twoColor, config: { ...plain, pir: 11 }, want: bad },
    { ids: ["MTR-05"], at: tables.twoColor, config: { ...plain, pburst: 21 }, want: bad },
    { ids: ["MTR-06", "AMB-40"], at: tables.acl, config: { cir: -1 }, want: bad },
    { ids: ["MTR-06"], at: tables.acl, config: { ...plain, pburst: -1 }, want: bad },
    { ids: ["MTR-06"], at: tables.singleRate, config: { ...plain, eburst: -1 }, want: bad },
    { ids: ["MTR-28"], at: tables.acl, config: plain, want: "OK" },
    { ids: ["MTR-28"], at: tables.singleRate, config: plain, want: "OK" },
    { ids: ["MTR-28"], at: tables.twoColor, config: plain, want: "OK" },
  ] as const)
    requirement(ids, `${JSON.stringify(config)} gives ${want} on table ${at}`, () => {
      const key = entry(at, { priority: 1 });
      const inEntry = { ...key, action: drop, meterConfig: meter(config) };
      const direct = { tableEntry: key, config: meter(config) };
      assert.equal(
        outcome(() => decode(update("insert", { tableEntry: inEntry }))),
        want,
      );
      assert.equal(
        outcome(() => decode(update("modify", { tableEntry: inEntry }))),
        want,
      );
      assert.equal(
        outcome(() => decode(update("modify", { directMeterEntry: direct }))),
        want,
      );
    });
});

describe("an entity beside table entries", () => {
  const key = entry(tables.acl, { priority: 1 });
  const direct = (tableEntry: TableEntry) => [
    { directCounterEntry: { tableEntry } },
    { directMeterEntry: { tableEntry } },
  ];
  for (const { ids, name, entities, want } of [
    {
      ids: ["CTR-01", "MTR-01"],
      name: "of a direct resource can only be modified",
      entities: direct(key),
      want: [bad, "OK", bad],
    },
    {
      ids: ["CTR-01", "MTR-01"],
      name: "of an indexed resource can only be modified",
      entities: [{ counterEntry: { counterId: indexedCounter } }, { meterEntry: { meterId: indexedMeter } }],
      want: [bad, "OK", bad],
    },
    {
      ids: ["CTR-04", "MTR-11"],
      name: "of a direct resource needs its table entry",
      entities: [{ directCounterEntry: {} }, { directMeterEntry: {} }],
      want: [bad, bad, bad],
    },
    {
      ids: ["CTR-06", "TBL-05"],
      name: "of a direct resource needs the priority of its entry",
      entities: direct(entry(tables.acl)),
      want: [bad, bad, bad],
    },
    {
      ids: ["CTR-06", "MTR-12"],
      name: "of a direct resource ignores the action in its key",
      entities: direct({ ...key, action: call(99) }),
      want: [bad, "OK", bad],
    },
    {
      ids: ["CTR-07", "MTR-13"],
      name: "of a direct resource is refused where the table has none",
      entities: direct(entry(tables.hosts, { match: mac() })),
      want: [bad, bad, bad],
    },
    {
      ids: ["CTR-12", "MTR-27", "AMB-45"],
      name: "of a direct resource may be in a constant table or a constant default",
      entities: [...direct(fixed()), ...direct(entry(tables.acl, { isDefaultAction: true }))],
      want: [bad, "OK", bad],
    },
    {
      ids: ["CTR-22"],
      name: "that is indexed does not take the id of a direct resource",
      entities: [
        { counterEntry: { counterId: counterId(tables.acl) } },
        { meterEntry: { meterId: meterId(tables.acl) } },
      ],
      want: [bad, bad, bad],
    },
    {
      ids: ["WRT-16", "WRT-17"],
      name: "that is indexed needs an id of its kind",
      entities: [{ counterEntry: {} }, { meterEntry: { meterId: indexedCounter } }],
      want: [bad, bad, bad],
    },
    {
      ids: ["CTR-25"],
      name: "that is a counter is never negative",
      entities: [{ directCounterEntry: { tableEntry: key, data: counts(-1, 0) } }],
      want: [bad, bad, bad],
    },
    {
      ids: ["MTR-21"],
      name: "that is a meter may clear its counters per colour",
      entities: [
        { directMeterEntry: { tableEntry: key, counterData: {} } },
        { meterEntry: { meterId: indexedMeter, counterData: { yellow: counts(0, 0) } } },
      ],
      want: [bad, "OK", bad],
    },
    {
      ids: ["MTR-22"],
      name: "that is a meter sets no counters per colour",
      entities: [
        { directMeterEntry: { tableEntry: key, counterData: { yellow: counts(1, 0) } } },
        { meterEntry: { meterId: indexedMeter, counterData: { red: counts(0, -1) } } },
      ],
      want: [bad, bad, bad],
    },
    {
      ids: ["WRT-18"],
      name: "of a kind we lack is refused by itself",
      entities: [{ registerEntry: {} }, { digestEntry: {} }, { valueSetEntry: {} }, { externEntry: {} }],
      want: [later, later, later],
    },
    { ids: ["WRT-08"], name: "that is none is refused", entities: [{}], want: [bad, bad, bad] },
  ] as const)
    requirement(ids, name, () => {
      for (const entity of entities) assert.deepEqual(outcomes(entity), want);
    });

  requirement("WRT-07", "needs an update type", () => {
    for (const type of [0, 4, -1])
      assert.equal(
        outcome(() => decode({ type, entity: { tableEntry: acl() } })),
        bad,
      );
  });
  requirement("WRT-08", "must be there", () => {
    assert.equal(
      outcome(() => decode({ type: 1 })),
      bad,
    );
  });
});

describe("a decoded entry", () => {
  requirement(["TBL-16", "TBL-17", "BYT-16"], "has both kinds of metadata as they were sent", () => {
    const controllerMetadata = toLong(2n ** 64n - 1n, "uint64");
    const draft = draftOf(
      decode(update("insert", { tableEntry: acl({ metadata: hex("0000ff"), controllerMetadata }) })),
    );
    assert.equal(Buffer.from(draft.metadata).toString("hex"), "0000ff");
    assert.equal(draft.controllerMetadata, 2n ** 64n - 1n);
  });

  requirement("FMT-02", "knows an empty message from an absent one", () => {
    const draft = (rest: Omit<TableEntry, "tableId">) => draftOf(decode(update("insert", { tableEntry: acl(rest) })));
    assert.equal(draft({}).counter, undefined);
    assert.deepEqual(draft({ counterData: {} }).counter, { packets: 0n, bytes: 0n });
    assert.equal(draft({}).meter, undefined);
    assert.deepEqual(draft({ meterConfig: {} }).meter, { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n, eburst: 0n });
  });

  it("holds nothing of the one decoded before it", () => {
    const full = acl({
      match: [optional(1, "01"), ternary(2, "0800", "ffff")],
      metadata: hex("01"),
      controllerMetadata: toLong(7n, "uint64"),
      meterConfig: meter({ cir: 1 }),
      counterData: counts(1, 2),
    });
    const decoder = decodeWriteRequest(
      writeBytes(update("insert", { tableEntry: full }), update("modify", { tableEntry: acl({ action: null }) })),
    ).updates;
    decoder.decode(0, schema);
    const draft = draftOf(decoder.decode(1, schema));
    assert.equal(draft.keyBytes.toString("hex", 0, draft.keyLength), "00000001" + "0000" + "00".repeat(10));
    assert.equal(draft.actionRecord(), "");
    assert.deepEqual(draft.extras(), {
      metadata: new Uint8Array(0),
      controllerMetadata: 0n,
      meter: undefined,
      aging: undefined,
      selection: undefined,
    });
    assert.equal(draft.counter, undefined);
  });
});
