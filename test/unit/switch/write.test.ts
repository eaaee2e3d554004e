/** Batches on a device, one piece: every row writes the same program. */
import assert from "node:assert/strict";
import { Code } from "../../../src/base/status.js";
import { toLong } from "../../../src/wire/int64.js";
import {
  call,
  counts,
  entry,
  exact,
  hex,
  lpm,
  meter,
  only,
  optional,
  ternary,
  update,
  type Entity,
  type TableEntry,
} from "../../support/entities.js";
import { noExtras } from "../../../src/entity/table-entry.js";
import { plainAction } from "../../support/key-rules.js";
import { actions, tables } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { Device } from "./device.js";

type Rest = Omit<TableEntry, "tableId">;
const keep = "continue-on-error";

/** The entry of table acl with this priority and EtherType 0x88cc; it traps. */
const lldp = (priority: number, rest: Rest = {}): TableEntry =>
  entry(tables.acl, { priority, match: [ternary(2, "88cc", "ffff")], action: call(actions.trap), ...rest });
const insert = (tableEntry: TableEntry) => update("insert", { tableEntry });
const modify = (tableEntry: TableEntry) => update("modify", { tableEntry });
const remove = (tableEntry: TableEntry) => update("delete", { tableEntry });
const host = (last: string, rest: Rest = {}) =>
  entry(tables.hosts, { match: [exact(1, last)], action: call(actions.drop), ...rest });
const acl = { tableEntry: entry(tables.acl) };
const full = { tableEntry: entry(tables.acl, { counterData: {}, meterConfig: {} }) };
const asked = { counterData: {}, meterConfig: {} };

const priorities = async (device: Device, query: Entity = acl) =>
  (await device.only(query)).map((found) => (found["tableEntry"] as TableEntry).priority).sort();

describe("a batch that goes on after errors", () => {
  requirement(
    ["WRT-23", "WRT-28", "ERR-04", "AMB-25"],
    "attempts every update in order, and keeps what succeeded",
    async () => {
      const device = await Device.with();
      const results = await device.write(
        keep,
        insert(lldp(1)),
        insert(lldp(1)),
        insert(lldp(0)),
        { type: 1, entity: { registerEntry: {} } },
        insert(lldp(2, { action: call(actions.drop) })),
        remove(lldp(3)),
        modify(lldp(3)),
        { type: 0 },
        insert(host("01")),
      );
      assert.deepEqual(results, [
        "OK",
        "ALREADY_EXISTS",
        "INVALID_ARGUMENT",
        "UNIMPLEMENTED",
        "OK",
        "NOT_FOUND",
        "NOT_FOUND",
        "INVALID_ARGUMENT",
        "OK",
      ]);
      assert.deepEqual(await priorities(device), [1, 2]);
      assert.deepEqual(
        device.rules.filter((rule) => !rule.endsWith("copy")),
        ["1 trap", "1 drop", "2 drop"],
      );
    },
  );

  it("publishes nothing if every update fails", async () => {
    const device = await Device.with();
    const { generation } = device.program.store;
    assert.deepEqual(await device.write(keep, remove(lldp(1))), ["NOT_FOUND"]);
    assert.equal(device.program.store.generation, generation);
  });

  requirement(["TBL-14", "WRT-13"], "fills a table up to its size, and again after a delete", async () => {
    const device = await Device.with();
    const nine = Array.from({ length: 9 }, (_, i) => insert(lldp(i + 1)));
    assert.deepEqual(await device.write(keep, ...nine), [...Array<string>(8).fill("OK"), "RESOURCE_EXHAUSTED"]);
    assert.deepEqual(await device.write(keep, remove(lldp(4)), insert(lldp(9))), ["OK", "OK"]);
  });

  requirement(["TBL-03", "TBL-13"], "tells entries apart by priority and match", async () => {
    const device = await Device.with();
    const other = (priority: number) => lldp(priority, { match: [ternary(2, "8800", "ff00")] });
    assert.deepEqual(await device.write(keep, insert(lldp(1)), insert(lldp(2)), insert(other(2))), ["OK", "OK", "OK"]);
    assert.deepEqual(await device.write(keep, remove(other(1)), modify(lldp(3)), remove(lldp(1))), [
      "NOT_FOUND",
      "NOT_FOUND",
      "OK",
    ]);
    assert.deepEqual(await priorities(device), [2, 2]);
  });

  it("leaves nothing of an update that the datapath refuses", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1)), insert(lldp(2)));
    device.datapath.script.refuse = ({ action }) =>
      plainAction(action).green === "drop" ? { code: Code.RESOURCE_EXHAUSTED, message: "no room" } : undefined;
    const drop = { action: call(actions.drop) };
    const results = await device.write(
      keep,
      insert(lldp(3, { ...drop, counterData: counts(1, 1) })),
      modify(lldp(1, { ...drop, metadata: hex("ff"), counterData: counts(9, 9) })),
      modify(lldp(2, { action: call(actions.copy) })),
      insert(lldp(4)),
    );
    assert.deepEqual(results, ["RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED", "OK", "OK"]);
    assert.deepEqual(await priorities(device), [1, 2, 4]);
    const [first] = await device.only({ tableEntry: { ...lldp(1, { action: null }), counterData: {} } });
    assert.deepEqual(first, {
      tableEntry: {
        tableId: entry(tables.acl).tableId,
        priority: 1,
        match: [{ fieldId: 2, ternary: { value: "88cc", mask: "ffff" } }],
        action: { action: { actionId: actions.trap } },
        counterData: {},
      },
    });
    assert.deepEqual(
      device.rules.filter((rule) => rule !== "0 copy"),
      ["1 trap", "2 copy", "4 trap"],
    );
  });
});

for (const atomicity of ["rollback-on-error", "dataplane-atomic"] as const)
  describe(`a batch that is ${atomicity}`, () => {
    const ids = atomicity === "rollback-on-error" ? ["WRT-30"] : ["WRT-33"];

    requirement(ids, "takes effect as a whole", async () => {
      const device = await Device.with();
      assert.deepEqual(await device.write(atomicity, insert(lldp(1)), insert(lldp(2)), remove(lldp(1))), [
        "OK",
        "OK",
        "OK",
      ]);
      assert.deepEqual(await priorities(device), [2]);
    });

    requirement(ids, "leaves no trace if one update fails", async () => {
      const device = await Device.with();
      await device.write(keep, insert(lldp(1, { counterData: counts(5, 50) })), insert(lldp(2)));
      const before = [await device.only(full), device.rules, device.program.store.generation];
      const results = await device.write(
        atomicity,
        modify(lldp(1, { action: call(actions.drop), counterData: counts(7, 7), meterConfig: meter({ cir: 1 }) })),
        remove(lldp(2)),
        insert(lldp(3)),
        insert(lldp(3)),
        remove(lldp(1)),
      );
      assert.deepEqual(results, ["ABORTED", "ABORTED", "ABORTED", "ALREADY_EXISTS", "ABORTED"]);
      assert.deepEqual([await device.only(full), device.rules, device.program.store.generation], before);
      assert.deepEqual(await device.write(atomicity, insert(lldp(3))), ["OK"]);
    });

    requirement(ids, "leaves no trace if its last update fails", async () => {
      const device = await Device.with();
      assert.deepEqual(await device.write(atomicity, insert(lldp(1)), remove(lldp(2))), ["ABORTED", "NOT_FOUND"]);
      assert.deepEqual(await priorities(device), []);
    });
  });

describe("a batch whose commit fails", () => {
  it("is unavailable as a whole, and nothing of it is published", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1, { counterData: counts(3, 4) })));
    const before = [await device.only(full), device.program.store.generation];
    device.datapath.script.failCommit = { code: Code.INTERNAL, message: "the kernel said no" };
    const { results, lost } = await device.run(
      keep,
      insert(lldp(2)),
      insert(lldp(1)),
      modify(lldp(1, { counterData: counts(0, 0) })),
    );
    assert.deepEqual(
      results.map((status) => status?.code),
      [Code.UNAVAILABLE, Code.UNAVAILABLE, Code.UNAVAILABLE],
    );
    assert.match(results[0]?.message ?? "", /the kernel said no/);
    assert.match(lost?.message ?? "", /the kernel said no/);
    assert.deepEqual([await device.only(full), device.program.store.generation], before);
  });

  it("is followed by a resync, after which writes go on", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1)));
    device.datapath.script.failCommit = { code: Code.INTERNAL, message: "gone" };
    await device.run(keep, insert(lldp(2)), remove(lldp(1)));
    device.datapath.script.failCommit = undefined;
    assert.equal(await device.pipelines.resync(new AbortController().signal), undefined);
    assert.deepEqual(
      device.rules.filter((rule) => rule !== "0 copy"),
      ["1 trap"],
    );
    assert.deepEqual(await device.write(keep, remove(lldp(1)), insert(lldp(3))), ["OK", "OK"]);
    assert.deepEqual(
      device.rules.filter((rule) => rule !== "0 copy"),
      ["3 trap"],
    );
  });
});

describe("a modified entry", () => {
  requirement(["WRT-14", "TBL-18", "ACT-16"], "is what the message says", async () => {
    const device = await Device.with();
    const full = { metadata: hex("01"), controllerMetadata: toLong(7n, "uint64") };
    await device.write(
      keep,
      insert(lldp(1, full)),
      modify(lldp(1, { action: call(actions.drop), metadata: hex("02") })),
    );
    const found = only(await device.only(acl))["tableEntry"] as TableEntry & { metadata: unknown };
    assert.deepEqual(
      [found.action, found.metadata, found.controllerMetadata],
      [{ action: { actionId: actions.drop } }, "02", undefined],
    );
    assert.ok(device.rules.includes("1 drop"));
  });

  requirement(
    ["ACT-15", "AMB-26"],
    "keeps its action if none is given, and takes the rest of the message",
    async () => {
      const device = await Device.with();
      await device.write(keep, insert(lldp(1)), modify(lldp(1, { action: null, metadata: hex("02") })));
      const found = only(await device.only(acl))["tableEntry"] as TableEntry & { metadata: unknown };
      assert.deepEqual([found.action, found.metadata], [{ action: { actionId: actions.trap } }, "02"]);
      assert.ok(device.rules.includes("1 trap"));
    },
  );

  it("names its queue by a parameter", async () => {
    const device = await Device.with();
    const queue = (name: string) => lldp(1, { action: call(actions.queue, name) });
    assert.deepEqual(await device.write(keep, insert(queue("03")), insert(queue("01")), modify(queue("04"))), [
      "INVALID_ARGUMENT",
      "OK",
      "INVALID_ARGUMENT",
    ]);
    assert.ok(device.rules.includes("1 trap 0"));
    assert.deepEqual(await device.write(keep, modify(queue("02"))), ["OK"]);
    assert.ok(device.rules.includes("1 trap 1"));
  });
});

const config = { cir: "1", cburst: "2", pir: "3", pburst: "4" };
const given = meter({ cir: 1, cburst: 2, pir: 3, pburst: 4 });

describe("a direct meter", () => {
  const meterOf = async (device: Device) =>
    (only(await device.only({ tableEntry: entry(tables.acl, { meterConfig: {} }) }))["tableEntry"] as TableEntry)
      .meterConfig;
  const onDatapath = (device: Device) =>
    [...device.datapath.rules.values()].find((rule) => rule.priority === 1)?.meter?.cir;
  const direct = (rest: Entity["directMeterEntry"]) =>
    update("modify", { directMeterEntry: { tableEntry: lldp(1, { action: null }), ...rest } });

  requirement(["DIR-01", "DIR-08", "DIR-09"], "is at its default, or as the insert gave it", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1)));
    assert.equal(await meterOf(device), undefined);
    assert.equal(onDatapath(device), undefined);
    await device.write(keep, remove(lldp(1)), insert(lldp(1, { meterConfig: given })));
    assert.deepEqual(await meterOf(device), config);
    assert.equal(onDatapath(device), 1n);
  });

  requirement(["DIR-02", "DIR-03", "AMB-55"], "is what a MODIFY says: reset if it says nothing", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1)), modify(lldp(1, { meterConfig: given })));
    assert.deepEqual(await meterOf(device), config);
    assert.equal(onDatapath(device), 1n);
    await device.write(keep, modify(lldp(1)));
    assert.equal(await meterOf(device), undefined);
    assert.equal(onDatapath(device), undefined);
  });

  requirement(["MTR-08", "MTR-09", "MTR-10", "MTR-15"], "is set and reset by its own entity", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1, { metadata: hex("aa") })));
    assert.deepEqual(await device.write(keep, direct({ config: given })), ["OK"]);
    const key = {
      priority: 1,
      match: [{ fieldId: 2, ternary: { value: "88cc", mask: "ffff" } }],
      tableId: entry(tables.acl).tableId,
    };
    const query = { directMeterEntry: { tableEntry: lldp(1, { action: null }) } };
    assert.deepEqual(await device.only(query), [{ directMeterEntry: { tableEntry: key, config } }]);
    assert.deepEqual(await device.write(keep, direct({})), ["OK"]);
    assert.deepEqual(await device.only(query), [{ directMeterEntry: { tableEntry: key } }]);
    assert.equal((only(await device.only(acl))["tableEntry"] as Record<string, unknown>)["metadata"], "aa");
    assert.deepEqual(await device.write(keep, remove(lldp(1)), direct({ config: given })), ["OK", "NOT_FOUND"]);
  });
});

describe("a direct counter", () => {
  const read = async (device: Device, priority = 1) =>
    (
      only(await device.only({ tableEntry: { ...lldp(priority, { action: null }), counterData: {} } }))[
        "tableEntry"
      ] as TableEntry
    ).counterData;
  const set = (packets: number, bytes: number, priority = 1) =>
    update("modify", {
      directCounterEntry: { tableEntry: lldp(priority, { action: null }), data: counts(packets, bytes) },
    });
  const counted = (packets: number, bytes: number) => ({
    ...(bytes > 0 && { byteCount: `${bytes}` }),
    ...(packets > 0 && { packetCount: `${packets}` }),
  });

  requirement(["DIR-04", "DIR-10"], "begins at zero, or at what the insert says, and counts on", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1)));
    assert.deepEqual(await read(device), {});
    device.frame(0x88cc);
    assert.deepEqual(await read(device), counted(1, 60));
    await device.write(keep, remove(lldp(1)), insert(lldp(1, { counterData: counts(5, 7) })));
    assert.deepEqual(await read(device), counted(5, 7));
    device.frame(0x88cc);
    assert.deepEqual(await read(device), counted(6, 67));
  });

  requirement(
    ["DIR-05", "DIR-06", "ACT-15"],
    "stays as it is when MODIFY does not name it, and is set when it does",
    async () => {
      const device = await Device.with();
      await device.write(keep, insert(lldp(1, { counterData: counts(5, 7) })));
      device.frame(0x88cc);
      await device.write(keep, modify(lldp(1, { action: call(actions.drop) })), modify(lldp(1, { action: null })));
      assert.deepEqual(await read(device), counted(6, 67));
      await device.write(keep, modify(lldp(1, { counterData: counts(1, 1) })));
      assert.deepEqual(await read(device), counted(1, 1));
      await device.write(keep, modify(lldp(1, { counterData: {} })));
      assert.deepEqual(await read(device), {});
    },
  );

  requirement(
    ["CTR-02", "CTR-03", "CTR-05", "CTR-13"],
    "is set by its own entity, or left alone by one without data",
    async () => {
      const device = await Device.with();
      await device.write(keep, insert(lldp(1)));
      device.frame(0x88cc);
      assert.deepEqual(await device.write(keep, set(9, 8), set(1, 1, 2)), ["OK", "NOT_FOUND"]);
      device.frame(0x88cc);
      assert.deepEqual(await read(device), counted(10, 68));
      const untouched = update("modify", { directCounterEntry: { tableEntry: lldp(1, { action: null }) } });
      assert.deepEqual(await device.write(keep, untouched), ["OK"]);
      assert.deepEqual(await read(device), counted(10, 68));
    },
  );

  requirement("DIR-05", "keeps what an earlier update of the same batch wrote", async () => {
    const device = await Device.with();
    await device.write(
      keep,
      insert(lldp(1, { counterData: counts(5, 7) })),
      modify(lldp(1, { action: call(actions.drop) })),
    );
    assert.deepEqual(await read(device), counted(5, 7));
    device.frame(0x88cc);
    const metered = update("modify", { directMeterEntry: { tableEntry: lldp(1, { action: null }), config: given } });
    await device.write(keep, set(2, 3), metered, modify(lldp(1)));
    assert.deepEqual(await read(device), counted(2, 3));
  });

  requirement("DIR-18", "is zero again in an entry that is inserted again", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1)));
    await device.write(keep, set(9, 8), remove(lldp(1)), insert(lldp(1)));
    assert.deepEqual(await read(device), {});
    await device.write(keep, set(9, 8), remove(lldp(1)));
    await device.write(keep, insert(lldp(1, { meterConfig: null })));
    assert.deepEqual(await read(device), {});
  });

  it("never reads as negative, though the datapath lost what it had counted", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1)));
    device.frame(0x88cc);
    device.frame(0x88cc);
    await device.write(keep, set(1, 1));
    await device.pipelines.resync(new AbortController().signal);
    const { packetCount, byteCount } = (await read(device)) ?? {};
    assert.ok(Number(packetCount ?? 0) >= 0 && Number(byteCount ?? 0) >= 0);
    device.frame(0x88cc);
    assert.deepEqual(await read(device), counted(1, 60));
  });

  it("wraps at 63 bits instead of becoming negative", async () => {
    const device = await Device.with();
    const most = toLong(2n ** 63n - 1n, "int64");
    await device.write(keep, insert(lldp(1, { counterData: { packetCount: most, byteCount: most } })));
    device.frame(0x88cc);
    assert.deepEqual(await read(device), { byteCount: "59" });
  });
});

describe("a default entry", () => {
  const set = (rest: Rest) => modify(entry(tables.routes, { isDefaultAction: true, ...rest }));
  const query = { tableEntry: entry(tables.routes, { isDefaultAction: true, ...asked }) };
  const fresh = {
    tableEntry: {
      tableId: entry(tables.routes).tableId,
      isDefaultAction: true,
      action: { action: { actionId: actions.copy } },
      counterData: {},
    },
  };

  requirement(["DEF-05", "DEF-08", "DEF-11"], "is what a MODIFY makes it, direct resources included", async () => {
    const device = await Device.with();
    assert.deepEqual(await device.only(query), [fresh]);
    assert.deepEqual(device.rules, ["0 copy"]);
    const rest = { action: call(actions.drop), metadata: hex("01"), meterConfig: given, counterData: counts(1, 2) };
    assert.deepEqual(await device.write(keep, set(rest)), ["OK"]);
    const found = only(await device.only(query))["tableEntry"] as Record<string, unknown>;
    assert.deepEqual(found, {
      ...fresh.tableEntry,
      action: { action: { actionId: actions.drop } },
      metadata: "01",
      meterConfig: config,
      counterData: { packetCount: "1", byteCount: "2" },
    });
    assert.deepEqual(device.rules, ["0 drop"]);
  });

  requirement(["DEF-06", "AMB-55"], "goes back to the program's when a MODIFY has no action", async () => {
    const device = await Device.with();
    await device.write(
      keep,
      set({ action: call(actions.drop), metadata: hex("01"), meterConfig: given, counterData: counts(1, 2) }),
    );
    const rubbish = {
      metadata: hex("02"),
      controllerMetadata: toLong(3n, "uint64"),
      meterConfig: given,
      counterData: counts(3, 4),
    };
    assert.deepEqual(await device.write(keep, set(rubbish)), ["OK"]);
    assert.deepEqual(await device.only(query), [fresh]);
    assert.deepEqual(device.rules, ["0 copy"]);
  });

  requirement("DIR-05", "keeps its counter while its action needs no rule", async () => {
    const device = await Device.with();
    const counter = async () => (only(await device.only(query))["tableEntry"] as TableEntry).counterData;
    device.frame(0x1234);
    await device.write(keep, set({ action: call(actions.noAction) }));
    assert.deepEqual(await counter(), { packetCount: "1", byteCount: "60" });
    await device.write(keep, set({ action: call(actions.drop) }));
    device.frame(0x1234);
    assert.deepEqual(await counter(), { packetCount: "2", byteCount: "120" });
  });

  requirement("DEF-06", "has the program's arguments again, in canonical form", async () => {
    const device = await Device.with();
    const keyless = { tableEntry: entry(tables.keyless, { isDefaultAction: true }) };
    const params = [
      { paramId: 1, value: "0101" },
      { paramId: 2, value: "07" },
    ];
    const initial = [{ tableEntry: { ...keyless.tableEntry, action: { action: { actionId: actions.set, params } } } }];
    assert.deepEqual(await device.only(keyless), initial);
    await device.write(keep, modify({ ...keyless.tableEntry, action: call(actions.drop) }));
    assert.notDeepEqual(await device.only(keyless), initial);
    await device.write(keep, modify(keyless.tableEntry));
    assert.deepEqual(await device.only(keyless), initial);
  });
});

describe("a constant table", () => {
  const key = entry(tables.fixed, { match: [exact(1, "02")] });

  requirement(["CON-04"], "has no entry that is not there", async () => {
    const device = await Device.with();
    const results = await device.write(
      keep,
      modify({ ...key, meterConfig: given }),
      update("modify", { directCounterEntry: { tableEntry: key, data: counts(1, 1) } }),
      update("modify", { directMeterEntry: { tableEntry: key, config: given } }),
    );
    assert.deepEqual(results, ["NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]);
  });

  /** Puts an entry into the constant table as its program would. */
  async function withEntry(): Promise<Device> {
    const device = await Device.with();
    const { store, tables: programTables } = device.program;
    const stage = store.begin();
    const table = programTables.get(entry(tables.fixed).tableId ?? 0);
    assert.ok(table);
    const version = stage.insert(table.store, "\0\0\0\0\0\0\0\0\0\u0002", "\u0001\0\0\u0002", noExtras);
    const plan = device.datapath.plan();
    device.pipelines.realiser.add(plan, table, version);
    await plan.commit();
    store.publish(stage);
    return device;
  }

  requirement(["CON-04", "CON-09", "CTR-12", "MTR-27"], "lets direct resources of its entries change", async () => {
    const device = await withEntry();
    const results = await device.write(
      keep,
      modify({ ...key, meterConfig: given, counterData: counts(1, 1) }),
      update("modify", { directCounterEntry: { tableEntry: key, data: counts(3, 4) } }),
      update("modify", { directMeterEntry: { tableEntry: key, config: meter({ cir: 9 }) } }),
    );
    assert.deepEqual(results, ["OK", "OK", "OK"]);
    assert.deepEqual(await device.only({ tableEntry: { ...key, ...asked } }), [
      {
        tableEntry: {
          tableId: key.tableId,
          match: [{ fieldId: 1, exact: { value: "02" } }],
          action: { action: { actionId: actions.drop } },
          isConst: true,
          meterConfig: { cir: "9" },
          counterData: { packetCount: "3", byteCount: "4" },
        },
      },
    ]);
  });

  requirement(["CON-01", "CON-02", "CON-03", "CON-15"], "lets nothing else of its entries change", async () => {
    const device = await withEntry();
    const results = await device.write(
      keep,
      insert({ ...key, action: call(actions.drop) }),
      remove(key),
      modify({ ...key, action: call(actions.drop) }),
      modify({ ...key, metadata: hex("01") }),
      modify({ ...key, controllerMetadata: toLong(1n, "uint64") }),
    );
    assert.deepEqual(results, Array(5).fill("PERMISSION_DENIED"));
  });
});

describe("entries that nothing realises", () => {
  it("are kept, counted as zero and leave the datapath alone", async () => {
    const device = await Device.with();
    const mixed = entry(tables.mixed, {
      priority: 1,
      match: [exact(1, "01"), { fieldId: 6, exact: { value: Buffer.from("1") } }],
    });
    const before = device.rules;
    assert.deepEqual(await device.write(keep, insert({ ...mixed, action: call(actions.set, "01", "02") })), ["OK"]);
    assert.deepEqual(device.rules, before);
    const found = only(await device.only({ tableEntry: { ...mixed, counterData: {} } }))["tableEntry"] as TableEntry;
    assert.deepEqual(found.counterData, {});
    assert.deepEqual(await device.write(keep, remove(mixed)), ["OK"]);
  });

  it("reach the datapath once their saved program is committed", async () => {
    const device = await Device.with();
    await device.push(device.program.pipeline.spec, "verify-and-save");
    await device.write(keep, insert(lldp(1, { counterData: counts(3, 4) })), insert(lldp(2)), remove(lldp(2)));
    assert.deepEqual(device.rules, ["0 copy"]);
    await device.pipelines.set("commit", undefined);
    assert.deepEqual(device.rules, ["0 copy", "1 trap"]);
    const found = only(await device.only(full))["tableEntry"] as TableEntry;
    assert.deepEqual(found.counterData, { packetCount: "3", byteCount: "4" });
  });
});

describe("longest prefixes", () => {
  requirement("TBL-10", "win over shorter ones", async () => {
    const device = await Device.with();
    const route = (value: string, bits: number, action: number) =>
      insert(entry(tables.routes, { match: bits === 0 ? [] : [lpm(1, value, bits)], action: call(action) }));
    await device.write(
      keep,
      route("0a000000", 8, actions.trap),
      route("0a010000", 16, actions.drop),
      route("", 0, actions.copy),
    );
    assert.deepEqual(device.rules, ["0 copy", "1 copy", "9 trap", "17 drop"]);
  });

  it("are told apart by their length", async () => {
    const device = await Device.with();
    const route = (bits: number) =>
      entry(tables.routes, { match: [lpm(1, "0a000000", bits)], action: call(actions.drop) });
    assert.deepEqual(await device.write(keep, insert(route(8)), insert(route(9)), remove(route(8))), [
      "OK",
      "OK",
      "OK",
    ]);
    const found = await device.only({ tableEntry: entry(tables.routes) });
    assert.deepEqual(
      found.map((each) => (each["tableEntry"] as TableEntry).match?.[0]?.lpm?.prefixLen),
      [9],
    );
  });
});

describe("a padded key", () => {
  requirement(["BYT-07", "BYT-08"], "names the entry that was inserted without padding", async () => {
    const device = await Device.with();
    await device.write(keep, insert(lldp(1, { match: [optional(1, "0001")] })));
    assert.deepEqual(
      await device.write(
        keep,
        insert(lldp(1, { match: [optional(1, "01")] })),
        remove(lldp(1, { match: [optional(1, "000001")] })),
      ),
      ["ALREADY_EXISTS", "OK"],
    );
  });
});
