import assert from "node:assert/strict";
import type { FrameResult } from "../../../../src/datapath/injector.js";
import { SubscriberTooSlow } from "../../../../src/datapath/injector.js";
import { cpuPort } from "../../../../src/datapath/port.js";
import type { PortId } from "../../../../src/datapath/port.js";
import type { PuntRule } from "../../../../src/datapath/rule.js";
import { SoftDatapath } from "../../../../src/datapath/soft/soft-datapath.js";
import type { SoftOptions } from "../../../../src/datapath/soft/soft-datapath.js";
import { ethernet, hex, ip, ipv4, lldp, udp } from "../../../support/frame-builder.js";
import { HandClock } from "../../../support/hand-clock.js";
import { always, rule } from "../../../support/key-rules.js";

const port1 = 1 as PortId;
const port2 = 2 as PortId;
const packets = { type: "single-rate-two-color", unit: "packets" } as const;
const forever = new AbortController().signal;
const frame = ethernet(ipv4({}, udp(1000, 2000)));
const trapped = rule({ match: { is_ip: 1 } });
const options: SoftOptions = {
  ports: [
    { id: port1, name: "ethernet-1/1" },
    { id: port2, name: "ethernet-1/2" },
  ],
  routes: [{ prefix: Uint8Array.from(ip("10.0.0.0")), length: 8, port: port2 }],
};

async function opened(rules: readonly PuntRule[], more: SoftOptions = {}): Promise<SoftDatapath> {
  const datapath = new SoftDatapath({ ...options, ...more });
  const wanted = rules.map((each) => ({ rule: each, placed: () => {} }));
  const tables = [{ name: "acl", maxMasks: 16, meter: packets }];
  assert.ok((await datapath.resync({ tables, rules: wanted }, forever)).ok);
  return datapath;
}

/** What became of `bytes` on port 1: ports left by, and the reason if it went nowhere. */
function outcome(datapath: SoftDatapath, bytes: Uint8Array): unknown {
  const result = datapath.inject(port1, bytes);
  assert.ok(result !== "unknown-port");
  return [result.outputs.map((output) => output.port), result.dropped];
}

const drops = (datapath: SoftDatapath) => Object.fromEntries(datapath.stats().drops);

describe("SoftDatapath", () => {
  const big = new Uint8Array(9217);
  big.set(frame);
  const rows: readonly {
    title: string;
    rules?: PuntRule[];
    options?: SoftOptions;
    bytes?: Uint8Array;
    want: unknown;
  }[] = [
    { title: "forwards by its routes", want: [[2], undefined] },
    { title: "has no route without IP", bytes: lldp, want: [[], "no-route"] },
    { title: "has no route elsewhere", bytes: ethernet(ipv4({ dst: "11.0.0.1" })), want: [[], "no-route"] },
    { title: "traps", rules: [trapped], want: [[cpuPort], undefined] },
    { title: "copies and forwards", rules: [rule({ action: "copy" })], want: [[cpuPort, 2], undefined] },
    { title: "drops by a rule", rules: [rule({ action: "deny" })], want: [[], "rule"] },
    { title: "passes unparsable frames", rules: [rule()], bytes: hexFrame("0800 45"), want: [[], "unparsable"] },
    {
      title: "drops unparsable frames if told to",
      rules: [rule()],
      options: { unparsable: "drop" },
      bytes: hexFrame("0800 45"),
      want: [[], "unparsable"],
    },
    { title: "does not punt oversized frames", rules: [trapped], bytes: big, want: [[], "oversized"] },
    {
      title: "forwards oversized frames it cannot copy",
      rules: [rule({ action: "copy" })],
      bytes: big,
      want: [[2], undefined],
    },
    { title: "punts the largest frame", rules: [trapped], bytes: big.slice(0, 9216), want: [[cpuPort], undefined] },
    {
      title: "drops trapped frames beyond its backlog",
      rules: [trapped],
      options: { puntBacklog: { frames: 0, bytes: 1e6 } },
      want: [[], "punt-backlog"],
    },
  ];
  for (const { title, rules = [], options: more = {}, bytes = frame, want } of rows) {
    it(title, async () => {
      const datapath = await opened(rules, more);
      assert.deepEqual(outcome(datapath, bytes), want);
    });
  }

  for (const { title, bytes, reason } of [
    { title: "to the box", bytes: ethernet(ipv4({ dst: "192.0.2.1" })), reason: "local-address" },
    { title: "too broken to parse", bytes: hexFrame("0800 45"), reason: "unparsable" },
  ]) {
    it(`counts a frame ${title} by that alone, if it has no route either`, async () => {
      const datapath = await opened([rule()]);
      datapath.setLocalAddresses([Uint8Array.from(ip("192.0.2.1"))]);
      assert.deepEqual(outcome(datapath, bytes), [[], reason]);
      assert.deepEqual(drops(datapath), { [reason]: 1 });
    });
  }

  it("says that a meter cost a frame its trap", async () => {
    const meter = { cir: 0n, cburst: 1n, pir: 0n, pburst: 1n, eburst: 0n };
    const action = { green: "trap", yellow: "trap", red: "drop" } as const;
    const datapath = await opened([rule({ match: { is_ip: 1 }, action, meter })]);
    assert.deepEqual(
      [outcome(datapath, frame), outcome(datapath, frame)],
      [
        [[cpuPort], undefined],
        [[], "rule-meter"],
      ],
    );
    assert.deepEqual(drops(datapath), { "rule-meter": 1 });
  });

  it("knows no route by a port that is down or gone", async () => {
    const datapath = await opened([]);
    datapath.setPortState(port2, "no-carrier");
    assert.deepEqual(outcome(datapath, frame), [[], "no-route"]);
    datapath.setPortState(port2, "up");
    assert.deepEqual(outcome(datapath, frame), [[2], undefined]);
    datapath.removePort(port2);
    assert.deepEqual(outcome(datapath, frame), [[], "no-route"]);
    assert.deepEqual(drops(datapath), { "no-route": 2 });
  });

  it("drops what arrives on a port that is down, and knows of no other ports", async () => {
    const datapath = await opened([trapped]);
    datapath.setPortState(port1, "down");
    assert.deepEqual(outcome(datapath, frame), [[], "ingress-port-down"]);
    assert.equal(datapath.stats().classified, 0);
    assert.equal(datapath.inject(9 as PortId, frame), "unknown-port");
    assert.equal(datapath.inject(cpuPort, frame), "unknown-port");
  });

  it("lets frames to the box go on, and says that a match was void", async () => {
    const cookie = {};
    const datapath = await opened([rule({ match: { is_ip: 1 }, cookie })]);
    datapath.setLocalAddresses([Uint8Array.from(ip("10.0.0.2"))]);
    assert.deepEqual(outcome(datapath, frame), [[2], undefined]);
    assert.deepEqual(drops(datapath), { "local-address": 1 });
    const { matches, original, punted } = datapath.classify(port1, frame);
    assert.deepEqual(
      { matches, original, punted },
      {
        ...{ original: "forward", punted: false },
        matches: [{ table: 0, cookie, action: always("trap"), chosen: undefined, excludedLocal: true }],
      },
    );
  });

  it("classifies without a trace", async () => {
    const cookie = {};
    const datapath = await opened([rule({ match: { is_ip: 1 }, action: "copy", cookie })]);
    const before = JSON.stringify(datapath.stats());
    assert.deepEqual(datapath.classify(port1, frame), {
      ...{ original: "forward", punted: true, parsable: true, egressPort: port2 },
      ...{ redirect: undefined, mirror: undefined },
      matches: [{ table: 0, cookie, action: always("copy"), chosen: undefined, excludedLocal: false }],
    });
    assert.deepEqual(datapath.classify(port1, lldp).matches, [
      { table: 0, cookie: undefined, action: undefined, chosen: undefined, excludedLocal: false },
    ]);
    assert.deepEqual(datapath.classify(port1, lldp.slice(0, 9)), {
      ...{ original: "forward", punted: false, parsable: false, matches: [], egressPort: undefined },
      ...{ redirect: undefined, mirror: undefined },
    });
    assert.equal(JSON.stringify(datapath.stats()), before);
  });

  it("asks the policers of queue, port and device in this order, and takes a token of each or of none", async () => {
    const clock = new HandClock();
    const datapath = await opened([rule({ match: { is_ip: 1 }, action: always("trap", 0) })], {
      clock,
      queues: [{ name: "traps", pps: 10, burst: 1 }],
      portPolicer: { pps: 5, burst: 2 },
      devicePolicer: { pps: 1, burst: 3 },
    });
    const steps: readonly [number, string][] = [
      [0, "punted"],
      [0, "queue-policer"],
      [99, "queue-policer"],
      [1, "punted"],
      [100, "punted"],
      [100, "port-policer"],
      [100, "device-policer"],
      [599, "device-policer"],
      [1, "punted"],
      [0, "queue-policer"],
    ];
    for (const [ms, want] of steps) {
      clock.advanceMs(ms);
      assert.equal((outcome(datapath, frame) as unknown[])[1] ?? "punted", want);
    }
  });

  it("takes no token of the queue for a frame that another policer refuses", async () => {
    const clock = new HandClock();
    const traps = [port1, port2].map((port) => rule({ match: { ingress_port: port }, action: always("trap", 0) }));
    const datapath = await opened(traps, {
      clock,
      queues: [{ name: "traps", pps: 1, burst: 2 }],
      portPolicer: { pps: 1, burst: 1 },
    });
    const reasons = [port1, port1, port1, port2].map((port) => {
      const result = datapath.inject(port, frame);
      return result === "unknown-port" ? result : (result.dropped ?? "punted");
    });
    assert.deepEqual(reasons, ["punted", "port-policer", "port-policer", "punted"]);
  });

  it("gives every subscriber exactly one result per frame, from the call of results on", async () => {
    const datapath = await opened([rule({ match: { ether_type: 0x88cc } })]);
    datapath.inject(port1, frame);
    const readings = [1, 2].map(() => datapath.results(forever, { results: 100, bytes: Infinity }));
    datapath.inject(port1, frame);
    datapath.inject(port1, lldp);
    datapath.transmit([
      { port: port2, frame, token: {} },
      { port: cpuPort, frame: lldp, token: {} },
      { port: port2, frame: frame.slice(0, 9), token: {} },
    ]);
    datapath.setPortState(port1, "down");
    datapath.inject(port1, frame);
    await datapath[Symbol.asyncDispose]();
    for (const reading of readings) {
      const seen: unknown[] = [];
      for await (const { ingressPort, outputs, dropped } of reading) {
        seen.push([ingressPort, outputs.map((output) => output.port), dropped]);
      }
      assert.deepEqual(seen, [
        [1, [2], undefined],
        [1, [cpuPort], undefined],
        [cpuPort, [2], undefined],
        [cpuPort, [cpuPort], undefined],
        [cpuPort, [], "runt"],
        [1, [], "ingress-port-down"],
      ]);
    }
  });

  it("keeps nothing but the frame for subscribers, not the message it came in", async () => {
    const datapath = await opened([rule({ action: "copy" })]);
    const results = datapath.results(forever, { results: 10, bytes: Infinity });
    const message = Buffer.alloc(4096);
    message.set(frame, 100);
    const payload = message.subarray(100, 100 + frame.length);
    datapath.inject(port1, payload);
    datapath.transmit([
      { port: port2, frame: payload, token: {} },
      { port: cpuPort, frame: payload, token: {} },
      { port: 9 as PortId, frame: payload, token: {} },
    ]);
    message.fill(0);
    await datapath[Symbol.asyncDispose]();
    const outputs: number[] = [];
    for await (const result of results) {
      outputs.push(result.outputs.length);
      for (const kept of [result.frame, ...result.outputs.map((output) => output.frame)]) {
        assert.deepEqual([kept, kept.buffer], [frame, result.frame.buffer]);
        assert.equal(kept.buffer.byteLength, frame.length);
      }
    }
    assert.deepEqual(outputs, [2, 1, 2, 0]);
  });

  it("ends a subscriber that is too slow with the number of results it lost, and nobody else", async () => {
    const datapath = await opened([]);
    const slow = datapath.results(forever, { results: 2, bytes: Infinity });
    const quick = datapath.results(forever, { results: 10, bytes: Infinity });
    for (let i = 0; i < 5; i++) datapath.inject(port1, frame);
    await datapath[Symbol.asyncDispose]();
    const read = async (reading: AsyncIterable<FrameResult>) => {
      let count = 0;
      try {
        for await (const { frame: bytes } of reading) count += bytes.length > 0 ? 1 : 0;
      } catch (error) {
        assert.ok(error instanceof SubscriberTooSlow);
        return { count, lost: error.lost };
      }
      return { count };
    };
    assert.deepEqual([await read(slow), await read(quick)], [{ count: 2, lost: 3 }, { count: 5 }]);
  });

  it("keeps the larger of MTU and frame limit from the wire", async () => {
    const datapath = await opened([], { ports: [{ id: port1, name: "jumbo", mtu: 20_000 }] });
    const sent = [9216, 9217].map((bytes) => ({ port: port1, frame: new Uint8Array(bytes), token: {} }));
    assert.deepEqual(datapath.transmit(sent), ["accepted", "mtu-exceeded"]);
    const submitted = sent.map((each) => ({ ...each, port: cpuPort }));
    assert.deepEqual(datapath.transmit(submitted), ["accepted", "mtu-exceeded"]);
  });
});

function hexFrame(rest: string): Uint8Array {
  return ethernet(hex(rest));
}
