import assert from "node:assert/strict";
import { Code, type Status } from "../../../src/base/status.js";
import { finish } from "../../../src/base/steps.js";
import { decodeP4Info } from "../../../src/wire/decode-p4info.js";
import { update, type SentUpdate, type UpdateKind } from "../../support/entities.js";
import type { Entity } from "../../support/p4-client.js";
import {
  byGroup,
  byMember,
  bySet,
  call,
  group,
  ids,
  member,
  profileP4Info,
  profileText,
  selecting,
} from "../../support/profile-program.js";
import { Device } from "./device.js";

const noRoom: Status = { code: Code.RESOURCE_EXHAUSTED, message: "no room" };
const [trap, drop] = [call(ids.trap), call(ids.drop)];
const send = (kind: UpdateKind, entity: Entity): SentUpdate => update(kind, entity);

const sorted = (device: Device) => [...device.rules].sort();

/** The program with its action `copy` bound to nothing. */
const odd = profileText.replace(
  `name: "ingress.copy" alias: "copy" annotations: "@sai_action(SAI_PACKET_ACTION_COPY)"`,
  `name: "ingress.odd" alias: "odd"`,
);

describe("a member or group that changes", () => {
  /** Two members, a group of both, and three entries that name them. */
  async function used(first = trap, text = profileText): Promise<Device> {
    const device = await Device.with(decodeP4Info(profileP4Info(text)));
    const results = await device.write(
      "rollback-on-error",
      send("insert", member(1, first)),
      send("insert", member(2, trap)),
      send("insert", group(1, [[1, 1], [2, 1]])), // prettier-ignore
      send("insert", selecting(1, byMember(1))),
      send("insert", selecting(2, byGroup(1))),
      send("insert", selecting(3, byMember(1), ids.more)),
    );
    assert.deepEqual(new Set(results), new Set(["OK"]));
    return device;
  }

  for (const refused of [1, 2, 3])
    it(`leaves all rules alone if the datapath refuses rule ${refused} of three, and the batch goes on`, async () => {
      const device = await used();
      const before = device.rules;
      let asked = 0;
      device.datapath.script.refuse = () => (++asked === refused ? noRoom : undefined);
      const results = await device.write(
        "continue-on-error",
        send("modify", member(1, drop)),
        send("insert", selecting(9, byMember(1))),
      );
      assert.deepEqual(results, ["RESOURCE_EXHAUSTED", "OK"]);
      assert.deepEqual(sorted(device), [...before, "1 trap"].sort());
      assert.equal((await device.compare()).differences, 0);
    });

  it("takes rules back that it added before one was refused", async () => {
    const device = await used(call(ids.copy), odd);
    assert.deepEqual(device.rules, []);
    let asked = 0;
    device.datapath.script.refuse = () => (++asked === 2 ? noRoom : undefined);
    assert.deepEqual(await device.write("continue-on-error", send("modify", member(1, drop)), send("insert", member(3, trap))), [
      "RESOURCE_EXHAUSTED",
      "OK",
    ]); // prettier-ignore
    assert.deepEqual(device.rules, []);
    device.datapath.script.refuse = undefined;
    assert.deepEqual(await device.write("continue-on-error", send("modify", member(1, drop))), ["OK"]);
    assert.deepEqual(sorted(device), ["1 drop", "1 drop", "1 hash drop*1 trap*1"]);
  });

  it("takes the rules away where nothing realises its action any more", async () => {
    const device = await used(trap, odd);
    assert.deepEqual(await device.write("continue-on-error", send("modify", member(1, call(ids.copy)))), ["OK"]);
    assert.deepEqual(device.rules, []);
    const { rows } = await device.compare();
    assert.deepEqual(
      rows.map(({ state, entryAction }) => `${state} ${entryAction}`),
      ["unrealised member 1", "unrealised group 1", "unrealised member 1"],
    );
  });

  it("is no change of the entries: counters go on, and the record of the commit does not name them", async () => {
    const device = await used();
    device.frame(1);
    assert.deepEqual(await device.write("rollback-on-error", send("modify", member(1, drop))), ["OK"]);
    device.frame(1);
    const counts = (await device.compare()).rows.map(({ counter }) => Number(counter?.packets));
    assert.deepEqual(counts, [2, 0, 0]);
    const { store } = device.program;
    const stage = store.begin();
    const table = device.program.tables.get(ids.acl);
    const [entry] = table?.store.heads.values() ?? [];
    assert.ok(table !== undefined && entry !== undefined);
    stage.touch(table.store, entry);
    assert.deepEqual(stage.changes("nobody").modified, []);
    finish(store.abandonSteps(stage));
  });

  it("lets others run after each one that many entries select", async () => {
    const device = await used();
    const many = Array.from({ length: 1000 }, (_, i) => send("insert", selecting(i + 10, byMember(2))));
    assert.deepEqual(new Set(await device.write("rollback-on-error", ...many)), new Set(["OK"]));
    let turns = 0;
    let writing = true;
    const others = (async () => {
      for (; writing; turns++) await new Promise((resolve) => setImmediate(resolve));
    })();
    const changes = Array.from({ length: 12 }, (_, i) => send("modify", member(2, i % 2 === 0 ? drop : trap)));
    assert.deepEqual(new Set(await device.write("rollback-on-error", ...changes)), new Set(["OK"]));
    writing = false;
    await others;
    assert.ok(turns > 3, `the event loop turned ${turns} times`);
  });

  it("leaves what a reader of an older state sees", async () => {
    const device = await used();
    using snapshot = device.program.store.snapshot();
    await device.write(
      "rollback-on-error",
      send("modify", member(1, drop)),
      send("delete", selecting(3, undefined, ids.more)),
    );
    const profile = device.program.store.profiles.get(ids.selector);
    assert.equal(profile?.members.heads.get("1")?.prev?.from, snapshot.generation);
  });

  it("is taken over by another program, with the groups and entries that depend on it", async () => {
    const device = await used();
    const before = device.rules;
    assert.equal(await device.push(decodeP4Info(profileP4Info()), "reconcile-and-commit"), undefined);
    assert.deepEqual(device.rules, before);
    assert.equal((await device.compare()).differences, 0);
    const results = await device.write("continue-on-error", send("delete", member(1)), send("modify", member(1, drop)));
    assert.deepEqual(results, ["FAILED_PRECONDITION", "OK"]);
    assert.deepEqual(sorted(device), ["1 drop", "1 drop", "1 hash drop*1 trap*1"]);
  });
});

describe("a member or group that many depend on", () => {
  const many = 20_000;
  const roomy = profileText.replaceAll(/ size: (20|1024)\b/g, " size: 65536").replaceAll("max_group_size: 8", "");

  /** Turns that others get while `work` is under way. */
  async function turnsBeside(work: Promise<unknown>): Promise<number> {
    let turns = 0;
    let done = false;
    void work.finally(() => (done = true));
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    await work;
    return turns;
  }

  async function deviceWith(...entities: readonly Entity[]): Promise<Device> {
    const device = await Device.with(decodeP4Info(profileP4Info(roomy)));
    for (let i = 0; i < entities.length; i += 5000) {
      const part = entities.slice(i, i + 5000).map((entity) => send("insert", entity));
      assert.deepEqual(new Set(await device.write("rollback-on-error", ...part)), new Set(["OK"]));
    }
    return device;
  }

  it("is changed in slices, and changed back in slices where the batch fails", async function () {
    this.timeout(20_000);
    const entries = Array.from({ length: many }, (_, i) => selecting(i, i % 2 === 0 ? byMember(1) : byGroup(1)));
    const device = await deviceWith(member(1, trap), group(1, [[1, 1]]), ...entries);
    const slices = 4; // of 2 ms each, with three turns after each; it took 100 ms and more in one
    assert.ok((await turnsBeside(device.write("rollback-on-error", send("modify", member(1, drop))))) > 3 * slices);
    assert.equal(new Set(device.rules).size, 2);
    const failing = [send("modify", member(1, trap)), send("modify", member(9, trap))] as const;
    assert.ok((await turnsBeside(device.write("rollback-on-error", ...failing))) > 3 * slices);
    assert.deepEqual([...new Set(device.rules)].sort(), ["1 drop", "1 hash drop*1"]);
    assert.equal((await device.compare()).differences, 0);
  });

  it("may be a set in itself: some that are large are written and read in slices", async function () {
    this.timeout(20_000);
    const device = await deviceWith();
    const actions = Array.from({ length: 8000 }, () => [trap, 1] as const);
    const large = Array.from({ length: 8 }, (_, i) => send("insert", selecting(i, bySet(actions), ids.open)));
    assert.ok((await turnsBeside(device.write("rollback-on-error", ...large))) >= 3 * 4);
    assert.ok((await turnsBeside(device.read({ tableEntry: { tableId: ids.open } }))) >= 3 * 2);
    assert.equal(device.rules.length, large.length);
  });

  it("is renewed so often in one Write, and no more", async function () {
    this.timeout(20_000);
    const members = Array.from({ length: 10_000 }, (_, i) => member(i + 1, trap));
    const all = members.map((_, i) => [i + 1, 1] as const);
    const device = await deviceWith(...members, group(1, all), selecting(1, byGroup(1)));
    const changes = Array.from({ length: 60 }, (_, i) => send("modify", member(1, i % 2 === 0 ? drop : trap)));
    const results = await device.write("continue-on-error", ...changes);
    assert.deepEqual(
      results.slice(0, 53),
      Array.from({ length: 53 }, () => "OK"),
    );
    const noChange = "OK"; // it is to drop already
    assert.deepEqual(results.slice(53, 57), ["RESOURCE_EXHAUSTED", noChange, "RESOURCE_EXHAUSTED", noChange]);
    assert.deepEqual(await device.write("continue-on-error", send("modify", member(1, trap))), ["OK"]);
    assert.equal((await device.compare()).differences, 0);
  });
});
