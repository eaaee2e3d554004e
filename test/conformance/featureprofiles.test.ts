/** The flows of the public test-suite for traceroute and discovery, end to end over gRPC on the software datapath. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { loadP4Info } from "../support/p4info.js";
import { requirement } from "../support/requirement.js";
import { Wire } from "../support/wire.js";
import { Controller, cpu, frames, twoDevices } from "./controller.js";
import { packetOut, publicEntries } from "./wbb.js";

/** An agent with two devices. */
const suite = (run: (agent: Agent) => Promise<void>) => async () => {
  await using agent = await Agent.start({ yaml: twoDevices });
  await run(agent);
};

describe("the public suite with two devices (P4RT-1.1)", () => {
  noLeaks();

  requirement(
    "SRV-13",
    "gives each its primary of the same id, its pipeline, entries and packets",
    suite(async (agent) => {
      const [first, second] = [await Controller.primary(agent, 100, 111n), await Controller.primary(agent, 100, 222n)];
      await first.write(100, "insert", ...publicEntries);
      for (const controller of [first, second]) {
        const { config } = await controller.pipeline();
        assert.equal(Number(config?.cookie?.cookie), 159);
        const bytes = p4.config.v1.P4Info.encode(config?.p4info ?? {}).finish();
        assert.deepEqual(Buffer.from(bytes), Buffer.from(loadP4Info("wbb")));
      }
      assert.deepEqual([(await first.read()).length, (await second.read()).length], [4, 0]);

      assert.deepEqual(await first.inject(10, frames.lldp), [cpu]);
      assert.deepEqual(await second.inject(10, frames.lldp), []);
      assert.deepEqual(await first.packetIn(), [frames.lldp, "10", "0"]);
      await second.stream.quiet();
    }),
  );
});

describe("the public suite's packets (P4RT-3.1 … P4RT-7.2)", () => {
  noLeaks();

  /** A primary with the suite's entries, and a backup. */
  async function pair(agent: Agent): Promise<{ readonly lead: Controller; readonly backup: Controller }> {
    const lead = await Controller.primary(agent, 100);
    await lead.write(100, "insert", ...publicEntries);
    const backup = new Controller(agent);
    assert.equal(await backup.arbitrate(99), Code.ALREADY_EXISTS);
    return { lead, backup };
  }

  requirement(
    "PKT-13",
    "come from every trapped frame to the primary alone, tags kept, with both ports",
    suite(async (agent) => {
      const { lead, backup } = await pair(agent);
      for (const { frame, egress } of [
        { frame: frames.discovery, egress: "0" },
        { frame: frames.taggedDiscovery, egress: "0" },
        { frame: frames.lldp, egress: "0" },
        { frame: frames.traceroute4, egress: "11" },
        { frame: frames.traceroute6, egress: "12" },
      ]) {
        assert.deepEqual(await lead.inject(10, frame), [cpu]);
        assert.deepEqual(await lead.packetIn(), [frame, "10", egress]);
      }
      assert.deepEqual(await lead.inject(10, frames.data), [11]);
      for (const { stream } of [lead, backup]) await stream.quiet();
    }),
  );

  requirement(
    "FPX-25",
    "are all there when a second's worth comes in and goes out at once",
    suite(async (agent) => {
      const { lead } = await pair(agent);
      using wire = new Wire(agent.device(111n));
      const [packetsIn, packetsOut] = [600, 903];
      for (let i = 0; i < packetsOut; i++) lead.stream.send(packetOut([[1, "12"]], frames.discovery));
      const injected = Array.from({ length: packetsIn }, () => lead.inject(10, frames.traceroute4));
      for (let i = 0; i < packetsIn; i++) assert.deepEqual((await lead.packetIn())[0], frames.traceroute4);
      await Promise.all(injected);
      await lead.stream.quiet();
      assert.equal(wire.taken().filter(({ port }) => port === 12).length, packetsOut);
    }),
  );
});
