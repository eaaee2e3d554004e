/** RECONCILE_AND_COMMIT of another P4Info: what goes on, and what stands in the way. */
import assert from "node:assert/strict";
import { StatusError } from "../../../src/base/status.js";
import type { P4InfoSpec } from "../../../src/pipeline/p4info.js";
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
  type Plain,
  type TableEntry,
} from "../../support/entities.js";
import { linked, linkedSpec } from "../../support/linked-program.js";
import {
  actions,
  indexedCounter,
  indexedMeter,
  p4info,
  profiles,
  tableId,
  type FieldSketch,
  type TableSketch,
} from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { toLong } from "../../../src/wire/int64.js";
import { Device } from "./device.js";

const both = {
  [actions.noAction]: "default-only",
  [actions.drop]: "both",
  [actions.trap]: "both",
  [actions.copy]: "both",
} as const;

/** A program with tables `acl` (TERNARY) and `routes` (LPM). */
function program(acl: Partial<TableSketch> = {}, routes: Partial<TableSketch> = {}, more: readonly TableSketch[] = []) {
  const fields: readonly FieldSketch[] = [
    ["ether_type", "ternary", 16],
    ["ttl", "ternary", 8],
  ];
  const counted = { actions: both, counter: true, meter: "two-rate" } as const;
  return p4info([
    { at: 1, name: "acl", fields, ...counted, ...acl },
    { at: 2, name: "routes", fields: [["dst_ipv4", "lpm", 32]], ...counted, ...routes },
    ...more,
  ]);
}
const base = program();
const renamed = program({ name: "access", size: 99 });

const acl = (type: string, priority: number, rest: object = {}): TableEntry =>
  entry(1, { priority, match: [ternary(1, type, "ffff")], action: call(actions.trap), ...rest });
const insert = (given: TableEntry) => update("insert", { tableEntry: given });

/** What a controller reads, direct resources and default entries too. */
async function state(device: Device): Promise<readonly Plain[]> {
  const asked = { counterData: {}, meterConfig: {} };
  const queries = [1, 2].flatMap((at) => [
    { tableEntry: entry(at, { isDefaultAction: true, ...asked }) },
    { tableEntry: entry(at, asked) },
  ]);
  const { entities, results } = await device.read(...queries, { packetReplicationEngineEntry: {} });
  assert.deepEqual(new Set(results), new Set(["OK"]));
  return entities;
}

/** What the counter of an entry says. */
async function framesOf(device: Device, given: TableEntry): Promise<number> {
  const [found] = await device.only({ tableEntry: { ...given, counterData: {} } });
  const { counterData } = (found?.["tableEntry"] ?? {}) as { counterData?: { packetCount?: string } };
  return Number(counterData?.packetCount ?? 0);
}

async function refusal(device: Device, spec: P4InfoSpec): Promise<string> {
  const before = await state(device);
  const { active } = device.pipelines;
  const rules = [...device.rules];
  try {
    await device.push(spec, "reconcile-and-commit");
  } catch (error) {
    assert.ok(error instanceof StatusError);
    assert.equal(device.pipelines.active, active);
    assert.deepEqual(await state(device), before);
    assert.deepEqual(device.rules, rules);
    return `${error.status.code} ${error.message}`;
  }
  throw new Error("it was taken");
}

describe("reconciling with another P4Info", () => {
  requirement("SFP-22", "keeps entries, default entries, metadata, meters, counters, groups and sessions", async () => {
    const device = await Device.with(base);
    const results = await device.write(
      "continue-on-error",
      insert(acl("88cc", 1, { metadata: hex("aa"), meterConfig: meter({ cir: 5, pir: 7 }) })),
      insert(acl("88cc", 2, { counterData: counts(100, 7) })),
      insert(entry(2, { match: [lpm(1, "0a000000", 8)], action: call(actions.drop) })),
      update("modify", {
        tableEntry: entry(2, { isDefaultAction: true, action: call(actions.copy), metadata: hex("bb") }),
      }),
      update("insert", {
        packetReplicationEngineEntry: {
          multicastGroupEntry: {
            multicastGroupId: 5,
            replicas: [{ port: Buffer.from("1"), instance: 3 }],
            metadata: hex("cc"),
          },
        },
      }),
      update("insert", {
        packetReplicationEngineEntry: { cloneSessionEntry: { sessionId: 6, replicas: [{ port: Buffer.from("2") }] } },
      }),
    );
    assert.deepEqual(new Set(results), new Set(["OK"]));
    for (let i = 0; i < 3; i++) device.frame(0x88cc);
    const before = await state(device);
    await device.push(renamed, "reconcile-and-commit");
    assert.deepEqual(await state(device), before);
    device.frame(0x88cc);
    assert.equal(await framesOf(device, acl("88cc", 2)), 104);
    assert.equal(device.program.schema.tables.get(tableId(1))?.table.alias, "access");
    assert.equal((await device.compare()).differences, 0);
  });

  requirement("SFP-22", "keeps the age of entries, which decides between equals", async () => {
    const device = await Device.with(base);
    const [a, b] = [
      acl("88cc", 1),
      entry(1, { priority: 1, match: [ternary(1, "88c0", "fff0")], action: call(actions.trap) }),
    ];
    await device.write("continue-on-error", insert(a), insert(b), update("delete", { tableEntry: a }), insert(a));
    for (const spec of [base, renamed, base]) {
      device.frame(0x88cc);
      await device.push(spec, "reconcile-and-commit");
    }
    device.frame(0x88cc);
    assert.deepEqual([await framesOf(device, a), await framesOf(device, b)], [0, 4]);
  });

  it("lets meters go on where they are", async () => {
    const device = await Device.with(base);
    const config = meter({ cir: 0, cburst: 2, pir: 0, pburst: 2 });
    await device.write("continue-on-error", insert(acl("88cc", 1, { meterConfig: config })));
    const { active } = device.pipelines;
    const meterOf = () => {
      const version = [...(device.pipelines.active?.tables.get(tableId(1))?.store.heads.values() ?? [])].at(-1);
      assert.ok(version?.rule !== undefined && "meter" in version.rule);
      return version.rule.meter;
    };
    const before = meterOf();
    assert.ok(before !== undefined);
    await device.push(renamed, "reconcile-and-commit");
    assert.notEqual(device.pipelines.active, active);
    assert.equal(meterOf(), before);
  });

  it("keeps cells of indexed counters and meters, and whole arrays", async () => {
    const indexed = { size: 4n, directTableId: 0, indexTypeName: undefined };
    const preamble = (id: number, name: string) => ({
      id,
      name,
      alias: name,
      annotations: [],
      structured: [],
      locations: 0,
    });
    const arrays = (size: bigint) => ({
      counters: [{ ...indexed, size, preamble: preamble(indexedCounter, "cells"), unit: 3 }],
      meters: [{ ...indexed, preamble: preamble(indexedMeter, "meters"), unit: 2, type: 0 }],
    });
    const device = await Device.with({ ...base, ...arrays(4n) });
    const at = (index: number) => ({ index: { index: toLong(BigInt(index), "int64") } });
    const results = await device.write(
      "continue-on-error",
      update("modify", { counterEntry: { counterId: indexedCounter, data: counts(5, 6) } }),
      update("modify", { counterEntry: { counterId: indexedCounter, ...at(3), data: counts(7, 8) } }),
      update("modify", { meterEntry: { meterId: indexedMeter, ...at(1), config: meter({ cir: 1, pir: 2 }) } }),
    );
    assert.deepEqual(new Set(results), new Set(["OK"]));
    const read = async () => [
      ...(await device.only({ counterEntry: { counterId: indexedCounter } })),
      ...(await device.only({ meterEntry: { meterId: indexedMeter } })),
    ];
    const before = await read();
    await device.push({ ...renamed, ...arrays(4n) }, "reconcile-and-commit");
    assert.deepEqual(await read(), before);
    await assert.rejects(device.push({ ...base, ...arrays(3n) }, "reconcile-and-commit"), {
      message: /1 of 3 entities cannot be kept.*\ncounter 'cells': cell 3: OUT_OF_RANGE: /s,
    });
    await assert.rejects(device.push(base, "reconcile-and-commit"), {
      message:
        /3 of 3 .*\ncounter 'cells': all cells: INVALID_ARGUMENT: .*\ncounter 'cells': cell 3: .*\nmeter 'meters': cell 1: /s,
    });
    assert.deepEqual(await read(), before);
  });

  it("lets entries age on", async () => {
    const aging = {
      at: 3,
      name: "aging",
      fields: [["dst_mac", "exact", 48]],
      actions: both,
      idleTimeout: true,
    } as const;
    const device = await Device.with(program({}, {}, [aging]));
    const given = entry(3, {
      match: [exact(1, "020000000001")],
      action: call(actions.trap),
      idleTimeoutNs: toLong(10_000n, "int64"),
    });
    assert.deepEqual(await device.write("continue-on-error", insert(given)), ["OK"]);
    device.clock.advanceNs(600);
    await device.push(program({ name: "access" }, {}, [aging]), "reconcile-and-commit");
    device.clock.advanceNs(300);
    const [found] = await device.only({ tableEntry: { ...given, timeSinceLastHit: {} } });
    const { timeSinceLastHit, idleTimeoutNs } = found?.["tableEntry"] as {
      timeSinceLastHit: { elapsedNs: string };
      idleTimeoutNs: string;
    };
    assert.deepEqual([timeSinceLastHit.elapsedNs, idleTimeoutNs], ["900", "10000"]);
  });

  it("takes default entries that nobody touched from the new program", async () => {
    const device = await Device.with(base);
    const copying = program({ initialDefault: { actionId: actions.copy, args: [] } });
    await device.push(copying, "reconcile-and-commit");
    assert.deepEqual(device.rules, ["0 copy"]);
    for (let i = 0; i < 2; i++) device.frame(0x88cc);
    await device.push(program({ initialDefault: { actionId: actions.trap, args: [] } }), "reconcile-and-commit");
    assert.equal(await framesOf(device, entry(1, { isDefaultAction: true })), 2);
    assert.deepEqual(device.rules, ["0 trap"]);
  });

  requirement(["SFP-22", "AMB-45"], "keeps meter and counter of a constant default entry", async () => {
    const constant = (name: string) => program({ name, constDefault: actions.drop });
    const device = await Device.with(constant("acl"));
    const tableEntry = entry(1, { isDefaultAction: true });
    const results = await device.write(
      "continue-on-error",
      update("modify", { directMeterEntry: { tableEntry, config: meter({ cir: 5, pir: 7 }) } }),
      update("modify", { directCounterEntry: { tableEntry, data: counts(3, 4) } }),
    );
    assert.deepEqual(results, ["OK", "OK"]);
    const before = await state(device);
    await device.push(constant("access"), "reconcile-and-commit");
    assert.deepEqual(await state(device), before);
  });

  it("keeps what a rule counted where the new program realises it no more, and goes on where it does again", async () => {
    const device = await Device.with(base);
    await device.write("continue-on-error", insert(acl("88cc", 1)));
    device.frame(0x88cc);
    const unbound = program({
      fields: [
        ["unheard_of", "ternary", 16],
        ["ttl", "ternary", 8],
      ],
    });
    for (const [spec, rules] of [
      [unbound, []],
      [renamed, ["1 trap"]],
    ] as const) {
      await device.push(spec, "reconcile-and-commit");
      assert.deepEqual(device.rules, rules);
      device.frame(0x88cc);
    }
    assert.equal(await framesOf(device, acl("88cc", 1)), 2);
  });

  for (const { what, spec, reason } of [
    {
      what: "a table is gone",
      spec: p4info(base.tables.slice(2).map(() => ({ at: 2, name: "x", fields: [] }))),
      reason:
        "the entry priority 1, ether_type 0x88cc/0xffff: INVALID_ARGUMENT: table_id 33554433 is not in the P4Info",
    },
    {
      what: "a field is narrower",
      spec: program({
        fields: [
          ["ether_type", "ternary", 12],
          ["ttl", "ternary", 8],
        ],
      }),
      reason: "needs 16 bits, it has 12",
    },
    {
      what: "a field is of another kind",
      spec: program({
        fields: [
          ["ether_type", "exact", 16],
          ["ttl", "ternary", 8],
        ],
      }),
      reason: "INVALID_ARGUMENT: ",
    },
    {
      what: "a field that must be given is new",
      spec: program({
        fields: [
          ["ether_type", "ternary", 16],
          ["ttl", "ternary", 8],
          ["port", "exact", 16],
        ],
      }),
      reason: "port",
    },
    {
      what: "an action is gone",
      spec: program({ actions: { [actions.drop]: "both", [actions.noAction]: "default-only" } }),
      reason: "has no action",
    },
    {
      what: "an action is for defaults only",
      spec: program({ actions: { ...both, [actions.trap]: "default-only" } }),
      reason: "PERMISSION_DENIED: ",
    },
    { what: "the table is smaller", spec: program({ size: 1 }), reason: "RESOURCE_EXHAUSTED: " },
    {
      what: "the meter is gone",
      spec: p4info([
        {
          at: 1,
          name: "acl",
          fields: [
            ["ether_type", "ternary", 16],
            ["ttl", "ternary", 8],
          ],
          actions: both,
          counter: true,
        },
        { at: 2, name: "routes", fields: [["dst_ipv4", "lpm", 32]], actions: both },
      ]),
      reason: "has no direct meter",
    },
    { what: "the table is constant", spec: program({ isConst: true }), reason: "PERMISSION_DENIED: " },
    {
      what: "a restriction forbids it",
      spec: program({ annotations: ['@entry_restriction("ether_type != 0x88cc")'] }),
      reason: "INVALID_ARGUMENT: ",
    },
    {
      what: "the default is constant",
      spec: program({}, { constDefault: actions.noAction }),
      reason: "table 'routes': the default entry: PERMISSION_DENIED: ",
    },
  ])
    requirement("SFP-24", `is refused if ${what}, and changes nothing`, async () => {
      const device = await Device.with(base);
      const results = await device.write(
        "continue-on-error",
        insert(acl("88cc", 1)),
        insert(acl("0800", 1, { meterConfig: meter({ cir: 1, pir: 1 }) })),
        update("modify", { tableEntry: entry(2, { isDefaultAction: true, action: call(actions.copy) }) }),
      );
      assert.deepEqual(new Set(results), new Set(["OK"]));
      const message = await refusal(device, spec);
      assert.match(message, /^3 RECONCILE_AND_COMMIT: [123] of 3 entities cannot be kept, nothing was changed; /);
      assert.ok(message.includes(reason), message);
      device.frame(0x88cc);
      assert.equal(await framesOf(device, acl("88cc", 1)), 1);
    });

  requirement("SFP-24", "names members and groups of action profiles that stand in the way", async () => {
    const device = await Device.with();
    const action = { actionId: actions.drop };
    const replica = { port: Buffer.from("1"), instance: 0 };
    const results = await device.write(
      "continue-on-error",
      update("insert", { actionProfileMember: { actionProfileId: profiles.selector, memberId: 3, action } }),
      update("insert", { actionProfileGroup: { actionProfileId: profiles.selector, groupId: 4 } }),
      update("insert", {
        packetReplicationEngineEntry: { multicastGroupEntry: { multicastGroupId: 5, replicas: [replica] } },
      }),
      update("insert", {
        packetReplicationEngineEntry: { cloneSessionEntry: { sessionId: 6, replicas: [replica] } },
      }),
    );
    assert.deepEqual(new Set(results), new Set(["OK"]));
    await assert.rejects(device.push(base, "reconcile-and-commit"), {
      message:
        /: 2 of 4 .*\naction profile 'selector_profile': member 3: INVALID_ARGUMENT: .*\naction profile 'selector_profile': group 4: /s,
    });
  });

  requirement("SFP-24", "names twenty of those that stand in the way, and counts the others", async () => {
    const device = await Device.with(base);
    await device.write(
      "continue-on-error",
      ...Array.from({ length: 30 }, (_, i) => insert(acl((0x8800 + i).toString(16), 1))),
    );
    const message = await refusal(device, program({ size: 5 }));
    assert.match(message, /25 of 30 entities/);
    assert.equal(message.match(/table 'acl': the entry /g)?.length, 20);
    assert.match(message, /\nand 5 more$/);
  });

  requirement("SFP-24", "is refused if the datapath cannot hold the rules", async () => {
    const device = await Device.with(base);
    await device.write("continue-on-error", insert(acl("88cc", 1)));
    device.datapath.script.refuse = () => ({ code: 8, message: "no room" });
    assert.match(await refusal(device, renamed), /^3 RECONCILE_AND_COMMIT: .*\nno room$/s);
  });

  it("leaves the old program active if the datapath is lost", async () => {
    const device = await Device.with(base);
    await device.write("continue-on-error", insert(acl("88cc", 1)));
    device.frame(0x88cc);
    const before = await state(device);
    device.datapath.script.failCommit = { code: 13, message: "lost" };
    assert.equal((await device.push(renamed, "reconcile-and-commit"))?.message, "lost");
    assert.deepEqual(await state(device), before);
  });

  it("looks at references when everything is there", async () => {
    const device = await Device.with(linkedSpec);
    const nexthop = (id: string, action: object) => ({
      tableEntry: { tableId: linked.nexthops, match: [exact(1, id)], action } as TableEntry,
    });
    const one = (table: number, ...values: readonly string[]) => ({
      tableEntry: {
        tableId: table,
        match: values.map((value, i) => exact(i + 1, value)),
        action: call(linked.nothing),
      },
    });
    const results = await device.write(
      "continue-on-error",
      update("insert", nexthop("01", call(linked.nothing))),
      update("insert", one(linked.interfaces, "07")),
      update("insert", one(linked.neighbours, "07", "09")),
      update("modify", nexthop("01", call(linked.resolve, "07", "09"))), // older than what it refers to
    );
    assert.deepEqual(new Set(results), new Set(["OK"]));
    const tables = linkedSpec.tables.toReversed();
    await device.push({ ...linkedSpec, tables }, "reconcile-and-commit");
    assert.deepEqual(await device.write("continue-on-error", update("delete", one(linked.neighbours, "07", "09"))), [
      "FAILED_PRECONDITION",
    ]);

    const stricter = tables.map((table) =>
      table.preamble.id === linked.interfaces
        ? {
            ...table,
            matchFields: table.matchFields.map((field) => ({ ...field, annotations: ["@refers_to(nexthops, id)"] })),
          }
        : table,
    );
    await assert.rejects(device.push({ ...linkedSpec, tables: stricter }, "reconcile-and-commit"), {
      message:
        /1 of 3 entities cannot be kept.*\ntable 'interfaces': the entry id 0x07 refers to table 'nexthops', which has no entry with id 0x07$/s,
    });
  });

  it("forgets a saved program, and keeps it if it is refused", async () => {
    const device = await Device.with(base);
    await device.write("continue-on-error", insert(acl("88cc", 1)));
    await device.push(base, "verify-and-save");
    const saved = device.pipelines.current;
    await assert.rejects(device.push(program({ isConst: true }), "reconcile-and-commit"));
    assert.equal(device.pipelines.current, saved);
    await device.push(renamed, "reconcile-and-commit");
    assert.equal(device.pipelines.current, device.pipelines.active);
    assert.equal(device.program.store.entryCount, 1);
  });

  it("misses no frame, however long it takes", async () => {
    const device = await Device.with(program({ size: 30_000 }));
    const many = Array.from({ length: 20_000 }, (_, i) => insert(acl((i + 0x4000).toString(16), 1)));
    await device.write("continue-on-error", ...many, insert(acl("88cc", 9)));
    let sent = 0;
    let going = true;
    const traffic = (async () => {
      while (going) {
        device.frame(0x88cc);
        sent++;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (const name of ["first", "second"]) {
      const before = sent;
      await device.push(program({ size: 30_000, name }), "reconcile-and-commit");
      assert.ok(sent - before > 20, `only ${sent - before} frames came meanwhile`);
    }
    going = false;
    await traffic;
    assert.equal(await framesOf(device, acl("88cc", 9)), sent);
  });
});
