/** Write: who may, what each update may, what a batch may. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import {
  aclEntry,
  cpu,
  egressOf,
  etherTypes,
  insert,
  modify,
  noteEntry,
  remove,
  slotCodes,
  write,
} from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, uint128, type P4Client, type P4Stream, type Update } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED } = Code;
const { RESOURCE_EXHAUSTED, FAILED_PRECONDITION, UNIMPLEMENTED } = Code;
const { CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC } = p4.v1.WriteRequest.Atomicity;
const asAtomicity = (number: number) => number as unknown as p4.v1.WriteRequest.Atomicity;
const asType = (number: number) => number as unknown as p4.v1.Update.Type;

describe("Write", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  let stream: P4Stream;
  beforeEach(async () => {
    agent = await Agent.start();
    client = agent.client();
    stream = await primary(client);
    await lab.commit(client);
  });
  afterEach(() => agent[Symbol.asyncDispose]());

  const codes = (updates: readonly Update[], more: p4.v1.WriteRequest.$Properties = {}) =>
    slotCodes(write(client, updates, more));

  describe("who may write", () => {
    for (const { id, what, change, want } of [
      { id: "WRT-01", what: "an unknown device", change: { deviceId: long(2n) }, want: NOT_FOUND },
      { id: "WRT-01", what: "device 0", change: { deviceId: long(0n) }, want: NOT_FOUND },
      { id: "WRT-02", what: "an unknown role", change: { role: "nobody" }, want: NOT_FOUND },
      { id: "WRT-03", what: "a lower election id", change: { electionId: uint128(0n) }, want: PERMISSION_DENIED },
      { id: "WRT-03", what: "a higher election id", change: { electionId: uint128(2n) }, want: PERMISSION_DENIED },
      { id: "WRT-03", what: "no election id", change: { electionId: null }, want: PERMISSION_DENIED },
    ])
      requirement(id, `refuses ${what} with ${want}, and nothing is applied`, async () => {
        const failure = await rejected(write(client, [insert(aclEntry(1))], change));
        assert.deepEqual([failure.code, failure.slots], [want, undefined]);
        assert.deepEqual(await etherTypes(client), []);
      });

    requirement("WRT-03", "refuses everybody once the primary is gone", async () => {
      stream.finish();
      await stream.ended();
      assert.equal((await rejected(write(client, [insert(aclEntry(1))]))).code, PERMISSION_DENIED);
    });

    requirement("WRT-04", "refuses the primary with FAILED_PRECONDITION while there is no pipeline", async () => {
      await using bare = await Agent.start();
      const other = bare.client();
      await other.stream().arbitrate(1n);
      for (const updates of [[insert(aclEntry(1))], []]) {
        const failure = await rejected(write(other, updates));
        assert.deepEqual([failure.code, failure.slots], [FAILED_PRECONDITION, undefined]);
      }
    });

    requirement(
      "WRT-05",
      "looks at device and role first, then the caller, the pipeline, the mode, the updates",
      async () => {
        await using bare = await Agent.start();
        const other = bare.client();
        await other.stream().arbitrate(1n);
        const faulty = { electionId: uint128(9n), atomicity: asAtomicity(9) };
        const code = async (to: P4Client, more: object) =>
          (await rejected(write(to, [insert({ tableId: 0 })], { ...faulty, ...more }))).code;
        assert.equal(await code(other, { deviceId: long(9n), role: "nobody" }), NOT_FOUND);
        assert.equal(await code(other, { role: "nobody" }), NOT_FOUND);
        assert.equal(await code(other, {}), PERMISSION_DENIED);
        assert.equal(await code(other, { electionId: uint128(1n) }), FAILED_PRECONDITION);
        assert.equal(await code(client, { electionId: uint128(1n) }), UNIMPLEMENTED);
        assert.equal(await code(client, { electionId: uint128(1n), atomicity: CONTINUE_ON_ERROR }), Code.UNKNOWN);
      },
    );
  });

  describe("one update", () => {
    requirement("WRT-06", "may be missing: an empty batch is OK", async () => {
      for (const atomicity of [CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC])
        assert.deepEqual(await codes([], { atomicity }), [OK]);
    });

    const entity = { tableEntry: aclEntry(1) };
    for (const { id, what, update, want } of [
      { id: "WRT-07", what: "of type UNSPECIFIED", update: { type: asType(0), entity }, want: INVALID_ARGUMENT },
      { id: "WRT-07", what: "of an unknown type", update: { type: asType(4), entity }, want: INVALID_ARGUMENT },
      { id: "WRT-07", what: "of a negative type", update: { type: asType(-1), entity }, want: INVALID_ARGUMENT },
      { id: "WRT-08", what: "without entity", update: { type: lab.Type.INSERT }, want: INVALID_ARGUMENT },
      {
        id: "WRT-08",
        what: "with an empty entity",
        update: { type: lab.Type.INSERT, entity: {} },
        want: INVALID_ARGUMENT,
      },
      { id: "WRT-08", what: "with nothing at all", update: {}, want: INVALID_ARGUMENT },
      { id: "WRT-10", what: "that modifies what is missing", update: modify(aclEntry(1)), want: NOT_FOUND },
      { id: "WRT-11", what: "that deletes what is missing", update: remove(aclEntry(1)), want: NOT_FOUND },
      {
        id: "WRT-12",
        what: "without match in an exact table",
        update: insert(noteEntry(1, { match: [] })),
        want: INVALID_ARGUMENT,
      },
      {
        id: "WRT-12",
        what: "without action",
        update: insert({ ...aclEntry(1), action: null }),
        want: INVALID_ARGUMENT,
      },
      { id: "WRT-12", what: "without priority", update: insert(aclEntry(1, { priority: 0 })), want: INVALID_ARGUMENT },
      {
        id: "WRT-12",
        what: "with a field twice",
        update: insert(aclEntry(1, { match: [...(aclEntry(1).match ?? []), ...(aclEntry(2).match ?? [])] })),
        want: INVALID_ARGUMENT,
      },
      {
        id: "WRT-12",
        what: "malformed, as MODIFY",
        update: modify(aclEntry(1, { priority: 0 })),
        want: INVALID_ARGUMENT,
      },
      { id: "WRT-16", what: "with table id 0", update: insert(aclEntry(1, { tableId: 0 })), want: INVALID_ARGUMENT },
      {
        id: "WRT-16",
        what: "with action id 0",
        update: insert(aclEntry(1, { action: { action: { actionId: 0 } } })),
        want: INVALID_ARGUMENT,
      },
      {
        id: "WRT-16",
        what: "with counter id 0",
        update: { type: lab.Type.MODIFY, entity: { counterEntry: {} } },
        want: INVALID_ARGUMENT,
      },
      {
        id: "WRT-16",
        what: "with meter id 0",
        update: { type: lab.Type.MODIFY, entity: { meterEntry: {} } },
        want: INVALID_ARGUMENT,
      },
      {
        id: "WRT-17",
        what: "with the id of an action as table",
        update: insert(aclEntry(1, { tableId: lab.lab.trap })),
        want: INVALID_ARGUMENT,
      },
      {
        id: "WRT-17",
        what: "with the id of a table as action",
        update: insert(aclEntry(1, { action: { action: { actionId: lab.lab.acl } } })),
        want: INVALID_ARGUMENT,
      },
    ] satisfies { id: string; what: string; update: Update; want: number }[])
      requirement(id, `${what} gets ${want} in its slot, the others are processed`, async () => {
        assert.deepEqual(await codes([insert(aclEntry(7)), update, insert(aclEntry(8))]), [OK, want, OK]);
        assert.deepEqual(await etherTypes(client), [7, 8]);
      });

    requirement("WRT-09", "that inserts what exists is ALREADY_EXISTS, and the entry stays as it was", async () => {
      const given = aclEntry(1, { metadata: Buffer.from("first") });
      await write(client, [insert(given)]);
      const other = { action: { action: { actionId: lab.lab.drop } }, metadata: Buffer.from("second") };
      assert.deepEqual(await codes([insert(aclEntry(1, other))]), [ALREADY_EXISTS]);
      const [entry] = await lab.everyEntry(client);
      assert.equal(Buffer.from(entry?.metadata ?? []).toString(), "first");
      assert.deepEqual(await egressOf(client, 1), [cpu]);
    });

    requirement(
      "WRT-13",
      "that finds its table full is RESOURCE_EXHAUSTED; room is there again after a DELETE",
      async () => {
        const updates = Array.from({ length: lab.lab.notesSize + 2 }, (_, i) => insert(noteEntry(i)));
        assert.deepEqual(await codes(updates), [OK, OK, OK, OK, RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED]);
        assert.deepEqual(await codes([remove(noteEntry(0)), insert(noteEntry(9)), insert(noteEntry(10))]), [
          OK,
          OK,
          RESOURCE_EXHAUSTED,
        ]);
        assert.deepEqual(await etherTypes(client), [1, 2, 3, 9]);
      },
    );

    requirement("WRT-14", "that modifies gives the complete new state", async () => {
      const meterConfig = { cir: long(1000n), cburst: long(1000n), pir: long(2000n), pburst: long(2000n) };
      const full = { metadata: Buffer.from("m"), controllerMetadata: long(5n), meterConfig };
      await write(client, [insert(aclEntry(1, full))]);
      await write(client, [modify(aclEntry(1, { action: { action: { actionId: lab.lab.copy } } }))]);
      const [entity] = await lab.read(client, { tableEntry: { tableId: lab.lab.acl, meterConfig: {} } });
      const entry = entity?.tableEntry;
      assert.ok(entry);
      assert.equal(entry.action?.action?.actionId, lab.lab.copy);
      assert.deepEqual(
        [entry.metadata?.length ?? 0, Number(entry.controllerMetadata ?? 0), entry.meterConfig ?? undefined],
        [0, 0, undefined],
      );
    });

    requirement("WRT-15", "that deletes looks at nothing but the key", async () => {
      await write(client, [insert(aclEntry(1)), insert(noteEntry(2))]);
      const rubbish = {
        action: { action: { actionId: 0xdead, params: [{ paramId: 9, value: Buffer.alloc(0) }] } },
        metadata: Buffer.from("x"),
        controllerMetadata: long(3n),
        idleTimeoutNs: long(-1n),
        meterConfig: { cir: long(-1n), eburst: long(7n) },
        counterData: { byteCount: long(-1n) },
        timeSinceLastHit: {},
        meterCounterData: {},
      };
      assert.deepEqual(await codes([remove(aclEntry(1, rubbish)), remove(noteEntry(2, rubbish))]), [OK]);
      assert.deepEqual(await etherTypes(client), []);
    });
  });

  describe("a batch", () => {
    requirement("WRT-20", "mixes tables, entities and types of update", async () => {
      await write(client, [insert(aclEntry(1)), insert(noteEntry(2))]);
      const mixed = [
        remove(aclEntry(1)),
        insert(aclEntry(3)),
        modify(noteEntry(2)),
        {
          type: lab.Type.MODIFY,
          entity: { directCounterEntry: { tableEntry: aclEntry(3), data: { packetCount: long(4n) } } },
        },
        modify({ tableId: lab.lab.acl, isDefaultAction: true, action: { action: { actionId: lab.lab.drop } } }),
        { type: lab.Type.MODIFY, entity: { directMeterEntry: { tableEntry: aclEntry(3) } } },
      ];
      assert.deepEqual(await codes(mixed), [OK]);
      assert.deepEqual(await etherTypes(client), [2, 3]);
    });

    requirement("WRT-19", "gets PERMISSION_DENIED for what is another role's, update by update", async () => {
      const other = agent.client();
      const role = { name: "guest" };
      const answer = await other.stream().arbitrate(7n, { role });
      assert.equal(answer.status?.code, OK);
      const staff = { tableId: lab.lab.staff };
      const more = { role: role.name, electionId: uint128(7n) };
      const batch = [insert(aclEntry(1)), insert(noteEntry(2, staff)), insert(noteEntry(3))];
      assert.deepEqual(await codes(batch, more), [OK, PERMISSION_DENIED, OK]);
      assert.deepEqual(await etherTypes(client), [1, 3]);
      assert.deepEqual(await codes([insert(noteEntry(2, staff))]), [OK], "the default role may write it");
    });

    requirement("AMB-25", "is processed in list order: later updates meet what earlier ones did", async () => {
      const batch = [
        insert(aclEntry(1)),
        insert(aclEntry(1)),
        modify(aclEntry(1)),
        remove(aclEntry(1)),
        remove(aclEntry(1)),
        insert(aclEntry(1)),
      ];
      assert.deepEqual(await codes(batch), [OK, ALREADY_EXISTS, OK, OK, NOT_FOUND, OK]);
    });

    requirement("WRT-23", "is in force for packets when it returns", async () => {
      for (let i = 1; i <= 20; i++) {
        await write(client, [insert(aclEntry(i))]);
        assert.deepEqual(await egressOf(client, i), [cpu]);
        await write(client, [remove(aclEntry(i))]);
        assert.deepEqual(await egressOf(client, i), []);
      }
    });

    requirement(
      "WRT-28",
      "goes on after a failure by default: every update is tried, the good ones take effect",
      async () => {
        const batch = [
          insert(aclEntry(1)),
          insert(aclEntry(1)),
          insert(aclEntry(0, { tableId: 9 })),
          insert(aclEntry(2)),
        ];
        assert.deepEqual(await codes(batch), [OK, ALREADY_EXISTS, INVALID_ARGUMENT, OK]);
        assert.deepEqual(await etherTypes(client), [1, 2]);
        assert.deepEqual([await egressOf(client, 1), await egressOf(client, 2)], [[cpu], [cpu]]);
      },
    );

    for (const atomicity of [9, 3, -1])
      requirement("WRT-36", `with atomicity ${atomicity} is UNIMPLEMENTED, and nothing is applied`, async () => {
        const failure = await rejected(write(client, [insert(aclEntry(1))], { atomicity: asAtomicity(atomicity) }));
        assert.deepEqual([failure.code, failure.slots], [UNIMPLEMENTED, undefined]);
        assert.deepEqual(await etherTypes(client), []);
      });
  });
});
