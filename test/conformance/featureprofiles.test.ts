/** The flows of the public test-suite for traceroute and discovery, end to end over gRPC on the software datapath. */
import assert from "node:assert/strict";
import { Code, codeName } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { loadP4Info } from "../support/p4info.js";
import { rejected, type TableEntry } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { Wire } from "../support/wire.js";
import { Controller, cpu, frames, twoDevices } from "./controller.js";
import { etherType, packetOut, publicEntries, tableId, trap } from "./wbb.js";

const { NOT_FOUND, ALREADY_EXISTS, INVALID_ARGUMENT, RESOURCE_EXHAUSTED } = Code;

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

describe("the public suite's entries (P4RT-2.2)", () => {
  noLeaks();

  requirement(
    "FPX-17",
    "show their metadata after INSERT and MODIFY, and are gone after DELETE",
    suite(async (agent) => {
      const controller = await Controller.primary(agent, 100);
      const lldp = etherType("88cc");
      const shown = async () =>
        (await controller.read({ tableId: tableId })).map(({ tableEntry }) =>
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
    const lead = await Controller.primary(agent, 100);
    await lead.write(100, "insert", ...publicEntries);
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
    "FPX-34",
    "find nothing after they deleted all they had written",
    suite(async (agent) => {
      const controller = await Controller.primary(agent, 100);
      await controller.write(100, "insert", ...publicEntries);
      const entries = (await controller.read()).flatMap(({ tableEntry }) => (tableEntry ? [tableEntry] : []));
      await controller.write(100, "delete", ...entries);
      assert.deepEqual(await controller.read({ counterData: {}, meterConfig: {} }), []);
    }),
  );

  const lldp = etherType("88cc");
  const discovery = etherType("6007");
  const [field = {}] = discovery.match ?? [];
  const withMatch = (...match: NonNullable<TableEntry["match"]>) => ({ ...discovery, match });
  for (const { what, type, entry, want } of [
    { what: "an unknown table", type: "insert", entry: { ...discovery, tableId: 0x02ffffff }, want: INVALID_ARGUMENT },
    { what: "an unknown action", type: "insert", entry: withAction(0x01ffffff), want: INVALID_ARGUMENT },
    { what: "an unknown field", type: "insert", entry: withMatch({ ...field, fieldId: 9 }), want: INVALID_ARGUMENT },
    {
      what: "a field twice",
      type: "insert",
      entry: withMatch(field, field),
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
        const controller = await Controller.primary(agent, 100);
        await controller.write(100, "insert", lldp);
        const { code, slots } = await rejected(controller.write(100, type, entry));
        assert.deepEqual([code, slots?.map((slot) => slot.code)], [Code.UNKNOWN, [want]]);
      }),
    );

  requirement(
    ["FPX-36", "AMB-51"],
    "get RESOURCE_EXHAUSTED above the size of the table, not before",
    suite(async (agent) => {
      const controller = await Controller.primary(agent, 100);
      const full = Array.from({ length: 8 }, (_, i) => etherType("88cc", trap, i + 1));
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
    return { actionProfileActionSet: { actionProfileActions: [{ action: { actionId: trap }, weight }] } };
  }
});
