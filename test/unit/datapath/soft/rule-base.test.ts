import assert from "node:assert/strict";
import { Code } from "../../../../src/base/status.js";
import type { Plan } from "../../../../src/datapath/datapath.js";
import { keyWords } from "../../../../src/datapath/frame-key.js";
import type { PuntRule, RuleHandle, TableIndex } from "../../../../src/datapath/rule.js";
import { RuleBase, ruleOf } from "../../../../src/datapath/soft/rule-base.js";
import { Ticks } from "../../../../src/datapath/soft/ticks.js";
import { HandClock } from "../../../support/hand-clock.js";
import { always, keyOf, rule } from "../../../support/key-rules.js";
import type { Matches } from "../../../support/key-rules.js";

const meter = { type: "single-rate-two-color", unit: "packets" } as const;
const config = { cir: 0n, cburst: 1n, pir: 0n, pburst: 1n, eburst: 0n };

async function opened(maxMasks = 8): Promise<RuleBase> {
  const base = new RuleBase(new Ticks(new HandClock()), 1);
  const plan = base.plan();
  plan.reset([{ name: "acl", maxMasks, meter }]);
  await plan.commit();
  return base;
}

function added(plan: Plan, wanted: PuntRule): RuleHandle {
  const result = plan.add(wanted);
  assert.ok(result.ok);
  return result.value;
}

/** The cookie of the best rule for a frame of these fields. */
function found(base: RuleBase, fields: Matches): object | undefined {
  return base.tables[0]?.rules.find(keyOf(fields).values, base.generation)?.cookie;
}

describe("RuleBase plans", () => {
  it("shows nothing of a plan before its commit, and all of it after", async () => {
    const base = await opened();
    const [old, kept, fresh] = [{ is: "old" }, { is: "kept" }, { is: "fresh" }];
    const first = base.plan();
    const gone = added(first, rule({ match: { ether_type: 1 }, cookie: old }));
    const stays = added(first, rule({ match: { ether_type: 2 }, cookie: old }));
    await first.commit();

    const second = base.plan();
    second.remove(gone);
    second.replace(stays, { action: always("drop"), meter: undefined, cookie: kept });
    added(second, rule({ match: { ether_type: 3 }, cookie: fresh }));
    const seen = () => [1, 2, 3].map((type) => found(base, { ether_type: type }));
    assert.deepEqual(seen(), [old, old, undefined]);
    await second.commit();
    assert.deepEqual(seen(), [undefined, kept, fresh]);
  });

  it("lets a meter go on in a rule that goes on for one before a reset, if it marks the same", async () => {
    const base = await opened();
    const first = base.plan();
    const before = added(first, { ...rule({ match: { ether_type: 1 } }), meter: config });
    await first.commit();
    const spent = ruleOf(before).meter;
    assert.equal(spent?.mark(60, 0), "green");
    const after = async (
      spec: typeof meter | { type: "single-rate-two-color"; unit: "bytes" },
      given: typeof config,
    ) => {
      const plan = base.plan();
      plan.reset([{ name: "acl", maxMasks: 8, meter: spec }]);
      const handle = added(plan, { ...rule({ match: { ether_type: 1 } }), meter: given, succeeds: before });
      await plan.commit();
      return ruleOf(handle).meter;
    };
    assert.equal(await after(meter, { ...config }), spent);
    assert.equal((await after(meter, config))?.mark(60, 0), "red");
    assert.notEqual(await after({ ...meter, unit: "bytes" }, config), spent);
    assert.notEqual(await after(meter, { ...config, cburst: 2n }), spent);
  });

  it("leaves no trace of an abandoned plan, also of rules it added and changed itself", async () => {
    const base = await opened();
    const old = { is: "old" };
    const first = base.plan();
    const handle = added(first, rule({ match: { ether_type: 1 }, cookie: old }));
    await first.commit();
    const second = base.plan();
    second.replace(handle, { action: always("drop"), meter: undefined, cookie: {} });
    second.remove(handle);
    const brief = added(second, rule({ priority: 9, match: { ether_type: 1 } }));
    second.replace(brief, { action: always("copy"), meter: undefined, cookie: {} });
    second.remove(brief);
    second.abandon();
    assert.equal(found(base, { ether_type: 1 }), old);
    assert.deepEqual(ruleOf(handle).action, always("trap"));
    const third = base.plan();
    third.remove(handle);
    await third.commit();
    assert.equal(found(base, { ether_type: 1 }), undefined);
  });

  it("keeps counter, age and an unchanged meter when a rule is replaced", async () => {
    const base = await opened();
    const first = base.plan();
    const handle = added(first, rule({ meter: config }));
    added(first, rule({ cookie: { is: "younger" } }));
    await first.commit();
    const { meter: before, age } = ruleOf(handle);
    ruleOf(handle).packets = 7;
    const cookie = { is: "replaced" };
    for (const { changed, same } of [
      { changed: { ...config }, same: true },
      { changed: { ...config, cir: 1n }, same: false },
    ]) {
      const plan = base.plan();
      const replaced = plan.replace(handle, { action: always("copy"), meter: changed, cookie });
      await plan.commit();
      assert.ok(replaced.ok);
      const now = ruleOf(replaced.value);
      assert.deepEqual({ packets: now.packets, age: now.age, same: now.meter === before }, { packets: 7, age, same });
      assert.equal(found(base, {}), cookie);
    }
  });

  it("refuses one mask too many and takes it once another has gone", async () => {
    const base = await opened(2);
    const plan = base.plan();
    const first = added(plan, rule({ match: { ether_type: 1 } }));
    added(plan, rule({ match: { ttl: 1 } }));
    added(plan, rule({ match: { ttl: 2 } }));
    const refused = plan.add(rule({ match: { dscp: 1 } }));
    assert.ok(!refused.ok);
    assert.equal(refused.status.code, Code.RESOURCE_EXHAUSTED);
    assert.equal(refused.status.message, "table 'acl' holds 2 distinct masks, its limit is 2");
    plan.remove(first);
    added(plan, rule({ match: { dscp: 1 }, cookie: { is: "dscp" } }));
    await plan.commit();
    assert.deepEqual(found(base, { is_ip: 1, dscp: 1 }), { is: "dscp" });
  });

  it("takes no key of a rule whose keys need one mask too many", async () => {
    const base = await opened(2);
    const plan = base.plan();
    const either = [{ ether_type: [1, 1] }, { ether_type: [2, 2] }, { ether_type: [4, 4] }] as const;
    assert.ok(!plan.add(rule({ either })).ok);
    added(plan, rule({ match: { ttl: 1 } }));
    added(plan, rule({ match: { dscp: 1 } }));
    await plan.commit();
    assert.equal(found(base, { ether_type: 7 }), undefined);
  });

  it("counts a rule of several keys as one match", async () => {
    const base = await opened();
    const plan = base.plan();
    const cookie = {};
    const handle = added(plan, rule({ either: [{ l4_dst_port: [8, 0xfff8] }, { l4_dst_port: 16 }, {}], cookie }));
    await plan.commit();
    assert.equal(found(base, { l4_dst_port: 16 }), cookie);
    assert.equal(found(base, { l4_dst_port: 15 }), cookie);
    const next = base.plan();
    next.remove(handle);
    await next.commit();
    assert.equal(found(base, { l4_dst_port: 16 }), undefined);
  });

  for (const { order, priorityOf } of [
    { order: "rising", priorityOf: (i: number) => i },
    { order: "falling", priorityOf: (i: number) => 5000 - i },
    { order: "no", priorityOf: (i: number) => Math.imul(i, 0x9e3779b1) >>> 1 },
    { order: "equal", priorityOf: () => 7 },
  ]) {
    it(`keeps thousands of rules of one key in rank order, added in ${order} order of priority`, async () => {
      const base = await opened();
      const plan = base.plan();
      const priorities = Array.from({ length: 2000 }, (_, i) => priorityOf(i));
      const handles = priorities.map((priority, i) => added(plan, rule({ priority, cookie: { i } })));
      await plan.commit();
      const some = base.plan();
      for (let i = 0; i < handles.length; i += 3) some.remove(handles[i] ?? assert.fail());
      await some.commit();
      const left = [...priorities.keys()].filter((i) => i % 3 !== 0);
      for (const i of left.sort((a, b) => (priorities[b] ?? 0) - (priorities[a] ?? 0) || a - b)) {
        assert.deepEqual(found(base, {}), { i });
        const next = base.plan();
        next.remove(handles[i] ?? assert.fail());
        await next.commit();
      }
      assert.equal(found(base, {}), undefined);
    });
  }

  it("finds a rule whose mask asks for headers that its older neighbours require", async () => {
    const base = await opened();
    for (const is_arp of [1, 0]) {
      const plan = base.plan();
      added(plan, rule({ match: { is_arp }, cookie: { is_arp } }));
      await plan.commit();
    }
    assert.deepEqual(found(base, { is_arp: 0 }), { is_arp: 0 });
  });

  it("finds the best of many rules of one key, however they come and go", async () => {
    const base = await opened();
    const priorities = [5, 1, 9, 3, 9, 7, 0, 2];
    const plan = base.plan();
    const handles = priorities.map((priority, i) => added(plan, rule({ priority, cookie: { i } })));
    await plan.commit();
    const order: unknown[] = [];
    for (let best = found(base, {}); best !== undefined; best = found(base, {})) {
      const { i } = best as { i: number };
      order.push(i);
      const next = base.plan();
      next.remove(handles[i] ?? assert.fail());
      await next.commit();
    }
    assert.deepEqual(order, [2, 4, 5, 0, 3, 7, 1, 6]);
  });

  it("stops at the best priority again after better rules have gone", async () => {
    const base = await opened();
    const first = base.plan();
    const high = Array.from({ length: 40 }, (_, i) => added(first, rule({ priority: 100 + i, match: { ttl: i } })));
    const low = added(first, rule({ priority: 1, match: { ttl: 77 }, cookie: { is: "low" } }));
    added(first, rule({ priority: 50, match: { ip_protocol: 17 }, cookie: { is: "middle" } }));
    await first.commit();
    const second = base.plan();
    for (const handle of high) second.remove(handle);
    await second.commit();
    assert.equal(ruleOf(low).tuple?.unsettled, false);
    assert.deepEqual(found(base, { is_ip: 1, ttl: 77, ip_protocol: 17 }), { is: "middle" });
    assert.deepEqual(found(base, { is_ip: 1, ttl: 77 }), { is: "low" });
  });

  const broken: readonly { title: string; act: (base: RuleBase, plan: Plan) => unknown }[] = [
    { title: "a second open plan", act: (base) => base.plan() },
    { title: "a reset after another call", act: (_, plan) => (plan.add(rule()), plan.reset([])) },
    { title: "a rule of no table", act: (_, plan) => plan.add({ ...rule(), table: 1 as TableIndex }) },
    { title: "a queue there is not", act: (_, plan) => plan.add(rule({ action: always("trap", 1) })) },
    {
      title: "a second end",
      act: (_, plan) => {
        plan.abandon();
        plan.abandon();
      },
    },
    {
      title: "a second removal",
      act: (_, plan) => {
        const handle = added(plan, rule());
        plan.remove(handle);
        plan.remove(handle);
      },
    },
    { title: "a handle of another backend", act: (_, plan) => plan.remove({} as RuleHandle) },
  ];
  for (const { title, act } of broken) {
    it(`throws at ${title}`, async () => {
      const base = await opened();
      assert.throws(() => act(base, base.plan()), { name: "InvariantError" });
    });
  }

  it("throws at the removal of a rule that a reset ended", async () => {
    const base = await opened();
    const first = base.plan();
    const handle = added(first, rule());
    await first.commit();
    const second = base.plan();
    second.reset([{ name: "acl", maxMasks: 8 }]);
    assert.throws(() => second.remove(handle), { name: "InvariantError" });
  });

  it("walks long bucket chains and reuses cells without losing a rule", async () => {
    const base = await opened();
    const keys = Array.from({ length: 3000 }, (_, i) => keyOf({ dst_ipv4: Math.imul(i, 0x01000193) >>> 0 }));
    let plan = base.plan();
    const handles = keys.map((key, i) => added(plan, { ...rule({ cookie: { i } }), ...key }));
    await plan.commit();
    for (const parity of [0, 1]) {
      plan = base.plan();
      handles.forEach((handle, i) => i % 2 === parity && plan.remove(handle));
      await plan.commit();
      keys.forEach((key, i) => {
        const want = parity === 1 || i % 2 === 0 ? undefined : { i };
        assert.deepEqual(base.tables[0]?.rules.find(key.values, base.generation)?.cookie, want);
      });
      if (parity === 1) continue;
      plan = base.plan();
      const again = keys.filter((_, i) => i % 2 === 0).map((key) => added(plan, { ...rule(), ...key }));
      plan.abandon();
      assert.equal(again.length, 1500);
    }
    assert.equal(keys[0]?.values.length, keyWords);
  });
});
