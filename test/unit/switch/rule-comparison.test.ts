import assert from "node:assert/strict";
import { codeName, StatusError } from "../../../src/base/status.js";
import type { InstalledRule } from "../../../src/datapath/rule.js";
import type { RuleRow } from "../../../src/switch/rule-comparison.js";
import { call, entry, exact, lpm, optional, range, ternary, update, type TableEntry } from "../../support/entities.js";
import { always } from "../../support/key-rules.js";
import { actions, tableId, tables } from "../../support/programs.js";
import { configOf, published } from "../../support/program-options.js";
import { ScriptedDatapath } from "../../support/scripted-datapath.js";
import { Device } from "./device.js";
import { Scene, type EntryUpdate } from "./scene.js";

const trap = call(actions.trap);
const lldp = (priority: number, action = trap): TableEntry =>
  entry(tables.acl, { priority, match: [ternary(2, "88cc", "ffff")], action });

async function deviceWith(...entries: readonly TableEntry[]): Promise<Device> {
  const device = await Device.with();
  const inserts = entries.map((tableEntry) => update("insert", { tableEntry }));
  const results = inserts.length === 0 ? [] : await device.write("rollback-on-error", ...inserts);
  assert.deepEqual(
    results,
    entries.map(() => "OK"),
  );
  return device;
}

/** Lets the datapath tell `change` of each rule it holds: nothing, or others. */
function drift(device: Device, change: (rule: InstalledRule) => readonly InstalledRule[]): void {
  device.datapath.script.drift = function* (held) {
    for (const rule of held) yield* change(rule);
  };
}

/** Rows in short, without the default entry of the table `routes`. */
function short(rows: readonly RuleRow[]): readonly string[] {
  const fields = (list: RuleRow["match"]) => list.map(({ name, value }) => `${name} ${value}`).join(",");
  return rows
    .filter(({ isDefault }) => !isDefault)
    .map(({ state, table, priority, match, keys, action }) => {
      const [words, shown] = [keys.map(fields).join(" or "), action?.green ?? "nothing"];
      return `${state} ${table} ${priority} [${fields(match)}] [${words}] ${shown}`;
    });
}

const lldpUpdate: EntryUpdate = {
  type: "insert",
  table: "acl_wbb_ingress_table",
  match: { ether_type: [0x88ccn, 0xffffn] },
  action: "acl_wbb_ingress_trap",
};

describe("Switch.compareRules", () => {
  const { signal } = new AbortController();

  /** Primary, with WBB committed, on a scripted datapath. */
  async function scene(datapath: ScriptedDatapath): Promise<Scene> {
    const opened = new Scene({ datapath: datapath.soft, wrapped: datapath });
    opened.arbitrated(1);
    assert.equal(await opened.set("verify-and-commit", configOf(published("wbb"), "wbb")), "OK");
    return opened;
  }

  it("waits for a Write that is under way, and sees all of it on both sides", async () => {
    await using datapath = new ScriptedDatapath();
    await using open = await scene(datapath);
    let go: () => void = () => {};
    datapath.script.holdCommit = new Promise((resolve) => (go = resolve));
    const written = open.write([lldpUpdate]);
    const comparing = open.sw.compareRules(undefined, signal);
    let compared = false;
    void comparing.then(() => (compared = true));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(compared, false);
    go();
    assert.equal(await written, "OK");
    using comparison = await comparing;
    assert.deepEqual([comparison.entries, comparison.installed], [1, 1]);
  });

  it("lets Writes go on while the outcome is read, which stays what it was", async () => {
    await using datapath = new ScriptedDatapath();
    await using open = await scene(datapath);
    assert.equal(await open.write([lldpUpdate]), "OK");
    using comparison = await open.sw.compareRules(undefined, signal);
    assert.equal(await open.write([{ ...lldpUpdate, type: "delete" }]), "OK");
    const rows: RuleRow[] = [];
    for await (const batch of comparison.rows(signal)) rows.push(...batch);
    assert.deepEqual(
      rows.map(({ state }) => state),
      ["held"],
    );
  });

  it("takes four at a time, and another when one is disposed or was refused", async () => {
    await using datapath = new ScriptedDatapath();
    await using open = await scene(datapath);
    for (let i = 0; i < 5; i++) await assert.rejects(open.sw.compareRules("no_such", signal), /there is no table/);
    const four = await Promise.all([1, 2, 3, 4].map(() => open.sw.compareRules(undefined, signal)));
    await assert.rejects(open.sw.compareRules(undefined, signal), (error) => {
      assert.ok(error instanceof StatusError);
      assert.equal(codeName(error.status.code), "RESOURCE_EXHAUSTED");
      return true;
    });
    four[0]?.[Symbol.dispose]();
    four.push(await open.sw.compareRules(undefined, signal));
    for (const each of four) each[Symbol.dispose]();
  });

  it("ends when its caller goes away", async () => {
    await using datapath = new ScriptedDatapath();
    await using open = await scene(datapath);
    const gone = new AbortController();
    datapath.script.drift = function* (held) {
      gone.abort();
      const [any] = held;
      for (const end = performance.now() + 5; performance.now() < end;) if (any !== undefined) yield any;
    };
    assert.equal(await open.write([lldpUpdate]), "OK");
    await assert.rejects(open.sw.compareRules(undefined, gone.signal), { name: "AbortError" });
  });
});

describe("a comparison of entries and rules", () => {
  it("finds each entry's rule in the terms of both, with its action, queue and counter", async () => {
    const match = [optional(1, "01"), ternary(3, "01", "ff")];
    const device = await deviceWith(
      entry(tables.acl, { priority: 7, match, action: call(actions.queue, "02") }),
      lldp(1),
    );
    device.frame(0x88cc);
    const { rows, ...counts } = await device.compare("acl");
    const held = { state: "held", table: "acl", isDefault: false } as const;
    assert.deepEqual(rows, [
      {
        ...held,
        priority: 7,
        match: [
          { name: "is_ipv4", value: "0x01" },
          { name: "ttl", value: "0x01/0xff" },
        ],
        keys: [
          [
            { name: "is_ipv4", value: "1" },
            { name: "ttl", value: "1" },
          ],
        ],
        action: { green: "trap", yellow: "trap", red: "drop", queue: 1 },
        queue: "2",
        selector: undefined,
        entryAction: "queue",
        counter: { packets: 0n, bytes: 0n },
      },
      {
        ...held,
        priority: 1,
        match: [{ name: "ether_type", value: "0x88cc/0xffff" }],
        keys: [[{ name: "ether_type", value: "0x88cc" }]],
        action: { green: "trap", yellow: "trap", red: "drop" },
        queue: undefined,
        selector: undefined,
        entryAction: "trap",
        counter: { packets: 1n, bytes: 60n },
      },
    ]);
    assert.deepEqual(counts, { entries: 2, installed: 2, differences: 0 });
  });

  it("counts a default entry that does something, and not one that does nothing", async () => {
    const { rows } = await (await deviceWith()).compare();
    assert.deepEqual(
      rows.map(({ state, table, isDefault, priority, match, keys }) => [
        state,
        table,
        isDefault,
        priority,
        match,
        keys,
      ]),
      [["held", "routes", true, 0, [], [[]]]],
    );
  });

  it("names what is missing", async () => {
    const device = await deviceWith(lldp(2), entry(tables.routes, { match: [lpm(1, "0a000000", 8)], action: trap }));
    drift(device, (rule) => (rule.priority === 2 ? [] : [rule]));
    const { rows, differences } = await device.compare();
    assert.deepEqual(short(rows), [
      "missing acl 2 [ether_type 0x88cc/0xffff] [ether_type 0x88cc] trap",
      "held routes 9 [dst_ipv4 0x0a000000/8] [dst_ipv4 10.0.0.0/8] trap",
    ]);
    assert.equal(differences, 1);
  });

  for (const { what, change, plus } of [
    { what: "another action", change: { action: always("drop") }, plus: "acl 2 [ether_type 0x88cc/0xffff] [ether_type 0x88cc] drop" }, // prettier-ignore
    { what: "another colour", change: { action: { ...always("trap") } }, plus: "acl 2 [ether_type 0x88cc/0xffff] [ether_type 0x88cc] trap" }, // prettier-ignore
    { what: "another priority", change: { priority: 3 }, plus: "acl 3 [ether_type 0x88cc/0xffff] [ether_type 0x88cc] trap" }, // prettier-ignore
    { what: "a key of nobody's", change: { value: new Int32Array(16), cookie: undefined }, plus: "acl 2 [] [ether_type 0x0000] trap" }, // prettier-ignore
    { what: "a table of nobody's", change: { table: 99 as InstalledRule["table"] }, plus: "#99 2 [] [ether_type 0x88cc] trap" }, // prettier-ignore
  ])
    it(`shows a rule with ${what} beside the one that is missing`, async () => {
      const device = await deviceWith(lldp(2));
      drift(device, (rule) => [{ ...rule, ...(rule.priority === 2 && change) }]);
      const { rows, differences } = await device.compare();
      const minus = "missing acl 2 [ether_type 0x88cc/0xffff] [ether_type 0x88cc] trap";
      assert.deepEqual(short(rows), [minus, `unexpected ${plus}`]);
      assert.equal(differences, 2);
    });

  it("shows a rule that is there twice", async () => {
    const device = await deviceWith(lldp(2));
    drift(device, (rule) => [rule, ...(rule.priority === 2 ? [rule] : [])]);
    const { rows, differences } = await device.compare("acl");
    assert.deepEqual([rows.map(({ state }) => state), differences], [["held", "unexpected"], 1]);
  });

  describe("of entries with one key", () => {
    const entries = [lldp(5), lldp(3, call(actions.drop)), lldp(1)];
    for (const { what, gone, states, differences } of [
      { what: "does not miss what another outranks", gone: [3, 1], states: "held shadowed shadowed", differences: 0 },
      { what: "misses the one that wins", gone: [5], states: "missing held held", differences: 1 },
      { what: "misses only the winner if none is there", gone: [5, 3, 1], states: "missing shadowed shadowed", differences: 1 }, // prettier-ignore
    ])
      it(what, async () => {
        const device = await deviceWith(...entries);
        drift(device, (rule) => (gone.includes(rule.priority) ? [] : [rule]));
        const compared = await device.compare("acl");
        assert.equal(compared.rows.map(({ state }) => state).join(" "), states);
        assert.equal(compared.differences, differences);
      });
  });

  it("names the keys of a range that are missing, and no others", async () => {
    const match = [range(1, "0001", "0003")];
    const device = await deviceWith(entry(tables.ranges, { priority: 4, match, action: trap }));
    const whole = await device.compare("ranges");
    const both = "l4_dst_port 1 or l4_dst_port 0x0002/0xfffe";
    assert.deepEqual(short(whole.rows), [`held ranges 4 [l4_dst_port 0x0001..0x0003] [${both}] trap`]);
    assert.deepEqual([whole.entries, whole.installed], [1, 2]);
    drift(device, (rule) => (rule.mask[7] === 0xffff ? [] : [rule]));
    const { rows, differences } = await device.compare("ranges");
    assert.deepEqual(short(rows), ["missing ranges 4 [l4_dst_port 0x0001..0x0003] [l4_dst_port 1] trap"]);
    assert.equal(differences, 1);
  });

  it("does not miss what nothing realises", async () => {
    const match = [exact(1, "01"), optional(2, "02")];
    const action = call(actions.output, "01");
    const device = await deviceWith(entry(tables.numberPorts, { priority: 1, match, action }));
    const { rows, entries, differences } = await device.compare("number_ports");
    assert.deepEqual(
      rows.map(({ state, keys, action, entryAction, counter }) => [state, keys, action, entryAction, counter]),
      [["unrealised", [], undefined, "output", undefined]],
    );
    assert.deepEqual([entries, differences], [0, 0]);
  });

  for (const { what, name } of [
    { what: "alias", name: "acl" },
    { what: "id", name: String(tableId(tables.acl)) },
  ])
    it(`looks at one table by ${what}, whatever is wrong with the others`, async () => {
      const device = await deviceWith(lldp(1));
      drift(device, (rule) => (rule.priority === 0 ? [] : [rule]));
      assert.deepEqual([(await device.compare(name)).differences, (await device.compare()).differences], [0, 1]);
    });

  it("refuses a table that is not there, and names those that are", async () => {
    const device = await deviceWith();
    await assert.rejects(device.compare("alc"), (error) => {
      assert.ok(error instanceof StatusError);
      assert.equal(codeName(error.status.code), "NOT_FOUND");
      assert.match(error.message, /^there is no table 'alc' \(there are: acl, .*keyless\)$/);
      return true;
    });
  });

  it("is refused where the datapath does not tell", async () => {
    const device = await deviceWith();
    Object.defineProperty(device.datapath, "dump", { value: undefined });
    await assert.rejects(device.compare(), /^StatusError: datapath 'soft' does not tell its rules$/);
  });
});
