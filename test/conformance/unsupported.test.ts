/** Entities that are not offered, and ids that name another kind of object. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, type Entity, type Failure, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const program = `${lab.labText}
value_sets { preamble { id: 0x03000001 name: "vs" alias: "vs" } match { id: 1 name: "f" bitwidth: 8 match_type: EXACT } size: 4 }
registers { preamble { id: 0x16000001 name: "r" alias: "r" } type_spec { bitstring { bit { bitwidth: 8 } } } size: 4 }
digests { preamble { id: 0x17000001 name: "d" alias: "d" } type_spec { bitstring { bit { bitwidth: 8 } } } }
externs { extern_type_id: 0x81 extern_type_name: "odd" instances { preamble { id: 0x81000001 name: "o" alias: "o" } } }
`;

/** What each row's entity gets in every kind of update, and in a Read; the text names `what` up to its first space. */
const unsupported: readonly { readonly ids: readonly string[]; readonly what: string; readonly entity: Entity }[] = [
  {
    ids: ["VST-09", "VST-01", "VST-03", "VST-08"],
    what: "ValueSetEntry",
    entity: { valueSetEntry: { valueSetId: 0x03000001 } },
  },
  {
    ids: ["VST-09", "VST-02", "VST-04", "VST-05", "VST-06", "AMB-42"],
    what: "ValueSetEntry with members",
    entity: {
      valueSetEntry: {
        valueSetId: 0x03000001,
        members: [1, 2, 3, 3, 4].map((value) => ({ match: [{ fieldId: 1, exact: { value: lab.short(value) } }] })),
      },
    },
  },
  { ids: ["VST-09", "VST-08"], what: "ValueSetEntry of all value sets", entity: { valueSetEntry: {} } },
  {
    ids: ["REG-11", "REG-01", "REG-03", "REG-07", "AMB-33"],
    what: "RegisterEntry",
    entity: {
      registerEntry: { registerId: 0x16000001, index: { index: long(1n) }, data: { bitstring: lab.short(1) } },
    },
  },
  {
    ids: ["REG-11", "REG-04"],
    what: "RegisterEntry with a negative index",
    entity: { registerEntry: { registerId: 0x16000001, index: { index: long(-1n) } } },
  },
  {
    ids: ["REG-11", "REG-05", "REG-06"],
    what: "RegisterEntry with index and value that do not fit",
    entity: {
      registerEntry: { registerId: 0x16000001, index: { index: long(99n) }, data: { bitstring: lab.num(0x1ff) } },
    },
  },
  {
    ids: ["REG-11", "REG-02"],
    what: "RegisterEntry of every cell",
    entity: { registerEntry: { registerId: 0x16000001 } },
  },
  { ids: ["REG-11", "REG-09"], what: "RegisterEntry of all registers", entity: { registerEntry: {} } },
  {
    ids: ["DIG-18", "DIG-01", "DIG-02", "DIG-03", "DIG-04", "DIG-17"],
    what: "DigestEntry",
    entity: { digestEntry: { digestId: 0x17000001, config: {} } },
  },
  { ids: ["DIG-18", "DIG-05"], what: "DigestEntry of nothing", entity: { digestEntry: { digestId: 0x17000009 } } },
  { ids: ["DIG-18", "DIG-17"], what: "DigestEntry of all digests", entity: { digestEntry: {} } },
  {
    ids: ["EXT-02", "EXT-01"],
    what: "ExternEntry",
    entity: { externEntry: { externTypeId: 0x81, externId: 0x81000001 } },
  },
  { ids: ["EXT-02", "EXT-03"], what: "ExternEntry of all externs", entity: { externEntry: {} } },
];

/** Ids that are not of the kind that the entity needs. */
const wrongKind: readonly { readonly id: string; readonly what: string; readonly entity: Entity }[] = [
  {
    id: "CTR-22",
    what: "a CounterEntry with the id of a direct counter",
    entity: { counterEntry: { counterId: lab.lab.aclCounter } },
  },
  { id: "WRT-17", what: "a CounterEntry with the id of a table", entity: { counterEntry: { counterId: lab.lab.acl } } },
  { id: "WRT-17", what: "a CounterEntry with an unknown id", entity: { counterEntry: { counterId: 0x12000009 } } },
  {
    id: "WRT-17",
    what: "a MeterEntry with the id of a direct meter",
    entity: { meterEntry: { meterId: lab.lab.aclMeter } },
  },
  {
    id: "WRT-17",
    what: "a MeterEntry with the id of a counter",
    entity: { meterEntry: { meterId: lab.lab.aclCounter } },
  },
  { id: "WRT-17", what: "a TableEntry with the id of an action", entity: { tableEntry: { tableId: lab.lab.trap } } },
  {
    id: "WRT-17",
    what: "an ActionProfileMember with the id of a table",
    entity: { actionProfileMember: { actionProfileId: lab.lab.acl, memberId: 1 } },
  },
  {
    id: "WRT-17",
    what: "an ActionProfileGroup with an unknown id",
    entity: { actionProfileGroup: { actionProfileId: 0x11000001, groupId: 1 } },
  },
  { id: "WRT-17", what: "a TableEntry with an unknown id", entity: { tableEntry: { tableId: 0x02000099 } } },
  {
    id: "CTR-07",
    what: "a DirectCounterEntry of a table without direct counter",
    entity: { directCounterEntry: { tableEntry: lab.noteEntry(1) } },
  },
  {
    id: "MTR-13",
    what: "a DirectMeterEntry of a table without direct meter",
    entity: { directMeterEntry: { tableEntry: lab.noteEntry(1) } },
  },
  {
    id: "WRT-17",
    what: "a DirectCounterEntry of a table that does not exist",
    entity: { directCounterEntry: { tableEntry: lab.aclEntry(1, { tableId: 0x02000099 }) } },
  },
];

/** Codes and messages of what failed, and of what did not. */
interface Slots {
  readonly codes: readonly number[];
  readonly messages: readonly string[];
}

function slotsOf({ slots = [] }: Failure): Slots {
  return { codes: slots.map(({ code }) => code), messages: slots.map(({ message }) => message) };
}

/** Outcomes of a batch with `entity` in every kind of update, between two that succeed. */
async function writeSlots(client: P4Client, entity: Entity): Promise<Slots> {
  const { INSERT, MODIFY, DELETE } = lab.Type;
  const batch = lab.write(client, [
    lab.insert(lab.aclEntry(0x1111)),
    ...[INSERT, MODIFY, DELETE].map((type) => ({ type, entity })),
    lab.remove(lab.aclEntry(0x1111)),
  ]);
  return slotsOf(await rejected(batch));
}

/** Outcomes of a Read with `entity` between two wildcards. */
async function readSlots(client: P4Client, entity: Entity): Promise<Slots> {
  const entities = [{ tableEntry: {} }, entity, { tableEntry: {} }];
  const { failure } = await client.failedRead({ deviceId: long(1n), entities });
  assert.equal(failure.code, Code.UNKNOWN);
  return slotsOf(failure);
}

const writeCodes = async (client: P4Client, entity: Entity) => (await writeSlots(client, entity)).codes;
const readCodes = async (client: P4Client, entity: Entity) => (await readSlots(client, entity)).codes;

describe("what is not offered", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  before(async () => {
    agent = await Agent.start();
    client = agent.client();
    await primary(client);
    await lab.commit(client, lab.labP4Info(program));
  });
  after(() => agent[Symbol.asyncDispose]());

  const { OK, UNIMPLEMENTED, INVALID_ARGUMENT } = Code;
  for (const { ids, what, entity } of unsupported) {
    const named = new RegExp(`^${what.split(" ")[0] ?? ""} is not implemented$`);
    requirement(
      [...ids, "WRT-18"],
      `an update of a ${what} is UNIMPLEMENTED, and the others are processed`,
      async () => {
        const { codes, messages } = await writeSlots(client, entity);
        assert.deepEqual(codes, [OK, UNIMPLEMENTED, UNIMPLEMENTED, UNIMPLEMENTED, OK]);
        for (const message of messages.slice(1, 4)) assert.match(message, named);
      },
    );
    requirement([...ids, "RED-15"], `a Read of a ${what} is UNIMPLEMENTED, and the others are answered`, async () => {
      const { codes, messages } = await readSlots(client, entity);
      assert.deepEqual(codes, [OK, UNIMPLEMENTED, OK]);
      assert.match(messages[1] ?? "", named);
    });
  }

  requirement(
    "AMB-21",
    "a number that does not fit is INVALID_ARGUMENT in a match; registers are not taken at all",
    async () => {
      const tooWide = {
        tableEntry: lab.noteEntry(1, { match: [{ fieldId: 1, exact: { value: lab.num(0x1ffff, 3) } }] }),
      };
      const none = { tableEntry: lab.noteEntry(1, { match: [{ fieldId: 1, exact: { value: Buffer.alloc(0) } }] }) };
      const data = { bitstring: lab.num(0x1ff) };
      const register = { registerEntry: { registerId: 0x16000001, index: { index: long(1n) }, data } };
      const updates = [tooWide, none, register].map((entity) => ({ type: lab.Type.INSERT, entity }));
      assert.deepEqual(await lab.slotCodes(lab.write(client, updates)), [
        INVALID_ARGUMENT,
        INVALID_ARGUMENT,
        UNIMPLEMENTED,
      ]);
    },
  );

  for (const { id, what, entity } of wrongKind) {
    requirement(id, `an update of ${what} is INVALID_ARGUMENT`, async () => {
      assert.deepEqual(await writeCodes(client, entity), [OK, ...Array<number>(3).fill(INVALID_ARGUMENT), OK]);
    });
    requirement([id, "RED-19"], `a Read of ${what} is INVALID_ARGUMENT`, async () => {
      assert.deepEqual(await readCodes(client, entity), [OK, INVALID_ARGUMENT, OK]);
    });
  }

  for (const { id, what, entity } of [
    {
      id: "CTR-01",
      what: "DirectCounterEntry",
      entity: { directCounterEntry: { tableEntry: lab.aclEntry(1), data: {} } },
    },
    { id: "CTR-01", what: "CounterEntry", entity: { counterEntry: { counterId: 0x12000001 } } },
    { id: "MTR-01", what: "DirectMeterEntry", entity: { directMeterEntry: { tableEntry: lab.aclEntry(1) } } },
    { id: "MTR-01", what: "MeterEntry", entity: { meterEntry: { meterId: 0x14000001 } } },
  ])
    requirement(id, `INSERT and DELETE of a ${what} are INVALID_ARGUMENT`, async () => {
      const { INSERT, DELETE } = lab.Type;
      const codes = await lab.slotCodes(
        lab.write(
          client,
          [INSERT, DELETE].map((type) => ({ type, entity })),
        ),
      );
      assert.deepEqual(codes, [INVALID_ARGUMENT, INVALID_ARGUMENT]);
    });
});
