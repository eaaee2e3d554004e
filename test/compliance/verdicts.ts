/** What several tables make of a frame, what meters and policers take away, what the box keeps for itself. */
import assert from "node:assert/strict";
import type { Verdict } from "../../src/datapath/rule.js";
import { arp, hex, ip, ipv4, ipv6, ipv6Destination, udp } from "../support/frame-builder.js";
import { always, rule } from "../support/key-rules.js";
import type { WithBench } from "./bench.js";
import { counted, drops, install, packetMeter, port1, port2 } from "./bench.js";
import { ethernet } from "./frames.js";

const frame = ethernet(ipv4({}, udp(1000, 2000)));
const request = ethernet(arp("10.0.0.2"));
const frame6 = ethernet(ipv6({}, udp(1000, 2000)));
/** IPv4 of version 5: what is too short would be padded on a wire. */
const unparsable = frame.with(14, 0x55);
const anyIp = { is_ip: 1 } as const;

/** Verdicts of tables in falling precedence, and what becomes of the frame. */
const rows: readonly { verdicts: readonly Verdict[]; forwarded: boolean; punted: boolean }[] = [
  { verdicts: ["forward"], forwarded: true, punted: false },
  { verdicts: ["drop"], forwarded: false, punted: false },
  { verdicts: ["trap"], forwarded: false, punted: true },
  { verdicts: ["copy"], forwarded: true, punted: true },
  { verdicts: ["deny"], forwarded: false, punted: false },
  { verdicts: ["copy-cancel"], forwarded: true, punted: false },
  { verdicts: ["copy", "trap"], forwarded: false, punted: true },
  { verdicts: ["drop", "copy"], forwarded: false, punted: true },
  { verdicts: ["deny", "trap"], forwarded: false, punted: false },
  { verdicts: ["copy", "deny"], forwarded: false, punted: true },
  { verdicts: ["copy-cancel", "copy"], forwarded: true, punted: false },
  { verdicts: ["copy-cancel", "trap"], forwarded: false, punted: false },
  { verdicts: ["copy", "copy-cancel"], forwarded: true, punted: true },
];

export function verdictCompliance(withBench: WithBench): void {
  for (const { verdicts, forwarded, punted } of rows) {
    it(
      `${forwarded ? "forwards" : "drops"} and ${punted ? "punts once" : "does not punt"} after [${verdicts.join(", ")}], and every table counts`,
      withBench(async (bench, punts) => {
        const tables = verdicts.map((_, i) => ({ name: `acl ${i}`, maxMasks: 4 }));
        const rules = verdicts.map((action, table) => rule({ table, match: anyIp, action }));
        const handles = await install(bench, rules, tables);
        const expected = bench.datapath.classify(port1, frame);
        await bench.receive(port1, [frame]);
        assert.deepEqual(
          (await punts.take()).map((each) => each.frame),
          punted ? [frame] : [],
        );
        assert.equal((await bench.left(port2, forwarded ? 1 : 0)).length, forwarded ? 1 : 0);
        for (const handle of handles) assert.deepEqual(await counted(bench, handle), [1, frame.length]);
        if (expected === undefined) return;
        assert.deepEqual([expected.original, expected.punted], [forwarded ? "forward" : "drop", punted]);
      }),
    );
  }

  it(
    "acts by the colour of the meter and counts copies that red costs",
    withBench(async (bench, punts) => {
      if (!bench.datapath.capabilities.meters) return;
      const meter = { cir: 0n, cburst: 1n, pir: 0n, pburst: 3n, eburst: 0n };
      const action = { green: "copy", yellow: "trap", red: "forward" } as const;
      const [handle] = await install(bench, [rule({ match: anyIp, action, meter })]);
      assert.ok(handle !== undefined);
      await bench.receive(port1, [frame, frame, frame, frame, frame]);
      assert.equal((await punts.take()).length, 3);
      assert.equal((await bench.left(port2, 3)).length, 3);
      assert.equal((await counted(bench, handle))[0], 5);
      assert.equal(drops(bench)["rule-meter"], 2);
    }),
  );

  for (const { other, punted, want } of [
    { other: "copy", punted: 1, want: {} },
    { other: "drop", punted: 0, want: { rule: 1, "rule-meter": 1 } },
    { other: "deny", punted: 0, want: { rule: 1, "rule-meter": 1 } },
  ] as const) {
    it(
      `counts ${JSON.stringify(want)} if red makes a table forward what it copies, and another says ${other}`,
      withBench(async (bench, punts) => {
        if (!bench.datapath.capabilities.meters) return;
        const meter = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n, eburst: 0n };
        const action = { green: "copy", yellow: "forward", red: "forward" } as const;
        const tables = [0, 1].map((i) => ({ name: `acl ${i}`, maxMasks: 4, meter: packetMeter }));
        const rules = [rule({ match: anyIp, action, meter }), rule({ table: 1, match: anyIp, action: other })];
        await install(bench, rules, tables);
        await bench.receive(port1, [frame]);
        assert.equal((await punts.take()).length, punted);
        assert.deepEqual(drops(bench), want);
      }),
    );
  }

  it(
    "meters in every table that matches, whatever wins",
    withBench(async (bench, punts) => {
      if (!bench.datapath.capabilities.meters) return;
      const meter = { cir: 0n, cburst: 1n, pir: 0n, pburst: 1n, eburst: 0n };
      const tables = [0, 1].map((i) => ({ name: `acl ${i}`, maxMasks: 4, meter: packetMeter }));
      await install(
        bench,
        [
          rule({ match: { ttl: 64 }, action: "copy-cancel" }),
          rule({ table: 1, match: anyIp, action: { ...always("trap"), red: "drop" }, meter }),
        ],
        tables,
      );
      await bench.receive(port1, [frame, ethernet(ipv4({ ttl: 9 }, udp(1, 2)))]);
      assert.deepEqual(await punts.take(), []);
    }),
  );

  for (const { reason, options, queue } of [
    { reason: "queue-policer", options: { queues: [{ name: "q", pps: 1, burst: 2 }] }, queue: 0 },
    { reason: "port-policer", options: { portPolicer: { pps: 1, burst: 2 } }, queue: undefined },
    { reason: "device-policer", options: { devicePolicer: { pps: 1, burst: 2 } }, queue: undefined },
  ]) {
    it(
      `lets a burst through and drops the rest by ${reason}`,
      withBench(async (bench) => {
        await install(bench, [rule({ match: anyIp, action: always("trap", queue) })]);
        await bench.receive(port1, [frame, frame, frame, frame]);
        assert.deepEqual({ punted: bench.datapath.stats().punted, ...drops(bench) }, { punted: 2, [reason]: 2 });
      }, options),
    );
  }

  for (const { title, address, sample, match } of [
    { title: "IPv4", address: ip("10.0.0.2"), sample: frame, match: { ttl: 64 } },
    { title: "IPv6", address: hex(ipv6Destination), sample: frame6, match: { ttl: 64 } },
    { title: "ARP", address: ip("10.0.0.2"), sample: request, match: { ingress_port: port1, is_arp: 1 } },
  ]) {
    it(
      `keeps ${title} frames to the box from rules that name no EtherType`,
      withBench(async (bench, punts) => {
        const tables = [0, 1].map((i) => ({ name: `acl ${i}`, maxMasks: 4 }));
        const [nameless, named] = await install(
          bench,
          [rule({ match }), rule({ table: 1, match: { ether_type: [0x8000, 0x2000] }, action: "forward" })],
          tables,
        );
        assert.ok(nameless !== undefined && named !== undefined);
        bench.datapath.setLocalAddresses([Uint8Array.from(address)]);
        await bench.receive(port1, [sample]);
        assert.deepEqual(await punts.take(), []);
        assert.equal((await counted(bench, nameless))[0], 0);
        assert.equal(drops(bench)["local-address"], 1);
        bench.datapath.setLocalAddresses([]);
        await bench.receive(port1, [sample]);
        assert.equal((await punts.take()).length, 1);
      }),
    );
  }

  it(
    "gives frames to the box to every rule if it is told to",
    withBench(
      async (bench, punts) => {
        await install(bench, [rule({ match: { ttl: 64 } })]);
        bench.datapath.setLocalAddresses([Uint8Array.from(ip("10.0.0.2"))]);
        await bench.receive(port1, [frame]);
        assert.equal((await punts.take()).length, 1);
      },
      { excludeLocal: false },
    ),
  );

  for (const { title, etherType, sample } of [
    { title: "IPv4", etherType: 0x0800, sample: frame },
    { title: "ARP", etherType: 0x0806, sample: request },
  ]) {
    it(
      `gives ${title} frames to the box to a rule that names their EtherType`,
      withBench(async (bench, punts) => {
        await install(bench, [rule({ match: { ether_type: etherType } })]);
        bench.datapath.setLocalAddresses([Uint8Array.from(ip("10.0.0.2"))]);
        await bench.receive(port1, [sample]);
        assert.equal((await punts.take()).length, 1);
      }),
    );
  }

  it(
    "gives frames to the box to the best rule that names their EtherType, however low",
    withBench(async (bench, punts) => {
      const handles = await install(bench, [
        rule({ priority: 9, match: { ttl: 64 }, action: "drop" }),
        rule({ priority: 4, match: { ether_type: [0, 0x8000] }, action: "trap" }),
        rule({ priority: 3, match: { ether_type: 0x0800 }, action: "drop" }),
        rule({ priority: 9, match: anyIp, action: "drop" }),
      ]);
      bench.datapath.setLocalAddresses([Uint8Array.from(ip("10.0.0.2"))]);
      const expected = bench.datapath.classify(port1, frame);
      await bench.receive(port1, [frame]);
      assert.equal((await punts.take()).length, 1);
      const counts = await Promise.all(handles.map(async (handle) => (await counted(bench, handle))[0]));
      assert.deepEqual(counts, [0, 1, 0, 0]);
      assert.deepEqual(drops(bench), {});
      if (expected === undefined) return;
      assert.deepEqual([expected.punted, expected.matches[0]?.excludedLocal], [true, false]);
    }),
  );

  it(
    "counts unparsable frames and shows them to no rule",
    withBench(async (bench, punts) => {
      await install(bench, [rule({})]);
      await bench.receive(port1, [unparsable]);
      assert.deepEqual(await punts.take(), []);
      assert.equal(drops(bench)["unparsable"], 1);
    }),
  );
}
