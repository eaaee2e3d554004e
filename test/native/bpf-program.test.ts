/** What the tc program makes of frames where the software switch is no measure: policers, meters, routes, tags, ports. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { dropReasons } from "../../src/datapath/drop-reason.js";
import { cpuPort } from "../../src/datapath/port.js";
import { ethernet, hex, ipv4, lldp, tag, udp } from "../support/frame-builder.js";
import { always, rule } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { BpfBed, goOn, loopback, plain, portId, stop } from "./bpf-bed.js";
import { describeNeeding } from "../support/needs.js";

const datagram = ethernet(ipv4({}, udp(1, 2)));
const unparsable = ethernet(tag(1), hex("0800 60"));
const slow = { pps: 0, burst: 3 };
const fast = { pps: 1_000_000_000, burst: 1000 };
const unlimited = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n, eburst: 0n };
const colours = { green: "trap", yellow: "copy", red: "drop" } as const;

describeNeeding(["root", "ip", "libbpf"], "the tc program", () => {
  noLeaks();
  let last: BpfBed | undefined;
  function open(options: ConstructorParameters<typeof BpfBed>[0] = {}): BpfBed {
    return (last = new BpfBed(options));
  }
  afterEach(() => {
    last?.close();
    last = undefined;
  });

  it("knows only drop reasons that are declared", () => {
    const { addon } = open();
    assert.deepEqual(
      addon.dropReasons.filter((reason) => !(reason in dropReasons)),
      [],
    );
  });

  it("lets frames of netdevs that are no ports go on uncounted", () => {
    const bed = open();
    const { bpf } = bed;
    bed.install([rule()]);
    bpf.deletePort(loopback);
    assert.equal(bed.run(lldp), goOn);
    assert.deepEqual(bed.totals(), [0, 0, 0]);
  });

  it("lets frames of a port that is down go on, counted as such", () => {
    const bed = open();
    const { bpf } = bed;
    bed.install([rule()]);
    bpf.setPort(loopback, { portId, slot: 3, flags: 1 });
    assert.equal(bed.run(lldp), goOn);
    assert.deepEqual(bed.drops(), { "ingress-port-down": 1 });
    assert.deepEqual(bed.portCounters(3), [0, 0, 1]);
  });

  it("matches the ingress port by its P4Runtime id, the CPU port too", async () => {
    const bed = open();
    const { bpf } = bed;
    bed.install([rule({ match: { ingress_port: cpuPort } })]);
    assert.equal(bed.run(lldp), goOn);
    bpf.setPort(loopback, { portId: cpuPort, slot: 1, flags: 2 });
    assert.equal(bed.run(lldp), stop);
    assert.deepEqual(
      (await bed.allPunted()).map(({ ingressPort }) => ingressPort),
      [cpuPort],
    );
  });

  for (const { option, answer } of [
    { option: "pass", answer: goOn },
    { option: "drop", answer: stop },
  ] as const)
    it(`makes an unparsable frame ${option} if told so`, () => {
      const bed = open({ unparsable: option });
      const { bpf } = bed;
      assert.equal(bpf.testRun(unparsable, loopback, 1).answer, answer);
      assert.deepEqual(bed.drops(), { unparsable: 1 });
    });

  for (const { what, queues, portPolicer, devicePolicer, reason } of [
    { what: "queue", queues: [fast, slow], portPolicer: fast, devicePolicer: fast, reason: "queue-policer" },
    { what: "port", queues: [fast, fast], portPolicer: slow, devicePolicer: fast, reason: "port-policer" },
    { what: "device", queues: [fast, fast], portPolicer: fast, devicePolicer: slow, reason: "device-policer" },
  ])
    it(`punts no more frames than the policer of the ${what} has tokens`, async () => {
      const bed = open({ queues, portPolicer, devicePolicer });
      bed.install([rule({ action: always("trap", 1) })]);
      for (let i = 0; i < 5; i++) assert.equal(bed.run(lldp), stop);
      assert.equal((await bed.allPunted()).length, 3);
      assert.deepEqual(bed.drops(), { [reason]: 2 });
      assert.deepEqual(bed.portCounters(), [5, 3, 2]);
    });

  it("takes no token of the queue for a frame that the device refuses", async () => {
    const bed = open({
      queues: [{ pps: 0, burst: 4 }],
      portPolicer: { pps: 0, burst: 5 },
      devicePolicer: { pps: 20, burst: 1 },
    });
    bed.install([rule({ action: always("trap", 0) })]);
    for (let i = 0; i < 30; i++) bed.run(lldp);
    await delay(60); // the device has a token again
    bed.run(lldp);
    assert.equal((await bed.allPunted()).length, 2);
    assert.deepEqual(bed.drops(), { "device-policer": 29 });
  });

  for (const { name, type, meter, verdicts } of [
    // RFC 2698: peak first, then committed.
    { name: "two-rate-three-color", type: 0, meter: { cburst: 2n, pburst: 4n }, verdicts: "ggyyrr" },
    // RFC 2697: what the committed bucket cannot give the excess bucket does.
    { name: "single-rate-three-color", type: 1, meter: { cburst: 2n, eburst: 3n }, verdicts: "ggyyyr" },
    { name: "single-rate-two-color", type: 2, meter: { cburst: 2n, eburst: 3n }, verdicts: "ggrrrr" },
  ])
    for (const bytes of [false, true])
      it(`marks ${bytes ? "bytes" : "packets"} by ${name}`, () => {
        const bed = open();
        const size = bytes ? BigInt(lldp.length) : 1n;
        const scaled = Object.fromEntries(Object.entries(meter).map(([key, burst]) => [key, burst * size]));
        const rules = [rule({ action: colours, meter: { ...unlimited, ...scaled } })];
        const numbers = bed.install(rules, [{ maxMasks: 4, meter: { type, bytes } }]);
        const seen = verdicts.split("").map(() => {
          const before = bed.totals()[1];
          const answer = bed.run(lldp);
          const punted = bed.totals()[1] > before;
          return answer === goOn ? "y" : punted ? "g" : "r";
        });
        assert.equal(seen.join(""), verdicts);
        assert.deepEqual(bed.counters(numbers), [[6, 6 * lldp.length]]);
      });

  it("fills a meter at its rate", async () => {
    const bed = open();
    const meter = { ...unlimited, cir: 100n, cburst: 5n };
    bed.install([rule({ action: colours, meter })], [{ maxMasks: 4, meter: { type: 2, bytes: false } }]);
    for (let i = 0; i < 50; i++) bed.run(lldp);
    const first = bed.totals()[1];
    const start = performance.now();
    await delay(30);
    for (let i = 0; i < 50; i++) bed.run(lldp);
    const seconds = (performance.now() - start) / 1000;
    const second = bed.totals()[1] - first;
    assert.ok(first >= 5 && first <= 7, `the burst is there at first: ${first}`);
    assert.ok(second >= 2 && second <= Math.min(6 + 100 * seconds, 8), `then what came since: ${second}`);
  });

  it("fills a meter of the highest rate without overflow", async () => {
    const bed = open();
    const most = (1n << 63n) - 1n;
    const meter = { cir: most, cburst: most, pir: most, pburst: most, eburst: most };
    bed.install([rule({ action: colours, meter })], [{ maxMasks: 4, meter: { type: 0, bytes: true } }]);
    for (let i = 0; i < 20; i++) {
      await delay(1);
      assert.equal(bed.run(lldp), stop);
    }
    assert.deepEqual(bed.drops(), {});
    assert.equal(bed.totals()[1], 20);
  });

  it("keeps a meter that is kept, and fills one that is renewed", () => {
    const bed = open();
    const { bpf } = bed;
    const meter = BigUint64Array.of(0n, 2n, 0n, 0n, 0n);
    const [number = -1] = bed.install(
      [rule({ action: colours, meter: { ...unlimited, cburst: 2n } })],
      [{ maxMasks: 4, meter: { type: 2, bytes: false } }],
    );
    const action = 2 | (3 << 4) | (1 << 8);
    const punts = () => {
      const before = bed.totals()[1];
      for (let i = 0; i < 3; i++) bed.run(lldp);
      return bed.totals()[1] - before;
    };
    assert.equal(punts(), 2);
    bed.step(() => bpf.replace(number, action, undefined, "keep"));
    assert.equal(punts(), 0);
    bed.step(() => bpf.replace(number, action, meter, "renew"));
    assert.equal(punts(), 2);
    assert.deepEqual(bed.counters([number]), [[9, 9 * lldp.length]]);
  });

  it("follows changes of the local addresses", () => {
    const bed = open();
    const { bpf } = bed;
    bed.install([rule()]);
    const local = Uint8Array.of(10, 0, 0, 2);
    bpf.setLocalAddresses([local]);
    assert.equal(bed.run(datagram), goOn);
    bpf.setLocalAddresses([Uint8Array.of(10, 0, 0, 3)]);
    assert.equal(bed.run(datagram), stop);
    assert.deepEqual(bed.drops(), { "local-address": 1 });
  });

  it("lets frames wait in the ring while no slab is free, and counts what finds it full", async () => {
    const bed = open({ ringBytes: 4096 });
    bed.install([rule()]);
    bed.stalled = true;
    const slabsHold = 4 * 256;
    for (let i = 0; i < slabsHold + 100; i++) {
      bed.run(lldp);
      if (i % 16 === 0) await delay(1); // the reader has a core
    }
    const backlog = bed.drops()["punt-backlog"] ?? 0;
    // A record takes 136 of 4,096 bytes.
    assert.ok(backlog >= 100 - 31, `${backlog} dropped`);
    bed.stalled = false;
    bed.drain();
    assert.equal((await bed.allPunted()).length, slabsHold + 100 - backlog);
    assert.equal(bed.totals()[2], 0);
  });

  it("punts frames of every size up to what BPF_PROG_TEST_RUN takes", async () => {
    const bed = open();
    bed.install([rule()]);
    const frames = [14, 60, 112, 113, 496, 497, 1514, 2032, 2033, 3000].map((length) =>
      Uint8Array.from({ length }, (_, i) => lldp.slice(0, 14)[i] ?? (i * 7) & 0xff),
    );
    for (const frame of frames) assert.equal(bed.run(frame), stop);
    assert.deepEqual(
      (await bed.allPunted()).map(({ frame }) => frame),
      frames,
    );
  });

  it("shows in its dump what is in the maps, and nothing that was removed", () => {
    const bed = open();
    const { bpf } = bed;
    const lower = rule({ priority: 1, match: { ether_type: 0x88cc } });
    const [a = -1, b = -1, c = -1] = bed.install(
      [lower, rule({ priority: 2, match: { ether_type: 0x88cc } }), rule({ table: 1, action: "drop" })],
      [plain, plain],
    );
    const shown = () => bpf.dump().map(({ table, rule: number, priority }) => [table, number, priority]);
    assert.deepEqual(shown().sort(), [
      [0, b, 2],
      [1, c, 1],
    ]);
    bed.step(() => bpf.remove(b));
    assert.deepEqual(shown().sort(), [
      [0, a, 1],
      [1, c, 1],
    ]);
    bed.step(() => bpf.reset([plain]));
    assert.deepEqual(shown(), []);
  });
});
