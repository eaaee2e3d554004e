/** Redirects, multicast groups and clone sessions. Backends that have none say so. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { cpuPort } from "../../src/datapath/port.js";
import type { PortId } from "../../src/datapath/port.js";
import type { CloneSpec, Redirect, Replica } from "../../src/datapath/replication.js";
import type { PuntAction, Verdict } from "../../src/datapath/rule.js";
import { ipv4, udp } from "../support/frame-builder.js";
import { always, plainAction, rule } from "../support/key-rules.js";
import type { Bench, Punts, WithBench } from "./bench.js";
import { drops, install, port1, port2, step } from "./bench.js";
import { ethernet, lldp } from "./frames.js";

/** Routed to port 2. */
const frame = ethernet(ipv4({}, udp(1000, 2000)));
const large = ethernet(ipv4({}, [...udp(1000, 2000), ...new Array<number>(1473).fill(7)]));
const anyIp = { is_ip: 1 } as const;

const toPort = (port: PortId, verdict: Verdict = "forward"): PuntAction => ({
  ...always(verdict),
  redirect: { kind: "port", port },
});
const toGroup = (group: number, verdict: Verdict = "forward"): PuntAction => ({
  ...always(verdict),
  redirect: { kind: "multicast", group },
});
const cloned = (mirror: number, verdict: Verdict = "forward"): PuntAction => ({ ...always(verdict), mirror });
const replica = (port: PortId, instance = 0, ...backups: readonly PortId[]): Replica => ({
  port,
  instance,
  backups: backups.map((each) => ({ port: each, instance: 9 })),
});
const session = (maxBytes: number, ...ports: readonly PortId[]): CloneSpec => ({
  replicas: ports.map((port, instance) => ({ port, instance })),
  maxBytes,
});

/** Frames left by port 1, by port 2, and punted, since the last call; in bytes. */
async function seen(bench: Bench, punts: Punts): Promise<readonly (readonly number[])[]> {
  const punted = (await punts.take()).map((each) => each.frame.length);
  const one = (await bench.left(port1, 0)).map((each) => each.length);
  const two = (await bench.left(port2, 0)).map((each) => each.length);
  return [one, two, punted];
}

const size = frame.length;

export function replicationCompliance(withBench: WithBench): void {
  /** A test of what only some backends do. */
  const withCopies = (
    what: "redirects" | "replicates",
    body: Parameters<WithBench>[0],
    options: Parameters<WithBench>[1] = {},
  ): (() => Promise<void>) =>
    withBench(async (bench, punts) => {
      if (bench.datapath.capabilities[what]) await body(bench, punts);
    }, options);

  it(
    "are refused by a backend that makes no copies, and nothing is lost",
    withBench(async (bench, punts) => {
      if (bench.datapath.capabilities.replicates) return;
      await install(bench, [rule({ match: anyIp })]);
      const plan = bench.datapath.plan();
      for (const refused of [plan.setMulticastGroup(1, []), plan.setCloneSession(1, session(0))])
        assert.ok(!refused.ok && refused.status.code === Code.UNIMPLEMENTED);
      assert.ok((await plan.commit()).ok);
      await bench.receive(port1, [frame]);
      assert.equal((await punts.take()).length, 1);
    }),
  );

  it(
    "send a forwarded frame to the port that a rule names, not where its route leads",
    withCopies("redirects", async (bench, punts) => {
      await install(bench, [
        rule({ priority: 2, match: { ...anyIp, l4_dst_port: 1 }, action: toPort(port1, "copy") }),
        rule({ priority: 2, match: { ...anyIp, l4_dst_port: 2 }, action: toPort(port1, "trap") }),
        rule({ priority: 2, match: { ...anyIp, l4_dst_port: 3 }, action: toPort(port1, "drop") }),
        rule({ priority: 1, match: anyIp, action: toPort(port1) }),
        rule({ match: { ether_type: 0x88cc }, action: toPort(port2) }),
      ]);
      await bench.receive(port1, [frame]);
      assert.deepEqual(await seen(bench, punts), [[size], [], []]);
      const to = (port: number) => ethernet(ipv4({}, udp(1, port)));
      await bench.receive(port1, [to(1), to(2), to(3)]);
      assert.deepEqual(await seen(bench, punts), [[size], [], [size, size]]);
      await bench.receive(port1, [lldp]);
      assert.deepEqual(await seen(bench, punts), [[], [lldp.length], []]);
    }),
  );

  it(
    "tell a punted frame's egress port by the redirect: the port's, and 0 for a group",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [
        rule({ match: anyIp, action: toPort(port1, "trap") }),
        rule({ match: { ether_type: 0x88cc }, action: toGroup(1, "copy") }),
      ]);
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(
        (await punts.take()).map((each) => each.egress),
        [1, 0],
      );
    }),
  );

  const tables = [
    { name: "first", maxMasks: 4 },
    { name: "second", maxMasks: 4 },
  ];
  it(
    "obey the first table that says so; drops of others win",
    withCopies("replicates", async (bench, punts) => {
      const rules = (first: PuntAction, second: PuntAction) => [
        rule({ table: 0, match: anyIp, action: first }),
        rule({ table: 1, match: anyIp, action: second }),
      ];
      for (const { first, second, want } of [
        { first: toPort(port1), second: toPort(port2), want: [[size], [], []] },
        { first: always("forward"), second: toPort(port1), want: [[size], [], []] },
        { first: toPort(port1), second: always("drop"), want: [[], [], []] },
        { first: toPort(port1), second: always("trap"), want: [[], [], [size]] },
        { first: always("deny"), second: cloned(2), want: [[size], [], []] },
        { first: cloned(2), second: cloned(3), want: [[size], [size], []] },
        { first: cloned(3), second: toPort(port1), want: [[size], [], [size]] },
      ]) {
        await install(bench, rules(first, second), tables);
        await step(bench, (plan) => {
          plan.setCloneSession(2, session(0, port1));
          plan.setCloneSession(3, session(0, cpuPort));
        });
        await bench.receive(port1, [frame]);
        assert.deepEqual(await seen(bench, punts), want);
      }
    }),
  );

  it(
    "copy a frame once to each replica of a group, the CPU among them, instead of its route",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [rule({ match: anyIp, action: toGroup(7) })]);
      await step(bench, (plan) => {
        plan.setMulticastGroup(7, [replica(port1), replica(port1, 1), replica(cpuPort, 2)]);
      });
      await bench.receive(port1, [frame]);
      assert.deepEqual(await seen(bench, punts), [[size, size], [], [size]]);
    }),
  );

  it(
    "change with the step that changes them, whole or not at all",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [rule({ match: anyIp, action: { ...toGroup(7), mirror: 8 } })]);
      const meets = async (want: readonly (readonly number[])[]) => {
        await bench.receive(port1, [frame]);
        assert.deepEqual(await seen(bench, punts), want);
      };
      await meets([[], [], []]);
      assert.equal(drops(bench)["no-multicast-group"], 1);
      const plan = bench.datapath.plan();
      plan.setMulticastGroup(7, [replica(port1)]);
      plan.setCloneSession(8, session(0, cpuPort));
      await meets([[], [], []]);
      plan.abandon();
      await meets([[], [], []]);
      await step(bench, (next) => {
        next.setMulticastGroup(7, []);
        next.setMulticastGroup(7, [replica(port1)]);
        next.setCloneSession(8, session(0, cpuPort));
      });
      await meets([[size], [], [size]]);
      const undone = bench.datapath.plan();
      undone.setMulticastGroup(7, undefined);
      undone.setCloneSession(8, undefined);
      undone.abandon();
      await meets([[size], [], [size]]);
      await step(bench, (next) => {
        next.setMulticastGroup(7, [replica(port2)]);
        next.setCloneSession(8, session(0, port1));
      });
      await meets([[size], [size], []]);
      await step(bench, (next) => {
        next.setMulticastGroup(7, undefined);
        next.setCloneSession(8, undefined);
      });
      await meets([[], [], []]);
      assert.equal(drops(bench)["no-multicast-group"], 4);
      assert.equal(drops(bench)["no-clone-session"], 4);
    }),
  );

  it(
    "drop what is sent to an empty group",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [rule({ match: anyIp, action: toGroup(7) })]);
      await step(bench, (plan) => void plan.setMulticastGroup(7, []));
      await bench.receive(port1, [frame]);
      assert.deepEqual(await seen(bench, punts), [[], [], []]);
      assert.equal(drops(bench)["no-multicast-group"], 1);
    }),
  );

  it(
    "let the first backup take over whose port is up, and go back",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [rule({ match: { ingress_port: 1, ...anyIp }, action: toGroup(7) })]);
      await step(bench, (plan) => void plan.setMulticastGroup(7, [replica(port2, 0, 3 as PortId, port1, cpuPort)]));
      const meets = async (want: readonly (readonly number[])[]) => {
        await bench.receive(port1, [frame]);
        assert.deepEqual(await seen(bench, punts), want);
      };
      await meets([[], [size], []]);
      await bench.bring(port2, "down");
      await meets([[size], [], []]);
      await bench.bring(port2, "up");
      await meets([[], [size], []]);
    }),
  );

  it(
    "make no copy for a replica of which no port is up, and the others all the same",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [rule({ match: anyIp, action: toGroup(7) })]);
      await step(bench, (plan) => {
        plan.setMulticastGroup(7, [replica(port2, 0, 3 as PortId), replica(port1)]);
      });
      await bench.bring(port2, "down");
      await bench.receive(port1, [frame]);
      assert.deepEqual(await seen(bench, punts), [[size], [], []]);
      assert.equal(drops(bench)["egress-port-down"], 1);
    }),
  );

  it(
    "count what is too long for a port, and what is redirected to one that is down",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [rule({ match: anyIp, action: toPort(port2) })]);
      await bench.receive(port1, [large]);
      assert.deepEqual(await seen(bench, punts), [[], [], []]);
      await bench.bring(port2, "down");
      await bench.receive(port1, [frame]);
      assert.deepEqual(await seen(bench, punts), [[], [], []]);
      assert.deepEqual([drops(bench)["egress-mtu"], drops(bench)["egress-port-down"]], [1, 1]);
    }),
  );

  for (const [verdict, left, punted] of [
    ["forward", [size], []],
    ["drop", [], []],
    ["trap", [], [size]],
    ["copy-cancel", [size], []],
  ] as const)
    it(
      `clone a frame to each replica, cut off, also if it is ${verdict}`,
      withCopies("replicates", async (bench, punts) => {
        await install(bench, [rule({ match: anyIp, action: cloned(5, verdict) })]);
        await step(bench, (plan) => void plan.setCloneSession(5, session(20, port1, port1, cpuPort)));
        await bench.receive(port1, [frame]);
        const [one, two, cpu] = await seen(bench, punts);
        assert.deepEqual([one, two], [[20, 20], left]);
        assert.deepEqual([...(cpu ?? [])].sort(), [20, ...punted].sort());
      }),
    );

  it(
    "clone whole frames if they are shorter than the session says, and the first bytes of longer ones",
    withCopies("replicates", async (bench, punts) => {
      await install(bench, [rule({ match: anyIp, action: cloned(5, "drop") })]);
      for (const [maxBytes, want] of [
        [0, size],
        [size + 1, size],
        [size, size],
        [14, 14],
      ] as const) {
        await step(bench, (plan) => void plan.setCloneSession(5, session(maxBytes, cpuPort)));
        await bench.receive(port1, [frame]);
        assert.deepEqual(
          (await punts.take()).map((each) => each.frame),
          [frame.slice(0, want)],
        );
      }
    }),
  );

  it(
    "police clones to the CPU by the queue of their session",
    withCopies(
      "replicates",
      async (bench, punts) => {
        await install(bench, [rule({ match: anyIp, action: cloned(5) })]);
        await step(bench, (plan) => void plan.setCloneSession(5, { ...session(0, cpuPort, port1), queue: 1 }));
        await bench.receive(port1, [frame, frame, frame]);
        assert.deepEqual(await seen(bench, punts), [[size, size, size], [size, size, size], [size]]);
        assert.equal(drops(bench)["queue-policer"], 2);
      },
      {
        queues: [
          { name: "0", pps: 1000, burst: 1000 },
          { name: "1", pps: 1, burst: 1 },
        ],
      },
    ),
  );

  it(
    "begin afresh with a reset and with a resync",
    withCopies("replicates", async (bench, punts) => {
      const wanted = rule({ match: anyIp, action: { ...toGroup(7), mirror: 8 } });
      const put = (plan: Parameters<Parameters<typeof step>[1]>[0]) => {
        plan.setMulticastGroup(7, [replica(port2)]);
        plan.setCloneSession(8, session(0, port1));
      };
      await install(bench, [wanted]);
      await step(bench, put);
      await install(bench, [wanted]);
      await bench.receive(port1, [frame]);
      assert.deepEqual(await seen(bench, punts), [[], [], []]);
      await step(bench, put);
      const fence = rule({ table: 1, match: { ether_type: 0x9999 } });
      const rules = [wanted, fence].map((each) => ({ rule: each, placed: () => {} }));
      const both = [tables[0] ?? { name: "acl", maxMasks: 4 }, { name: "fence", maxMasks: 1 }];
      for (const { replication, want } of [
        { replication: { groups: [[7, [replica(port1)]]], sessions: [[8, session(20, port2)]] }, want: [[size], [20]] },
        { replication: { groups: [], sessions: [] }, want: [[], []] },
      ] as const) {
        const resynced = await bench.datapath.resync(
          { tables: both, rules, replication },
          new AbortController().signal,
        );
        assert.deepEqual(resynced, { ok: true });
        await bench.receive(port1, [frame]);
        assert.deepEqual((await seen(bench, punts)).slice(0, 2), want);
      }
    }),
  );

  it(
    "show in what would happen to a frame, and in what the datapath tells it holds",
    withCopies("replicates", async (bench) => {
      const redirect: Redirect = { kind: "multicast", group: 7 };
      await install(bench, [
        rule({ match: anyIp, action: { ...always("forward"), redirect, mirror: 8 } }),
        rule({ match: { ether_type: 0x88cc }, action: toPort(port1) }),
      ]);
      const what = (of: Uint8Array) => {
        const { original, redirect: way, mirror, egressPort } = bench.datapath.classify(port1, of) ?? {};
        return { original, way, mirror, egressPort };
      };
      assert.deepEqual(what(frame), { original: "forward", way: redirect, mirror: 8, egressPort: undefined });
      const way = { kind: "port", port: port1 };
      assert.deepEqual(what(lldp), { original: "forward", way, mirror: undefined, egressPort: port1 });
      const held = [];
      for await (const { action } of bench.datapath.dump?.() ?? []) {
        const { redirect: to, mirror } = plainAction(action);
        held.push([to, mirror]);
      }
      assert.ok(held.some(([r, m]) => JSON.stringify([r, m]) === JSON.stringify([redirect, 8])));
      assert.ok(held.some(([r, m]) => JSON.stringify([r, m]) === JSON.stringify([way, undefined])));
    }),
  );
}
