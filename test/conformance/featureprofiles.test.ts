/** The flows of the public test-suite for traceroute and discovery, end to end over gRPC on the software datapath. */
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { Code, codeName } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { loadP4Info } from "../support/p4info.js";
import { long, rejected, uint128, type TableEntry } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { Controller, cpu, frames, Results, suiteEntries, ternary, trap, twoDevices, wbb } from "./public-suite.js";

const { OK, NOT_FOUND, ALREADY_EXISTS, INVALID_ARGUMENT, PERMISSION_DENIED, RESOURCE_EXHAUSTED } = Code;

/** An agent with two devices. */
const suite = (run: (agent: Agent) => Promise<void>) => async () => {
  await using agent = await Agent.start({ yaml: twoDevices });
  await run(agent);
};

/** A controller that has become primary with `electionId` and pushed the pipeline. */
async function primary(agent: Agent, electionId: number, deviceId = 111n): Promise<Controller> {
  const controller = new Controller(agent, deviceId);
  assert.equal(await controller.arbitrate(electionId), OK);
  await controller.push(electionId);
  return controller;
}

/** Asserts that `controller` may read but neither push nor write under `electionId`. */
async function onlyReads(controller: Controller, electionId: number): Promise<void> {
  await controller.pipeline();
  for (const attempt of [controller.push(electionId), controller.write(electionId, "insert", ...suiteEntries)])
    assert.equal((await rejected(attempt)).code, PERMISSION_DENIED);
}

/** Asserts that `controller` may read, push and write under `electionId`. */
async function writes(controller: Controller, electionId: number): Promise<void> {
  await controller.push(electionId);
  await controller.write(electionId, "insert", ...suiteEntries);
  assert.equal((await controller.read()).length, 4);
}

describe("the public suite with two devices (P4RT-1.1)", () => {
  noLeaks();

  requirement(
    ["FPX-01", "FPX-03", "SRV-13"],
    "gives each its primary of the same id, its pipeline, entries and packets",
    suite(async (agent) => {
      const [first, second] = [await primary(agent, 100, 111n), await primary(agent, 100, 222n)];
      await first.write(100, "insert", ...suiteEntries);
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

  requirement(
    ["FPX-01", "AMB-01"],
    "finds no device that the configuration does not name, 0 included",
    suite(async (agent) => {
      for (const deviceId of [0n, 1n, 333n]) {
        const stranger = new Controller(agent, deviceId);
        stranger.stream.sendArbitration(100, { deviceId: long(deviceId) });
        assert.equal((await stranger.stream.ended()).code, NOT_FOUND);
        for (const attempt of [stranger.push(100), stranger.pipeline(), stranger.write(100, "insert"), stranger.read()])
          assert.equal((await rejected(attempt)).code, NOT_FOUND);
      }
    }),
  );
});

describe("the public suite's arbitration (P4RT-2.1)", () => {
  noLeaks();

  requirement(
    "FPX-05",
    "lets two clients without ids read, and tells both that nobody is primary",
    suite(async (agent) => {
      const [one, two] = [new Controller(agent), new Controller(agent)];
      assert.equal(await one.arbitrate(undefined), NOT_FOUND);
      assert.equal(await two.arbitrate(undefined), NOT_FOUND);
      for (const controller of [one, two]) {
        await onlyReads(controller, 100);
        await controller.stream.quiet();
      }
    }),
  );

  requirement(
    ["FPX-06", "AMB-04"],
    "lets nobody in below the id of a primary that left, and the same id again",
    suite(async (agent) => {
      const gone = await primary(agent, 100);
      gone.stream.finish();
      await gone.stream.ended();
      const [lower, same] = [new Controller(agent), new Controller(agent)];
      assert.equal(await lower.arbitrate(90), NOT_FOUND);
      await onlyReads(lower, 90);
      assert.equal(await same.arbitrate(100), OK);
      await writes(same, 100);
    }),
  );

  requirement(
    "FPX-08",
    "ends a second stream with the primary's id at once",
    suite(async (agent) => {
      await primary(agent, 100);
      const twin = new Controller(agent);
      twin.stream.sendArbitration(100, { deviceId: long(111n) });
      const began = performance.now();
      assert.equal((await twin.stream.ended()).code, INVALID_ARGUMENT);
      assert.ok(performance.now() - began < 1000);
    }),
  );

  requirement(
    ["FPX-09", "FPX-10"],
    "hands over upwards, and leaves nobody primary after a step down",
    suite(async (agent) => {
      const old = await primary(agent, 101);
      const next = new Controller(agent);
      assert.equal(await next.arbitrate(102), OK);
      assert.equal(await old.told(), ALREADY_EXISTS);
      await onlyReads(old, 101);
      await writes(next, 102);
      assert.equal(await next.arbitrate(99), NOT_FOUND);
      await onlyReads(next, 99);
      assert.equal(await old.told(), NOT_FOUND);
      for (const controller of [old, next]) await controller.stream.quiet();
    }),
  );

  requirement(
    ["FPX-04", "AMB-05"],
    "tells who has no id which was the highest, so that it wins with the next",
    suite(async (agent) => {
      const before = await primary(agent, 102);
      before.stream.finish();
      await before.stream.ended();
      const learner = new Controller(agent);
      const answer = await learner.stream.arbitrate(undefined, { deviceId: long(111n) });
      assert.deepEqual([answer.status?.code, Number(answer.electionId?.low)], [NOT_FOUND, 102]);
      assert.equal(await learner.arbitrate(103), OK);
      await writes(learner, 103);
    }),
  );
});

describe("the public suite's entries (P4RT-2.2)", () => {
  noLeaks();

  requirement(
    "FPX-17",
    "show their metadata after INSERT and MODIFY, and are gone after DELETE",
    suite(async (agent) => {
      const controller = await primary(agent, 100);
      const lldp = trap([ternary(3, "88cc", "ffff")]);
      const shown = async () =>
        (await controller.read({ tableId: wbb.table })).map(({ tableEntry }) =>
          Buffer.from(tableEntry?.metadata ?? []).toString(),
        );
      for (const { type, metadata, want } of [
        { type: "insert", metadata: "inserted", want: ["inserted"] },
        { type: "modify", metadata: "modified", want: ["modified"] },
        { type: "delete", metadata: "whatever", want: [] },
      ] as const) {
        await controller.write(100, type, { ...lldp, metadata: Buffer.from(metadata) });
        assert.deepEqual(await shown(), want);
      }
    }),
  );
});

describe("the public suite's packets (P4RT-3.1 … P4RT-7.2)", () => {
  noLeaks();

  /** A primary with the suite's entries, and a backup. */
  async function pair(agent: Agent): Promise<{ readonly lead: Controller; readonly backup: Controller }> {
    const lead = await primary(agent, 100);
    await lead.write(100, "insert", ...suiteEntries);
    const backup = new Controller(agent);
    assert.equal(await backup.arbitrate(99), ALREADY_EXISTS);
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

  it(
    "leave by the port that the primary names or the routes give, and not at all from a backup",
    suite(async (agent) => {
      const { lead, backup } = await pair(agent);
      const results = await Results.watch(agent.client());
      for (let i = 0; i < 5; i++) backup.packetOut(frames.discovery, { egress: "12" });
      for (let i = 0; i < 5; i++) assert.equal((await backup.stream.error()).canonicalCode, PERMISSION_DENIED);
      lead.packetOut(frames.discovery, { egress: "12" });
      lead.packetOut(frames.discovery, { egress: "12", submit: 0 });
      lead.packetOut(frames.data, { egress: "TBD BY SWITCH", submit: 1 });
      lead.packetOut(frames.data, { submit: 1 });
      await lead.stream.quiet();
      await results.until(4);
      assert.deepEqual(
        results.fates,
        Array(2)
          .fill({ from: cpu, to: [12] })
          .concat(Array(2).fill({ from: cpu, to: [11] })),
      );
      await backup.stream.quiet();
    }),
  );

  it(
    "still come when a controller with a higher id takes the place of one that left",
    suite(async (agent) => {
      const { lead, backup } = await pair(agent);
      for (const { stream } of [backup, lead]) {
        stream.finish();
        assert.equal((await stream.ended()).code, OK);
      }
      const next = new Controller(agent);
      assert.equal(await next.arbitrate(101), OK);
      assert.deepEqual(await next.inject(10, frames.traceroute4), [cpu]);
      assert.deepEqual(await next.packetIn(), [frames.traceroute4, "10", "11"]);
    }),
  );

  requirement(
    "FPX-25",
    "are all there when a second's worth comes in and goes out at once",
    suite(async (agent) => {
      const { lead } = await pair(agent);
      const results = await Results.watch(agent.client());
      const [packetsIn, packetsOut] = [600, 903];
      for (let i = 0; i < packetsOut; i++) lead.packetOut(frames.discovery, { egress: "12" });
      const injected = Array.from({ length: packetsIn }, () => lead.inject(10, frames.traceroute4));
      for (let i = 0; i < packetsIn; i++) assert.deepEqual((await lead.packetIn())[0], frames.traceroute4);
      await Promise.all(injected);
      await lead.stream.quiet();
      await results.until(packetsIn + packetsOut);
      assert.equal(results.fates.filter(({ from, to }) => from === cpu && to.join() === "12").length, packetsOut);
    }),
  );
});

/** An update that PINS' fuzzer would send, and the code it expects. */
interface Malformed {
  readonly what: string;
  readonly type: "insert" | "modify" | "delete";
  readonly entry: TableEntry;
  readonly want: Code;
}

describe("public clients", () => {
  noLeaks();

  requirement(
    "FPX-31",
    "may send user name and password with every call",
    suite(async (agent) => {
      const metadata = new grpc.Metadata();
      metadata.set("username", "admin");
      metadata.set("password", "secret");
      const controller = new Controller(agent, 111n, metadata);
      assert.equal(await controller.arbitrate(100), OK);
      const { CapabilitiesRequest, CapabilitiesResponse, WriteRequest, WriteResponse } = p4.v1;
      const { client } = controller;
      const service = "/p4.v1.P4Runtime";
      const asked = CapabilitiesRequest.encode({}).finish();
      const { p4runtimeApiVersion } = await client.unary(
        `${service}/Capabilities`,
        asked,
        CapabilitiesResponse,
        metadata,
      );
      assert.notEqual(p4runtimeApiVersion, "");
      await controller.push(100);
      const empty = WriteRequest.encode({ deviceId: long(111n), electionId: uint128(100n) }).finish();
      await client.unary(`${service}/Write`, empty, WriteResponse, metadata);
    }),
  );

  requirement(
    "FPX-32",
    "get the answer to their arbitration first and soon, with the device's id",
    suite(async (agent) => {
      const began = performance.now();
      const controller = new Controller(agent);
      const { deviceId, status } = await controller.stream.arbitrate(1, { deviceId: long(111n) });
      assert.deepEqual([Number(deviceId), status?.code ?? 0], [111, OK]);
      assert.ok(performance.now() - began < 2000);
    }),
  );

  requirement(
    "FPX-35",
    "end their stream with OK by half-closing it",
    suite(async (agent) => {
      for (const controller of [await primary(agent, 100), new Controller(agent)]) {
        controller.stream.finish();
        assert.equal((await controller.stream.ended()).code, OK);
      }
    }),
  );

  requirement(
    "FPX-34",
    "find nothing after they deleted all they had written",
    suite(async (agent) => {
      const controller = await primary(agent, 100);
      await controller.write(100, "insert", ...suiteEntries);
      const entries = (await controller.read()).flatMap(({ tableEntry }) => (tableEntry ? [tableEntry] : []));
      await controller.write(100, "delete", ...entries);
      assert.deepEqual(await controller.read({ counterData: {}, meterConfig: {} }), []);
    }),
  );

  const lldp = trap([ternary(3, "88cc", "ffff")]);
  const discovery = trap([ternary(3, "6007", "ffff")]);
  const twice = trap(Array.from({ length: 2 }, () => ternary(3, "6007", "ffff")));
  for (const { what, type, entry, want } of [
    { what: "an unknown table", type: "insert", entry: { ...discovery, tableId: 0x02ffffff }, want: INVALID_ARGUMENT },
    { what: "an unknown action", type: "insert", entry: withAction(0x01ffffff), want: INVALID_ARGUMENT },
    { what: "an unknown field", type: "insert", entry: trap([ternary(9, "6007", "ffff")]), want: INVALID_ARGUMENT },
    {
      what: "a field twice",
      type: "insert",
      entry: twice,
      want: INVALID_ARGUMENT,
    },
    { what: "no action", type: "insert", entry: { ...discovery, action: null }, want: INVALID_ARGUMENT },
    {
      what: "a member as action",
      type: "insert",
      entry: withKind({ actionProfileMemberId: 1 }),
      want: INVALID_ARGUMENT,
    },
    { what: "a set without weight", type: "insert", entry: withKind(oneShot(0)), want: INVALID_ARGUMENT },
    { what: "an entry that is there", type: "insert", entry: lldp, want: ALREADY_EXISTS },
    { what: "an entry that is not there", type: "modify", entry: discovery, want: NOT_FOUND },
    { what: "an entry that is not there", type: "delete", entry: discovery, want: NOT_FOUND },
  ] satisfies readonly Malformed[])
    requirement(
      "FPX-36",
      `get ${codeName(want)} for ${type} with ${what}`,
      suite(async (agent) => {
        const controller = await primary(agent, 100);
        await controller.write(100, "insert", lldp);
        const { code, slots } = await rejected(controller.write(100, type, entry));
        assert.deepEqual([code, slots?.map((slot) => slot.code)], [Code.UNKNOWN, [want]]);
      }),
    );

  requirement(
    ["FPX-36", "AMB-51"],
    "get RESOURCE_EXHAUSTED above the size of the table, not before",
    suite(async (agent) => {
      const controller = await primary(agent, 100);
      const full = Array.from({ length: 8 }, (_, i) => trap([ternary(3, "88cc", "ffff")], { priority: i + 1 }));
      await controller.write(100, "insert", ...full);
      const { slots } = await rejected(controller.write(100, "insert", discovery));
      assert.deepEqual(
        slots?.map(({ code }) => code),
        [RESOURCE_EXHAUSTED],
      );
    }),
  );

  function withAction(actionId: number) {
    return withKind({ action: { actionId } });
  }

  function withKind(action: p4.v1.TableAction.$Properties) {
    return { ...discovery, action };
  }

  function oneShot(weight: number): p4.v1.TableAction.$Properties {
    return { actionProfileActionSet: { actionProfileActions: [{ action: { actionId: wbb.trap }, weight }] } };
  }
});
