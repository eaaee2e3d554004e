/** Steps: all of a plan or nothing, the best rule wins, counters and meters live as long as their rule. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import type { RuleHandle } from "../../src/datapath/rule.js";
import { ipv4, udp } from "../support/frame-builder.js";
import { always, rule } from "../support/key-rules.js";
import type { WithBench } from "./bench.js";
import { counted, install, packetMeter, place, port1, step } from "./bench.js";
import { ethernet, lldp } from "./frames.js";

const frame = ethernet(ipv4({}, udp(1000, 2000)));
const anyIp = { is_ip: 1 } as const;
const twoPackets = { cir: 0n, cburst: 2n, pir: 0n, pburst: 2n, eburst: 0n };
const trapGreen = { green: "trap", yellow: "trap", red: "drop" } as const;

export function planCompliance(withBench: WithBench): void {
  it(
    "shows frames nothing of a plan before its commit",
    withBench(async (bench, punts) => {
      const [old] = await install(bench, [rule({ match: { ether_type: 0x88cc } })]);
      assert.ok(old !== undefined);
      const plan = bench.datapath.plan();
      place(plan, rule({ match: anyIp }));
      plan.remove(old);
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(
        (await punts.take()).map((each) => each.frame),
        [lldp],
      );
      await plan.commit();
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(
        (await punts.take()).map((each) => each.frame),
        [frame],
      );
    }),
  );

  it(
    "leaves no trace of an abandoned plan",
    withBench(async (bench, punts) => {
      const [kept, changed] = await install(bench, [
        rule({ match: { ether_type: 0x88cc } }),
        rule({ match: anyIp, action: "drop" }),
      ]);
      assert.ok(kept !== undefined && changed !== undefined);
      const plan = bench.datapath.plan();
      plan.remove(kept);
      plan.replace(changed, { action: always("trap"), meter: undefined, cookie: {} });
      place(plan, rule({ priority: 9, match: { ttl: 64 } }));
      plan.abandon();
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(
        (await punts.take()).map((each) => each.frame),
        [lldp],
      );
      await step(bench, (next) => next.remove(kept));
      await bench.receive(port1, [lldp]);
      assert.deepEqual(await punts.take(), []);
    }),
  );

  it(
    "lets the highest priority win, and of equals the rule added first",
    withBench(async (bench) => {
      const handles = await install(bench, [
        rule({ priority: 5, match: anyIp }),
        rule({ priority: 5, match: { ttl: 64 } }),
        rule({ priority: 2147483647, match: { ip_protocol: 6 } }),
      ]);
      const winner = async () => {
        const before = await Promise.all(handles.map(async (handle) => (await counted(bench, handle))[0]));
        await bench.receive(port1, [frame]);
        const after = await Promise.all(handles.map(async (handle) => (await counted(bench, handle))[0]));
        return after.findIndex((count, i) => count !== before[i]);
      };
      const [first] = handles;
      assert.ok(first !== undefined);
      assert.equal(await winner(), 0);
      await step(bench, (plan) => plan.replace(first, { action: always("copy"), meter: undefined, cookie: {} }));
      assert.equal(await winner(), 0, "a replaced rule keeps its age");
      await step(bench, (plan) => plan.remove(first));
      assert.equal(await winner(), 1);
    }),
  );

  it(
    "counts packets and bytes of frames since the rule was added, also across a replacement",
    withBench(async (bench) => {
      const [handle] = await install(bench, [rule({ match: anyIp })]);
      assert.ok(handle !== undefined);
      await bench.receive(port1, [frame, lldp, frame]);
      assert.deepEqual(await counted(bench, handle), [2, 2 * frame.length]);
      let now: RuleHandle = handle;
      await step(bench, (plan) => {
        const replaced = plan.replace(handle, { action: always("drop"), meter: undefined, cookie: {} });
        assert.ok(replaced.ok);
        now = replaced.value;
      });
      await bench.receive(port1, [frame]);
      assert.deepEqual(await counted(bench, now), [3, 3 * frame.length]);
      await step(bench, (plan) => {
        plan.remove(now);
        now = place(plan, rule({ match: anyIp }));
      });
      assert.deepEqual(await counted(bench, now), [0, 0]);
    }),
  );

  it(
    "takes several keys as one rule with one counter",
    withBench(async (bench, punts) => {
      const either = [{ l4_dst_port: [2000, 0xfffe] }, { l4_dst_port: 3000 }] as const;
      const [handle] = await install(bench, [rule({ either })]);
      assert.ok(handle !== undefined);
      const frames = [2000, 2001, 2002, 3000].map((to) => ethernet(ipv4({}, udp(1, to))));
      await bench.receive(port1, frames);
      assert.equal((await punts.take()).length, 3);
      assert.equal((await counted(bench, handle))[0], 3);
    }),
  );

  it(
    "begins a meter anew only when its configuration changes",
    withBench(async (bench, punts) => {
      if (!bench.datapath.capabilities.meters) return;
      const [handle] = await install(bench, [rule({ match: anyIp, action: trapGreen, meter: twoPackets })]);
      assert.ok(handle !== undefined);
      const punted = async () => {
        await bench.receive(port1, [frame, frame, frame]);
        return (await punts.take()).length;
      };
      assert.equal(await punted(), 2);
      let now: RuleHandle = handle;
      for (const { meter, want } of [
        { meter: { ...twoPackets }, want: 0 },
        { meter: { ...twoPackets, cburst: 1n, pburst: 1n }, want: 1 },
        { meter: undefined, want: 3 },
      ]) {
        await step(bench, (plan) => {
          const replaced = plan.replace(now, { action: trapGreen, meter, cookie: {} });
          assert.ok(replaced.ok);
          now = replaced.value;
        });
        assert.equal(await punted(), want);
      }
    }),
  );

  it(
    "refuses one mask too many at once, and takes it after another has gone",
    withBench(async (bench, punts) => {
      const tables = [{ name: "acl", maxMasks: 2, meter: packetMeter }];
      const [first] = await install(bench, [rule({ match: { ttl: 1 } }), rule({ match: { dscp: 1 } })], tables);
      assert.ok(first !== undefined);
      const plan = bench.datapath.plan();
      const refused = plan.add(rule({ match: { ip_protocol: 17 } }));
      assert.ok(!refused.ok && refused.status.code === Code.RESOURCE_EXHAUSTED);
      plan.remove(first);
      place(plan, rule({ match: { ip_protocol: 17 } }));
      await plan.commit();
      await bench.receive(port1, [frame]);
      assert.equal((await punts.take()).length, 1);
    }),
  );

  it(
    "forgets every rule and table at a reset",
    withBench(async (bench, punts) => {
      await install(bench, [rule({ match: anyIp })]);
      await install(bench, [rule({ match: { ether_type: 0x88cc } })]);
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(
        (await punts.take()).map((each) => each.frame),
        [lldp],
      );
    }),
  );

  it(
    "lets counters go on in rules that go on for those before a reset, again and again",
    withBench(async (bench) => {
      const [first, other] = await install(bench, [rule({ match: anyIp }), rule({ match: { ether_type: 0x88cc } })]);
      await bench.receive(port1, [frame, lldp, frame]);
      const [second, fresh] = await install(bench, [
        { ...rule({ priority: 7, match: { ttl: 64 } }), succeeds: first },
        rule({ match: { ether_type: 0x88cc } }),
      ]);
      assert.ok(first !== undefined && second !== undefined && fresh !== undefined);
      assert.deepEqual(await counted(bench, second), [2, 2 * frame.length]);
      assert.deepEqual(await counted(bench, fresh), [0, 0]);
      await bench.receive(port1, [frame]);
      const [third, both] = await install(bench, [
        { ...rule({ match: anyIp }), succeeds: second },
        { ...rule({ match: { ether_type: 0x88cc } }), succeeds: fresh },
      ]);
      assert.ok(third !== undefined && both !== undefined && other !== undefined);
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(await counted(bench, third), [4, 4 * frame.length]);
      assert.deepEqual(await counted(bench, both), [1, lldp.length]);
    }),
  );

  it(
    "makes forwarding equal the wanted state by resync, again and again",
    withBench(async (bench, punts) => {
      await install(bench, [rule({ match: anyIp })]);
      for (let round = 0; round < 2; round++) {
        const placed: RuleHandle[] = [];
        const wanted = [rule({ match: { ether_type: 0x88cc } }), rule({ table: 1, match: { ether_type: 0x9999 } })].map(
          (each) => ({ rule: each, placed: (handle: RuleHandle) => void placed.push(handle) }),
        );
        const tables = [
          { name: "acl", maxMasks: 4 },
          { name: "fence", maxMasks: 1 },
        ];
        const result = await bench.datapath.resync({ tables, rules: wanted }, new AbortController().signal);
        assert.deepEqual(result, { ok: true });
        await bench.receive(port1, [frame, lldp]);
        assert.deepEqual(
          (await punts.take()).map((each) => each.frame),
          [lldp],
        );
        const [lldpRule] = placed;
        assert.ok(lldpRule !== undefined);
        assert.equal((await counted(bench, lldpRule))[0], 1);
      }
    }),
  );

  it(
    "ends a resync whose signal aborts without changing anything",
    withBench(async (bench, punts) => {
      await install(bench, [rule({ match: anyIp })]);
      const rules = [{ rule: rule({ match: { ether_type: 0x88cc } }), placed: () => {} }];
      const result = await bench.datapath.resync(
        { tables: [{ name: "acl", maxMasks: 4 }], rules },
        AbortSignal.abort(),
      );
      assert.equal(result.ok, false);
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(
        (await punts.take()).map((each) => each.frame),
        [frame],
      );
    }),
  );
}
