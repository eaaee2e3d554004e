/** Where the specification is open: what p4rtd decided, as controllers see it. Other rows are held where their subject is. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { loadP4Info } from "../support/p4info.js";
import { long, rejected, uint128, type Entity, type Update } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { Controller, frames, twoDevices } from "./controller.js";
import { etherType, packetOut, publicEntries, tableId, trap } from "./wbb.js";

const { OK, NOT_FOUND, ALREADY_EXISTS, INVALID_ARGUMENT, FAILED_PRECONDITION, PERMISSION_DENIED } = Code;
const device = { deviceId: long(111n) };
const { Action } = p4.v1.SetForwardingPipelineConfigRequest;
type Action = p4.v1.SetForwardingPipelineConfigRequest.Action;
const lldp = etherType("88cc");

/** An agent with two devices. */
const suite = (run: (agent: Agent) => Promise<void>) => async () => {
  await using agent = await Agent.start({ yaml: twoDevices });
  await run(agent);
};

const primary = (agent: Agent, electionId = 1) => Controller.primary(agent, electionId);

function setPipeline({ client }: Controller, action: Action, more: p4.v1.ForwardingPipelineConfig.$Properties = {}) {
  const config = { p4info: p4.config.v1.P4Info.decode(loadP4Info("wbb")), ...more };
  const commit = action === Action.COMMIT ? {} : { config };
  return client.setPipeline({ ...device, electionId: uint128(1n), action, ...commit });
}

function write({ client }: Controller, updates: Update[], more: p4.v1.WriteRequest.$Properties = {}) {
  return client.write({ ...device, electionId: uint128(1n), updates, ...more });
}

const inserts = (...entries: readonly Entity["tableEntry"][]): Update[] =>
  entries.map((tableEntry) => ({ type: p4.v1.Update.Type.INSERT, entity: { tableEntry: tableEntry ?? {} } }));

describe("arbitration, where the text is open", () => {
  noLeaks();

  requirement(
    "AMB-01",
    "finds no device 0",
    suite(async (agent) => {
      const stranger = new Controller(agent, 0n);
      stranger.stream.sendArbitration(1, { deviceId: long(0n) });
      assert.equal((await stranger.stream.ended()).code, NOT_FOUND);
      const attempts = [stranger.push(1), stranger.pipeline(), stranger.write(1, "insert"), stranger.read()];
      const failures = await Promise.all(attempts.map(rejected));
      assert.deepEqual(
        failures.map(({ code }) => code),
        [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND],
      );
    }),
  );

  requirement(
    "AMB-02",
    "takes the election id 0 for an id that can win",
    suite(async (agent) => {
      const controller = new Controller(agent);
      assert.equal(await controller.arbitrate(0), OK);
      await controller.push(0);
    }),
  );

  requirement(
    "AMB-03",
    "takes any number of controllers without an id for backups",
    suite(async (agent) => {
      await primary(agent);
      for (let i = 0; i < 10; i++) assert.equal(await new Controller(agent).arbitrate(undefined), ALREADY_EXISTS);
    }),
  );

  requirement(
    ["AMB-04", "AMB-05"],
    "promotes nobody when the primary leaves, and says which id was the highest",
    suite(async (agent) => {
      const lead = await primary(agent, 100);
      const backup = new Controller(agent);
      assert.equal(await backup.arbitrate(90), ALREADY_EXISTS);
      lead.stream.finish();
      const { status, electionId } = await backup.stream.arbitration();
      assert.deepEqual([status?.code, Number(electionId?.low)], [NOT_FOUND, 100]);
      assert.equal((await rejected(backup.push(90))).code, PERMISSION_DENIED);
    }),
  );

  requirement(
    "AMB-06",
    "puts a client with nothing but a numeric role into the default role",
    suite(async (agent) => {
      await primary(agent);
      const numbered = new Controller(agent);
      const answer = await numbered.stream.arbitrate(0, { ...device, role: { id: long(7n) } });
      assert.equal(answer.status?.code, ALREADY_EXISTS);
    }),
  );

  requirement(
    "AMB-08",
    "ends the stream of a role that brings a definition",
    suite(async (agent) => {
      const { stream } = new Controller(agent);
      const config = { type_url: "type.example/role", value: Buffer.from("x") };
      stream.sendArbitration(1, { ...device, role: { name: "a", config } });
      assert.equal((await stream.ended()).code, INVALID_ARGUMENT);
    }),
  );

  requirement(
    "AMB-09",
    "limits controllers per device and role, and only newcomers",
    suite(async (agent) => {
      const controllers = Array.from({ length: 16 }, () => new Controller(agent));
      const codes = [];
      for (const [i, controller] of controllers.entries()) codes.push(await controller.arbitrate(100 - i));
      assert.deepEqual(codes, [OK, ...Array<number>(15).fill(ALREADY_EXISTS)]);
      const newcomer = new Controller(agent);
      newcomer.stream.sendArbitration(1, device);
      assert.equal((await newcomer.stream.ended()).code, Code.RESOURCE_EXHAUSTED);

      assert.equal(await controllers.at(-1)?.arbitrate(2), ALREADY_EXISTS);
      assert.equal(await new Controller(agent, 222n).arbitrate(1), OK);
      const { status } = await new Controller(agent).stream.arbitrate(1, { ...device, role: { name: "other" } });
      assert.equal(status?.code ?? 0, OK);
    }),
  );

  requirement(
    "AMB-10",
    "tells everybody when a primary repeats itself",
    suite(async (agent) => {
      const lead = await primary(agent, 5);
      const backup = new Controller(agent);
      assert.equal(await backup.arbitrate(4), ALREADY_EXISTS);
      assert.equal(await lead.arbitrate(5), OK);
      assert.equal(await backup.told(), ALREADY_EXISTS);
    }),
  );

  requirement(
    "AMB-12",
    "ends a stream that changes its device or its role",
    suite(async (agent) => {
      for (const change of [{ deviceId: long(222n) }, { ...device, role: { name: "other" } }]) {
        const controller = new Controller(agent);
        await controller.arbitrate(undefined);
        controller.stream.sendArbitration(undefined, change);
        assert.equal((await controller.stream.ended()).code, FAILED_PRECONDITION);
      }
    }),
  );
});

describe("packets, where the text is open", () => {
  noLeaks();

  requirement(
    "AMB-13",
    "go to the primaries of all roles, and from primaries only",
    suite(async (agent) => {
      const lead = await primary(agent);
      await write(lead, inserts(lldp));
      const [named, backup] = [new Controller(agent), new Controller(agent)];
      await named.stream.arbitrate(1, { ...device, role: { name: "sdn_controller" } });
      await backup.arbitrate(undefined);
      await lead.inject(10, frames.lldp);
      for (const controller of [lead, named]) assert.deepEqual((await controller.packetIn())[0], frames.lldp);
      backup.stream.send(packetOut([[1, "11"]]));
      assert.equal((await backup.stream.error()).canonicalCode, PERMISSION_DENIED);
      await backup.stream.quiet();
    }),
  );

  requirement(
    "AMB-15",
    "are refused with a message as long as there is no pipeline",
    suite(async (agent) => {
      const controller = new Controller(agent);
      await controller.arbitrate(1);
      controller.stream.send(packetOut([[1, "11"]]));
      assert.equal((await controller.stream.error()).canonicalCode, FAILED_PRECONDITION);
      await controller.stream.quiet();
    }),
  );
});

describe("Write, where the text is open", () => {
  noLeaks();

  requirement(
    "AMB-11",
    "is refused as long as nobody has arbitrated",
    suite(async (agent) => {
      const stranger = new Controller(agent);
      for (const electionId of [null, uint128(0n), uint128(1n)])
        assert.equal((await rejected(write(stranger, [], { electionId }))).code, PERMISSION_DENIED);
    }),
  );

  requirement(
    "AMB-16",
    "looks at the device, then the role, then the caller, then the pipeline",
    suite(async (agent) => {
      const controller = new Controller(agent);
      await controller.arbitrate(1);
      const wrongId = { electionId: uint128(2n) };
      for (const { more, want } of [
        { more: { deviceId: long(3n), role: "unknown", ...wrongId }, want: NOT_FOUND },
        { more: { role: "unknown", ...wrongId }, want: NOT_FOUND },
        { more: wrongId, want: PERMISSION_DENIED },
        { more: {}, want: FAILED_PRECONDITION },
      ])
        assert.equal((await rejected(write(controller, [], more))).code, want);
    }),
  );

  requirement(
    "AMB-22",
    "does not know ids that the P4Info does not have",
    suite(async (agent) => {
      const controller = await primary(agent);
      const unknown: readonly Entity[] = [
        { tableEntry: { ...lldp, tableId: 0x02ffffff } },
        { counterEntry: { counterId: 0x12ffffff, index: {} } },
        { meterEntry: { meterId: 0x14ffffff, index: {} } },
        { directCounterEntry: { tableEntry: { ...lldp, tableId: 0x02ffffff } } },
      ];
      const updates = unknown.map((entity) => ({ type: p4.v1.Update.Type.MODIFY, entity }));
      const written = await rejected(write(controller, updates));
      assert.deepEqual(
        written.slots?.map(({ code }) => code),
        unknown.map(() => INVALID_ARGUMENT),
      );
      const { failure } = await controller.client.failedRead({ ...device, entities: [...unknown] });
      assert.deepEqual(
        failure.slots?.map(({ code }) => code),
        unknown.map(() => INVALID_ARGUMENT),
      );
    }),
  );

  requirement(
    ["AMB-25", "AMB-54"],
    "tries all updates in order, and says of a good one nothing but OK",
    suite(async (agent) => {
      const controller = await primary(agent);
      const { code, slots } = await rejected(write(controller, inserts(lldp, lldp, ...publicEntries.slice(2))));
      assert.deepEqual([code, slots?.map((slot) => slot.code)], [Code.UNKNOWN, [OK, ALREADY_EXISTS, OK, OK]]);
      assert.deepEqual(slots?.[0], { code: OK, message: "", space: "", number: 0 });
      assert.equal((await controller.read()).length, 3);
    }),
  );

  requirement(
    "AMB-51",
    "is RESOURCE_EXHAUSTED when the table is full",
    suite(async (agent) => {
      const controller = await primary(agent);
      const full = Array.from({ length: 8 }, (_, i) => etherType("88cc", trap, i + 1));
      await write(controller, inserts(...full));
      const { slots } = await rejected(write(controller, inserts(etherType("6007"))));
      assert.deepEqual(
        slots?.map(({ code }) => code),
        [Code.RESOURCE_EXHAUSTED],
      );
    }),
  );

  for (const atomicity of ["ROLLBACK_ON_ERROR", "DATAPLANE_ATOMIC"] as const)
    requirement(
      "AMB-35",
      `under ${atomicity} answers ABORTED for what was undone and what was not tried`,
      suite(async (agent) => {
        const controller = await primary(agent);
        const more = { atomicity: p4.v1.WriteRequest.Atomicity[atomicity] };
        const { code, slots } = await rejected(write(controller, inserts(lldp, lldp, ...publicEntries.slice(2)), more));
        const { ABORTED } = Code;
        assert.deepEqual(
          [code, slots?.map((slot) => slot.code)],
          [Code.UNKNOWN, [ABORTED, ALREADY_EXISTS, ABORTED, ABORTED]],
        );
        assert.deepEqual(await controller.read(), []);
      }),
    );
});

describe("Read, where the text is open", () => {
  noLeaks();

  requirement(
    ["AMB-27", "AMB-28"],
    "has one detail per request, and misses nothing but direct resources",
    suite(async (agent) => {
      const controller = await primary(agent);
      await write(controller, inserts(lldp));
      const missing = publicEntries[0] ?? {};
      const { entities, failure } = await controller.client.failedRead({
        ...device,
        entities: [{ tableEntry: lldp }, { tableEntry: missing }, { directCounterEntry: { tableEntry: missing } }, {}],
      });
      assert.equal(entities.length, 1);
      assert.deepEqual(
        [failure.code, failure.slots?.map(({ code }) => code)],
        [Code.UNKNOWN, [OK, OK, NOT_FOUND, INVALID_ARGUMENT]],
      );
    }),
  );
});

describe("the pipeline, where the text is open", () => {
  noLeaks();

  requirement(
    "AMB-18",
    "is taken with and without device config, again and again, and begins empty each time",
    suite(async (agent) => {
      const controller = await primary(agent);
      for (const p4DeviceConfig of [Buffer.alloc(0), Buffer.from("anything")]) {
        await write(controller, inserts(lldp));
        await setPipeline(controller, Action.VERIFY_AND_COMMIT, { p4DeviceConfig });
        assert.deepEqual(await controller.read(), []);
      }
    }),
  );

  requirement(
    "AMB-19",
    "is not set without an action",
    suite(async (agent) => {
      const controller = await primary(agent);
      assert.equal((await rejected(setPipeline(controller, Action.UNSPECIFIED))).code, INVALID_ARGUMENT);
    }),
  );

  requirement(
    "AMB-20",
    "cannot be committed before it is saved, and is the saved one until then",
    suite(async (agent) => {
      const controller = await primary(agent);
      assert.equal((await rejected(setPipeline(controller, Action.COMMIT))).code, NOT_FOUND);
      await setPipeline(controller, Action.VERIFY_AND_SAVE, { cookie: { cookie: long(7n) } });
      assert.equal(Number((await controller.pipeline()).config?.cookie?.cookie), 7);
      await setPipeline(controller, Action.COMMIT);
      assert.equal(Number((await controller.pipeline()).config?.cookie?.cookie), 7);
    }),
  );

  requirement(
    "AMB-32",
    "may be asked for before there is one",
    suite(async (agent) => {
      assert.equal((await new Controller(agent).pipeline()).config ?? undefined, undefined);
    }),
  );

  requirement(
    "AMB-46",
    "may be set by the primary of any role",
    suite(async (agent) => {
      const { client, stream } = new Controller(agent);
      await stream.arbitrate(1, { ...device, role: { name: "pusher" } });
      const config = { p4info: p4.config.v1.P4Info.decode(loadP4Info("wbb")) };
      const action = Action.VERIFY_AND_COMMIT;
      await client.setPipeline({ ...device, role: "pusher", electionId: uint128(1n), action, config });
      assert.deepEqual(await client.read({ ...device, entities: [{ tableEntry: { tableId: tableId } }] }), []);
    }),
  );
});

describe("Capabilities, where the text is open", () => {
  noLeaks();

  requirement(
    "AMB-43",
    "reports version 1.5.0",
    suite(async (agent) => {
      assert.equal((await agent.client().capabilities()).p4runtimeApiVersion, "1.5.0");
    }),
  );
});
