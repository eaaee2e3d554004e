/** Frames on their way to the CPU and back. */
import assert from "node:assert/strict";
import { cpuPort } from "../../src/datapath/port.js";
import type { PortId } from "../../src/datapath/port.js";
import { hex, ipv4, tag, udp } from "../support/frame-builder.js";
import { rule } from "../support/key-rules.js";
import type { WithBench } from "./bench.js";
import { install, port1, port2 } from "./bench.js";
import { ethernet, lldp } from "./frames.js";

const frame = ethernet(ipv4({}, udp(1000, 2000)));
const anyIp = { is_ip: 1 } as const;
const sized = (bytes: number, ...head: number[][]) => {
  const whole = new Uint8Array(bytes);
  whole.set(ethernet(...head, hex("6007")).slice(0, bytes));
  return whole;
};

export function packetCompliance(withBench: WithBench): void {
  it(
    "punts frames byte for byte, in order, with the port they came by",
    withBench(async (bench, punts) => {
      await install(bench, [rule({})]);
      const frames = [lldp, ethernet(tag(0, 7), tag(5, 1, 0x88a8), ipv4({}, udp(1, 2))), sized(60), sized(1514)];
      await bench.receive(port2, frames);
      const punted = await punts.take(port2);
      assert.deepEqual(
        punted.map((each) => each.frame),
        frames,
      );
      assert.deepEqual(
        punted.map((each) => each.ingress),
        [2, 2, 2, 2],
      );
    }),
  );

  it(
    "tells the port a punted frame would have left by, and 0 if there is none",
    withBench(async (bench, punts) => {
      await install(bench, [rule({})]);
      await bench.receive(port1, [frame, lldp]);
      assert.deepEqual(
        (await punts.take()).map((each) => each.egress),
        [2, 0],
      );
    }),
  );

  it(
    "hands over thousands of frames without losing one",
    withBench(async (bench, punts) => {
      await install(bench, [rule({})]);
      const frames = Array.from({ length: 3000 }, (_, i) => ethernet(ipv4({ ttl: i & 0xff }, udp(i, i))));
      await bench.receive(port1, frames);
      assert.deepEqual(
        (await punts.take()).map((each) => each.frame),
        frames,
      );
      assert.equal(bench.datapath.stats().punted, 3001);
    }),
  );

  it(
    "sends a transmitted frame unchanged by its port, past the rules",
    withBench(async (bench, punts) => {
      await install(bench, [rule({})]);
      const stacked = [tag(5), tag(7, 0, 0x88a8), tag(6, 0, 0x9100)];
      const bytes = 1514 + 4 * Math.min(stacked.length, bench.tagsBesideMtu);
      const frames = [sized(60), sized(1514), sized(1518, tag(5)), sized(bytes, ...stacked)];
      const results = bench.datapath.transmit(frames.map((each) => ({ port: port2, frame: each, token: {} })));
      assert.deepEqual(results, ["accepted", "accepted", "accepted", "accepted"]);
      assert.deepEqual(await bench.left(port2, 4), frames);
      assert.deepEqual(await punts.take(), []);
    }),
  );

  it(
    "runs a submitted frame through the rules as received on the CPU port, then forwards it",
    withBench(async (bench, punts) => {
      await install(bench, [
        rule({ priority: 2, match: { ingress_port: cpuPort, ip_protocol: 17 }, action: "copy" }),
        rule({ match: anyIp, action: "drop" }),
      ]);
      assert.deepEqual(bench.datapath.transmit([{ port: cpuPort, frame, token: {} }]), ["accepted"]);
      assert.equal((await bench.left(port2, 1)).length, 1);
      const punted = await punts.take();
      assert.deepEqual(
        punted.map(({ ingress, frame: bytes }) => [ingress, bytes]),
        [[cpuPort, frame]],
      );
      const cpu = bench.datapath.stats().ports.find(({ id }) => id === cpuPort);
      assert.deepEqual([cpu?.name, cpu?.framesIn, cpu?.framesPunted, cpu?.framesDropped], ["cpu", 1, 1, 0]);
    }),
  );

  for (const { title, port, bytes, want } of [
    { title: "a frame of 13 bytes", port: port2, bytes: sized(13), want: "runt" },
    { title: "a submitted frame of 13 bytes", port: cpuPort, bytes: sized(13), want: "runt" },
    { title: "a port there is not", port: 77 as PortId, bytes: sized(60), want: "unknown-port" },
    { title: "a frame one byte above the MTU", port: port2, bytes: sized(1515), want: "mtu-exceeded" },
    { title: "a tagged frame one byte above the MTU", port: port2, bytes: sized(1519, tag(5)), want: "mtu-exceeded" },
    {
      title: "a frame with two tags one byte above the MTU",
      port: port2,
      bytes: sized(1523, tag(7, 0, 0x88a8), tag(5)),
      want: "mtu-exceeded",
    },
  ] as const) {
    it(
      `refuses to transmit ${title}: ${want}`,
      withBench((bench) => {
        assert.deepEqual(bench.datapath.transmit([{ port, frame: bytes, token: {} }]), [want]);
        return Promise.resolve();
      }),
    );
  }

  for (const { state, want } of [
    { state: "down", want: "port-down" },
    { state: "no-carrier", want: "no-carrier" },
  ] as const) {
    it(
      `refuses to transmit by a port that is ${state}`,
      withBench(async (bench) => {
        await bench.bring(port2, state);
        assert.deepEqual(bench.datapath.transmit([{ port: port2, frame: sized(60), token: {} }]), [want]);
      }),
    );
  }
}
