/** Reads of a device, one piece: every row reads the same entries. */
import assert from "node:assert/strict";
import { toLong } from "../../../src/wire/int64.js";
import {
  call,
  counts,
  entry,
  exact,
  hex,
  lpm,
  meter,
  ternary,
  update,
  type Entity,
  type Plain,
  type TableEntry,
} from "../../support/entities.js";
import {
  actions,
  indexedCounter,
  indexedMeter,
  p4info,
  tableId,
  tables,
  type TableSketch,
} from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { Device } from "./device.js";

type Rest = Omit<TableEntry, "tableId">;
const drop = call(actions.drop);
const trap = call(actions.trap);

const acl = (priority: number, rest: Rest = {}) => entry(tables.acl, { priority, action: drop, ...rest });
const lldp = [ternary(2, "88cc", "ffff")];
const arp = [ternary(2, "0806", "ffff")];
const note = (value: number) => toLong(BigInt(value), "uint64");

/** Named by their metadata. */
const stored: Readonly<Record<string, TableEntry>> = {
  a1: acl(1, { match: lldp, counterData: counts(1, 10) }),
  b1: acl(2, { match: lldp, action: trap, meterConfig: meter({ cir: 7 }) }),
  c1: acl(2, { match: arp, action: trap, controllerMetadata: note(5) }),
  d1: acl(3, { match: [], controllerMetadata: note(5) }),
  e1: entry(tables.hosts, { match: [exact(1, "01")], action: trap }),
  f1: entry(tables.routes, { match: [lpm(1, "0a000000", 8)], action: drop, counterData: counts(2, 20) }),
  a2: entry(tables.routes, { match: [], action: trap }), // don't care in every field of an LPM table
};

async function filled(): Promise<Device> {
  const device = await Device.with();
  const updates = Object.entries(stored).map(([name, tableEntry]) =>
    update("insert", { tableEntry: { ...tableEntry, metadata: hex(name) } }),
  );
  assert.deepEqual(
    await device.write("rollback-on-error", ...updates),
    updates.map(() => "OK"),
  );
  return device;
}

const names = (entities: readonly Plain[]) =>
  entities
    .map((entity) => {
      const { metadata, isDefaultAction, tableId: id } = Object.values(entity)[0] as Plain;
      return isDefaultAction === true ? `default ${Number(id) - tableId(0)}` : metadata;
    })
    .sort();

const bad = "INVALID_ARGUMENT";

describe("a read of table entries", () => {
  const all = ["a1", "a2", "b1", "c1", "d1", "e1", "f1"];
  const aclEntries = ["a1", "b1", "c1", "d1"];
  const defaults = Object.values(tables)
    .map((at) => `default ${at}`)
    .sort();
  for (const { ids, name, query, want } of [
    { ids: ["RDT-01", "RDT-14"], name: "of table 0 gives all but default entries", query: {}, want: all },
    {
      ids: ["RDT-02", "AMB-58"],
      name: "of table 0 may ask for direct resources",
      query: { counterData: {}, meterConfig: {}, timeSinceLastHit: {} },
      want: all,
    },
    { ids: ["RDT-02"], name: "of table 0 takes no match", query: { match: lldp }, want: bad },
    { ids: ["RDT-02"], name: "of table 0 takes no priority", query: { priority: 1 }, want: bad },
    { ids: ["RDT-02"], name: "of table 0 takes no action", query: { action: drop }, want: bad },
    { ids: ["RDT-02"], name: "of table 0 takes no metadata", query: { metadata: hex("a1") }, want: bad },
    {
      ids: ["RDT-02"],
      name: "of table 0 takes no controller metadata",
      query: { controllerMetadata: note(5) },
      want: bad,
    },
    {
      ids: ["AMB-29"],
      name: "of table 0 may ask for the default entries",
      query: { isDefaultAction: true },
      want: defaults,
    },
    { ids: ["RDT-03", "RDT-14"], name: "of a table gives its entries", query: entry(tables.acl), want: aclEntries },
    { ids: ["RED-19"], name: "of a table there is not is refused", query: entry(99), want: bad },
    { ids: ["RED-19"], name: "of an action is refused", query: { tableId: actions.drop }, want: bad },
    {
      ids: ["RDT-04", "RED-18"],
      name: "with a key gives one entry",
      query: entry(tables.acl, { match: lldp, priority: 2 }),
      want: ["b1"],
    },
    {
      ids: ["RDT-04"],
      name: "with an exact key gives one entry",
      query: entry(tables.hosts, { match: [exact(1, "0001")] }),
      want: ["e1"],
    },
    {
      ids: ["RDT-04"],
      name: "with a match contains nothing but itself",
      query: entry(tables.acl, { match: [ternary(2, "8800", "ff00")], priority: 1 }),
      want: [],
    },
    {
      ids: ["RDT-05"],
      name: "with a key that is not there gives nothing",
      query: entry(tables.acl, { match: arp, priority: 9 }),
      want: [],
    },
    {
      ids: ["RDT-06"],
      name: "with a match that is wrong is refused",
      query: entry(tables.acl, { match: [exact(2, "88cc")], priority: 1 }),
      want: bad,
    },
    {
      ids: ["RDT-06"],
      name: "with a match that lacks an exact field is refused",
      query: entry(tables.mixed, { match: [lpm(2, "00", 1)], priority: 1 }),
      want: bad,
    },
    {
      ids: ["RDT-06"],
      name: "with priority on an exact table is refused",
      query: entry(tables.hosts, { priority: 1 }),
      want: bad,
    },
    {
      ids: ["RDT-06"],
      name: "with negative priority is refused",
      query: entry(tables.acl, { priority: -1 }),
      want: bad,
    },
    {
      ids: ["RDT-07"],
      name: "with a priority gives the entries that have it",
      query: entry(tables.acl, { priority: 2 }),
      want: ["b1", "c1"],
    },
    {
      ids: ["RDT-17"],
      name: "with a priority of its own gives the entry with an empty match",
      query: entry(tables.acl, { priority: 3 }),
      want: ["d1"],
    },
    {
      ids: ["RDT-16"],
      name: "of an LPM table cannot name the entry with an empty match",
      query: entry(tables.routes),
      want: ["a2", "f1"],
    },
    {
      ids: ["RDT-08", "AMB-62"],
      name: "with a match and no priority gives every priority",
      query: entry(tables.acl, { match: lldp }),
      want: ["a1", "b1"],
    },
    {
      ids: ["RDT-09"],
      name: "with an action gives the entries that use it",
      query: entry(tables.acl, { action: trap }),
      want: ["b1", "c1"],
    },
    {
      ids: ["RDT-10"],
      name: "with an action of another table is refused",
      query: entry(tables.acl, { action: call(actions.set) }),
      want: bad,
    },
    {
      ids: ["RDT-10"],
      name: "with an action and parameters is refused",
      query: entry(tables.acl, { action: call(actions.queue, "01") }),
      want: bad,
    },
    {
      ids: ["RDT-10"],
      name: "with a member is refused",
      query: entry(tables.members, { action: { actionProfileMemberId: 1 } }),
      want: bad,
    },
    {
      ids: ["RDT-10"],
      name: "with an action on an indirect table is refused",
      query: entry(tables.members, { action: drop }),
      want: bad,
    },
    {
      ids: ["RDT-11"],
      name: "with controller metadata gives the entries that have it",
      query: entry(tables.acl, { controllerMetadata: note(5) }),
      want: ["c1", "d1"],
    },
    {
      ids: ["RDT-12"],
      name: "with metadata gives the entries that have it",
      query: entry(tables.acl, { metadata: hex("b1") }),
      want: ["b1"],
    },
    {
      ids: ["RDT-12"],
      name: "with the beginning of metadata gives nothing",
      query: entry(tables.acl, { metadata: hex("b1b1") }),
      want: [],
    },
    {
      ids: ["RDT-15"],
      name: "with several filters gives what passes all",
      query: entry(tables.acl, { priority: 2, action: trap, controllerMetadata: note(5) }),
      want: ["c1"],
    },
    {
      ids: ["RDT-15"],
      name: "with a key and another filter gives what passes both",
      query: entry(tables.acl, { match: lldp, priority: 2, action: drop }),
      want: [],
    },
    {
      ids: ["RDT-13"],
      name: "of the default gives the default alone",
      query: entry(tables.acl, { isDefaultAction: true }),
      want: ["default 1"],
    },
    {
      ids: ["DEF-03", "RDT-06"],
      name: "of the default takes no match",
      query: entry(tables.acl, { isDefaultAction: true, match: lldp }),
      want: bad,
    },
    {
      ids: ["DEF-04", "RDT-06"],
      name: "of the default takes no priority",
      query: entry(tables.acl, { isDefaultAction: true, priority: 1 }),
      want: bad,
    },
    {
      ids: ["RDT-18"],
      name: "that asks for direct resources filters nothing",
      query: entry(tables.acl, { counterData: {}, meterConfig: {} }),
      want: aclEntries,
    },
    {
      ids: ["DIR-16"],
      name: "that asks for what the table lacks leaves it out",
      query: entry(tables.hosts, { counterData: {}, meterConfig: {}, meterCounterData: {} }),
      want: ["e1"],
    },
    {
      ids: ["IDL-01"],
      name: "with idle timeout is refused where there is none",
      query: entry(tables.acl, { idleTimeoutNs: toLong(1n, "int64") }),
      want: bad,
    },
    {
      ids: ["IDL-02"],
      name: "with time_since_last_hit is refused where there is none",
      query: entry(tables.acl, { timeSinceLastHit: {} }),
      want: bad,
    },
    {
      ids: ["DEF-10"],
      name: "of the default takes no idle timeout",
      query: entry(tables.aging, { isDefaultAction: true, timeSinceLastHit: {} }),
      want: bad,
    },
  ] as const)
    requirement(ids, name, async () => {
      const { entities, results } = await (await filled()).read({ tableEntry: query });
      if (typeof want === "string") assert.deepEqual([results, entities], [[want], []]);
      else assert.deepEqual([results, names(entities)], [["OK"], want]);
    });

  requirement(
    ["DIR-07", "DIR-08", "DIR-09", "DIR-10", "RDT-18"],
    "fills in what it asks for, where it is set",
    async () => {
      const device = await filled();
      const fields = async (rest: Rest) =>
        (await device.only({ tableEntry: entry(tables.acl, rest) }))
          .map((found) => {
            const { metadata, counterData, meterConfig } = found["tableEntry"] as Plain;
            return [metadata, counterData, meterConfig];
          })
          .sort();
      assert.deepEqual(await fields({ priority: 1 }), [["a1", undefined, undefined]]);
      assert.deepEqual(await fields({ counterData: {}, match: lldp }), [
        ["a1", { packetCount: "1", byteCount: "10" }, undefined],
        ["b1", {}, undefined],
      ]);
      assert.deepEqual(await fields({ meterConfig: {}, match: lldp }), [
        ["a1", undefined, undefined],
        ["b1", undefined, { cir: "7" }],
      ]);
    },
  );

  requirement(["DEF-12", "DEF-13"], "tells the default entry of each table, and whether it is constant", async () => {
    const { entities } = await (await filled()).read({ tableEntry: { isDefaultAction: true } });
    const found = new Map(
      entities.map(({ tableEntry }) => {
        const { tableId: id, action, isConst } = tableEntry as TableEntry;
        return [Number(id) - tableId(0), [action?.action?.actionId, isConst]];
      }),
    );
    assert.deepEqual(found.get(tables.acl), [actions.noAction, true]);
    assert.deepEqual(found.get(tables.members), [actions.noAction, true]);
    assert.deepEqual(found.get(tables.hosts), [actions.noAction, undefined]);
    assert.deepEqual(found.get(tables.routes), [actions.copy, undefined]);
  });
});

describe("a read of direct resources", () => {
  const both = (tableEntry: TableEntry): readonly Entity[] => [
    { directCounterEntry: { tableEntry } },
    { directMeterEntry: { tableEntry } },
  ];
  const priorities = (entities: readonly Plain[]) =>
    entities.map((entity) => ((Object.values(entity)[0] as Plain)["tableEntry"] as Plain)["priority"] ?? 0).sort();

  for (const { ids, name, query, want } of [
    { ids: ["CTR-08"], name: "with a key gives one", query: acl(2, { match: lldp, action: null }), want: [2] },
    {
      ids: ["CTR-06", "RDT-08"],
      name: "with a match and no priority gives every priority",
      query: entry(tables.acl, { match: lldp }),
      want: [1, 2],
    },
    {
      ids: ["CTR-09", "MTR-10"],
      name: "with a key that is not there finds nothing",
      query: acl(9, { match: lldp }),
      want: "NOT_FOUND",
    },
    {
      ids: ["CTR-10", "MTR-14", "CTR-26"],
      name: "of a table gives those of its match entries",
      query: entry(tables.acl),
      want: [1, 2, 2, 3],
    },
    { ids: ["CTR-11", "MTR-14"], name: "of table 0 gives those of all tables", query: {}, want: [0, 0, 1, 2, 2, 3] },
    {
      ids: ["CTR-26"],
      name: "of the default entry gives its own",
      query: entry(tables.routes, { isDefaultAction: true }),
      want: [0],
    },
    { ids: ["CTR-07", "MTR-13"], name: "is refused where the table has none", query: entry(tables.hosts), want: bad },
    { ids: ["RED-19"], name: "is refused where there is no such table", query: entry(99), want: bad },
  ] as const)
    requirement(ids, name, async () => {
      const device = await filled();
      for (const entity of both(query)) {
        const { entities, results } = await device.read(entity);
        if (typeof want === "string") assert.deepEqual([results, entities], [[want], []]);
        else assert.deepEqual([results, priorities(entities)], [["OK"], want]);
      }
    });

  requirement(
    ["CTR-08", "MTR-15"],
    "gives key and value, and no configuration for a meter at its default",
    async () => {
      const device = await filled();
      const key = {
        tableId: tableId(tables.acl),
        priority: 1,
        match: [{ fieldId: 2, ternary: { value: "88cc", mask: "ffff" } }],
      };
      const { entities } = await device.read(...both(acl(1, { match: lldp })));
      assert.deepEqual(entities, [
        { directCounterEntry: { tableEntry: key, data: { packetCount: "1", byteCount: "10" } } },
        { directMeterEntry: { tableEntry: key } },
      ]);
    },
  );

  requirement("CTR-22", "that are indexed needs an id of theirs", async () => {
    const device = await filled();
    const { results } = await device.read(
      { counterEntry: { counterId: indexedCounter } },
      { meterEntry: { meterId: indexedMeter } },
      { counterEntry: { counterId: tableId(tables.acl) } },
      { meterEntry: { meterId: indexedCounter } },
    );
    assert.deepEqual(results, ["OK", "OK", bad, bad]);
  });
});

describe("a batch of reads", () => {
  requirement(["RED-13", "RED-17", "AMB-28"], "answers what it can, with one result per request in order", async () => {
    const device = await filled();
    const { entities, results } = await device.read(
      { tableEntry: entry(tables.hosts) },
      { tableEntry: entry(99) },
      { tableEntry: entry(tables.hosts) },
      { registerEntry: {} },
      {},
    );
    assert.deepEqual(results, ["OK", bad, "OK", "UNIMPLEMENTED", bad]);
    assert.deepEqual(names(entities), ["e1", "e1"]);
  });

  requirement(["RED-06", "RED-07"], "may be empty, but no request of it", async () => {
    const device = await filled();
    assert.deepEqual(await device.read(), { entities: [], results: [] });
    assert.deepEqual((await device.read({})).results, [bad]);
  });

  requirement(["RED-16", "WRT-24"], "sees nothing of a write that is under way", async () => {
    const device = await filled();
    let release = (): void => undefined;
    device.datapath.script.holdCommit = new Promise((resolve) => (release = resolve));
    const writing = device.write(
      "continue-on-error",
      update("delete", { tableEntry: acl(1, { match: lldp }) }),
      update("insert", { tableEntry: acl(7) }),
    );
    const query = { tableEntry: entry(tables.acl) };
    const before = (await device.read(query)).entities;
    assert.deepEqual(names(before), ["a1", "b1", "c1", "d1"]);
    release();
    assert.deepEqual(await writing, ["OK", "OK"]);
    assert.equal((await device.only(query)).length, 4);
    assert.notDeepEqual((await device.read(query)).entities, before);
  });

  requirement(["RED-05", "AMB-36", "AMB-61"], "is filtered by role where tables are annotated", async () => {
    const at = (n: number, ...annotations: string[]): TableSketch => ({
      at: n,
      name: `t${n}`,
      fields: [["dst_mac", "exact", 48]],
      annotations,
    });
    const device = await Device.with(p4info([at(1), at(2, '@p4runtime_role("x")'), at(3, '@p4runtime_role("y")')]));
    const one = (n: number) => entry(n, { match: [exact(1, "01")], action: drop });
    await device.write("continue-on-error", ...[1, 2, 3].map((n) => update("insert", { tableEntry: one(n) })));
    const seen = async (role: string) =>
      (await device.readAs(role, { tableEntry: {} })).entities.map(
        ({ tableEntry }) => Number((tableEntry as TableEntry).tableId) - tableId(0),
      );
    assert.deepEqual(await seen(""), [1, 2, 3]);
    assert.deepEqual(await seen("x"), [1, 2]);
    assert.deepEqual(await seen("z"), [1]);
    assert.deepEqual(await device.readAs("x", { tableEntry: one(3) }), { entities: [], results: ["OK"] });
  });

  requirement(["RED-08", "RED-11"], "of many entries is cut into responses below the limit of clients", async () => {
    const device = await Device.with(
      p4info([{ at: 1, name: "big", fields: [["dst_mac", "exact", 48]], size: 20_000 }]),
    );
    const metadata = Buffer.alloc(400);
    const many = Array.from({ length: 6000 }, (_, i) =>
      update("insert", {
        tableEntry: entry(1, {
          match: [exact(1, (0x10000 + i).toString(16).padStart(6, "0"))],
          action: drop,
          metadata,
        }),
      }),
    );
    await device.write("continue-on-error", ...many);
    const { entities, sizes } = await device.readCut({ tableEntry: {} });
    assert.equal(entities.length, 6000);
    assert.ok(sizes.length > 2 && Math.max(...sizes) < 1024 * 1024, sizes.join());
  });

  requirement("RED-11", "of entities with as much metadata as is kept is cut too", async () => {
    const device = await Device.with();
    const metadata = Buffer.alloc(65_536, 1);
    const group = (multicastGroupId: number) => ({
      packetReplicationEngineEntry: { multicastGroupEntry: { multicastGroupId, metadata } },
    });
    const many = Array.from({ length: 20 }, (_, i) => update("insert", group(i + 1)));
    assert.deepEqual(new Set(await device.write("continue-on-error", ...many)), new Set(["OK"]));
    const { entities, sizes } = await device.readCut({ packetReplicationEngineEntry: {} });
    assert.equal(entities.length, 20);
    assert.ok(Math.max(...sizes) < 256 * 1024, sizes.join());
  });
});
