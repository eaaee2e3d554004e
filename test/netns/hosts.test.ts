/** Two hosts that know nothing of p4rtd, and the box between them. */
import assert from "node:assert/strict";
import type { Daemon } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { Controller } from "./controller.js";
import { datagram } from "./frames.js";
import { at, dropped, Neighbourhood } from "./neighbourhood.js";
import { until } from "../support/until.js";
import { noTraces } from "./no-traces.js";
import { ping, Program } from "./program.js";

const udp = 17;

/** Where a frame has what, by EtherType. */
const layouts = {
  "0800": { ttlAt: 22, protocolAt: 23, addressesAt: 26, l4At: 34 },
  "86dd": { ttlAt: 21, protocolAt: 20, addressesAt: 22, l4At: 54 },
} as const;

type EtherType = keyof typeof layouts;

/** True for what traceroute sends: UDP to a port from 33434 on. */
const isProbe = (etherType: EtherType, ttl?: number) => (frame: Uint8Array) => {
  const bytes = Buffer.from(frame);
  const { ttlAt, protocolAt, l4At } = layouts[etherType];
  if (bytes.toString("hex", 12, 14) !== etherType || bytes[protocolAt] !== udp) return false;
  const port = bytes.readUInt16BE(l4At + 2);
  return port >= 33434 && port < 33534 && (ttl === undefined || bytes[ttlAt] === ttl);
};

/** The one's complement sum of pseudo header and datagram: 0xffff if the UDP checksum is right. @see RFC 768 */
function udpSum(frame: Buffer, etherType: EtherType): number {
  const { addressesAt, l4At } = layouts[etherType];
  const length = frame.readUInt16BE(l4At + 4);
  const summed = Buffer.concat([frame.subarray(addressesAt, l4At + length), Buffer.alloc(length % 2)]);
  let sum = udp + length;
  for (let i = 0; i < summed.length; i += 2) sum += summed.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describeInNetns(
  "hosts on both sides of a box with the rules of WBB",
  () => {
    noLeaks();
    noTraces();
    let lab: Neighbourhood;
    let daemon: Daemon;
    let controller: Controller;

    before("p4rtd with a controller", async () => {
      lab = await Neighbourhood.build();
      daemon = await lab.start();
      controller = await Controller.connect(daemon);
    });
    after("p4rtd with a controller", () => lab[Symbol.asyncDispose]());

    for (const address of [at.right.v4, at.right.v6])
      it(`reach each other through it: ping ${address}`, () => ping(lab.left, address));

    for (const address of [at.box.v4, at.box.v6, at.boxRight.v4, at.boxRight.v6])
      it(`reach the box itself: ping ${address}`, () => ping(lab.left, address));

    for (const address of [at.box.v4, at.box.v6])
      it(`are answered by the box when their echo has TTL 1: ping ${address}`, async () => {
        await Program.run(lab.left, ["ping", "-n", "-c", "3", "-i", "0.02", "-W", "2", "-t", "1", address]);
      });

    it("fill TCP connections through it, with large segments of their own", async () => {
      const server = Program.start(lab.right, ["iperf3", "-s", "-1", "--forceflush"]);
      try {
        await until("iperf3 listens", () => server.output.includes("listening"));
        const output = await Program.run(lab.left, ["iperf3", "-J", "-c", at.right.v4, "-t", "1"]);
        const bits = Number(/"sum_received":\s*\{[^}]*"bits_per_second":\s*([\d.e+]+)/.exec(output)?.[1]);
        assert.ok(bits > 1e8, `${bits} bit/s`);
        assert.equal(await dropped(daemon, "unsegmented"), 0);
      } finally {
        await server[Symbol.asyncDispose]();
      }
    });

    it("get what the controller submits to the box's pipeline, routed", async () => {
      const arrives = await lab.capture(lab.right, "eth0");
      const submitted = datagram({ ttl: 64, bytes: 777 });
      controller.submit(submitted);
      const routed = Buffer.from(await arrives.find((frame) => frame.length === submitted.length));
      assert.equal(routed.toString("hex", 0, 12), `${at.right.mac}${at.boxRight.mac}`.replaceAll(":", ""));
      assert.equal(routed[22], 63);
      assert.deepEqual(routed.subarray(26), submitted.subarray(26));
    });

    for (const [etherType, flags, target] of [
      ["0800", ["-4"], at.right.v4],
      ["86dd", ["-6"], at.right.v6],
    ] as const) {
      const traceroute = ["traceroute", ...flags, "-n", "-q", "1", "-N", "1", "-w", "0.3", "-m", "4", target];

      it(`lose the probes of traceroute with TTL 1 and 2 to the controller, as they were sent (0x${etherType})`, async () => {
        await Program.run(lab.left, ["ethtool", "-K", "eth0", "tx", "off"]); // whole checksums before tcpdump
        const sent = await lab.capture(lab.left, "eth0", "out");
        const output = await Program.run(lab.left, traceroute);
        for (const ttl of [1, 2]) {
          const { frame, ingress, egress } = await controller.packetIn(isProbe(etherType, ttl));
          assert.deepEqual([ingress, egress], ["1", "2"]);
          assert.deepEqual(frame, Buffer.from(await sent.find(isProbe(etherType, ttl))));
        }
        const hops = output.trimEnd().split("\n").slice(1);
        assert.deepEqual(
          hops.map((hop) => hop.trim().split(/\s+/).slice(0, 2).join(" ")),
          ["1 *", "2 *", `3 ${target}`],
        );
        assert.deepEqual(
          (await controller.drain()).filter(({ frame }) => isProbe(etherType)(frame)),
          [],
        );
      });

      it(`leave checksums to their NIC, which are whole in the PacketIn (0x${etherType})`, async () => {
        await Program.run(lab.left, ["ethtool", "-K", "eth0", "tx", "on"]);
        const sent = await lab.capture(lab.left, "eth0", "out");
        await Program.run(lab.left, traceroute);
        const { frame } = await controller.packetIn(isProbe(etherType, 1));
        const unfinished = Buffer.from(await sent.find(isProbe(etherType, 1)));
        assert.notEqual(udpSum(unfinished, etherType), 0xffff);
        assert.equal(udpSum(frame, etherType), 0xffff);
        const { l4At } = layouts[etherType];
        frame.copy(unfinished, l4At + 6, l4At + 6, l4At + 8);
        assert.deepEqual(frame, unfinished);
        await controller.drain();
      });
    }
  },
  ["ping", "traceroute", "ethtool", "iperf3"],
);
