/** Ports come, go, and change at run time. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import type { DatapathEvent } from "../../src/datapath/datapath.js";
import { cpuPort } from "../../src/datapath/port.js";
import type { PortId } from "../../src/datapath/port.js";
import { lldp } from "./frames.js";
import { rule } from "../support/key-rules.js";
import type { Bench, WithBench } from "./bench.js";
import { drops, install, port1, port2 } from "./bench.js";

const port9 = 9 as PortId;

/** The next `count` events. */
async function nextEvents({ datapath }: Bench, count: number): Promise<readonly DatapathEvent[]> {
  const seen: DatapathEvent[] = [];
  for await (const event of datapath.events(new AbortController().signal)) {
    seen.push(event);
    if (seen.length === count) break;
  }
  return seen;
}

export function portCompliance(withBench: WithBench): void {
  it(
    "tells its ports with their state and counters",
    withBench(async (bench, punts) => {
      await install(bench, [rule({ match: { ether_type: 0x88cc } })]);
      await bench.receive(port1, [lldp, lldp]);
      await punts.take();
      const status = bench.datapath.port(port1);
      assert.ok(status !== undefined);
      assert.deepEqual(
        { ...status, name: "", netdev: "" },
        {
          ...{ id: 1, name: "", netdev: "", mtu: 1500, state: "up" },
          ...{ framesIn: 3, framesOut: 0, framesPunted: 3, framesDropped: 0 },
        },
      );
      assert.deepEqual(
        bench.datapath.stats().ports.map((port) => port.id),
        [1, 2, cpuPort],
      );
      assert.equal(bench.datapath.port(port9), undefined);
    }),
  );

  it(
    "refuses ids and names twice, and what is not there",
    withBench((bench) => {
      const { datapath } = bench;
      const name = datapath.port(port1)?.name ?? "";
      const codes = [
        datapath.addPort({ id: port1, name: "another" }),
        datapath.addPort({ id: port9, name }),
        datapath.addPort({ id: port9, name: "cpu" }),
        datapath.removePort(port9),
        datapath.setPortState(port9, "down"),
      ].map((result) => (result.ok ? "ok" : result.status.code));
      const taken = Code.ALREADY_EXISTS;
      assert.deepEqual(codes, [taken, taken, taken, Code.NOT_FOUND, Code.NOT_FOUND]);
      return Promise.resolve();
    }),
  );

  it(
    "reports what happens to ports, once and in order",
    withBench(async (bench) => {
      await nextEvents(bench, 2);
      await bench.bring(port2, "down");
      await bench.bring(port2, "down");
      await bench.bring(port2, "up");
      bench.datapath.removePort(port2);
      assert.deepEqual(await nextEvents(bench, 3), [
        { kind: "port-state", port: port2, state: "down" },
        { kind: "port-state", port: port2, state: "up" },
        { kind: "port-removed", port: port2 },
      ]);
      assert.equal(bench.datapath.port(port2), undefined);
    }),
  );

  it(
    "punts nothing from a port that is down, and goes on when it is up again",
    withBench(async (bench, punts) => {
      await install(bench, [rule({ match: { ether_type: 0x88cc } })]);
      await bench.bring(port2, "down");
      await bench.receive(port2, [lldp]);
      await bench.bring(port2, "up");
      assert.deepEqual(await punts.take(), []);
      await bench.receive(port2, [lldp]);
      assert.equal((await punts.take()).length, 1);
    }),
  );

  it(
    "drops nothing while all is well",
    withBench(async (bench, punts) => {
      await install(bench, [rule({})]);
      await bench.receive(port1, [lldp]);
      await punts.take();
      assert.deepEqual(drops(bench), {});
    }),
  );
}
