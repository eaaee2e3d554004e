/** Entities that are not offered, and ids that name another kind of object. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, type Entity, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const program = `${lab.labText}
value_sets { preamble { id: 0x03000001 name: "vs" alias: "vs" } match { id: 1 name: "f" bitwidth: 8 match_type: EXACT } size: 4 }
registers { preamble { id: 0x16000001 name: "r" alias: "r" } type_spec { bitstring { bit { bitwidth: 8 } } } size: 4 }
digests { preamble { id: 0x17000001 name: "d" alias: "d" } type_spec { bitstring { bit { bitwidth: 8 } } } }
externs { extern_type_id: 0x81 extern_type_name: "odd" instances { preamble { id: 0x81000001 name: "o" alias: "o" } } }
`;

/** What each row's entity gets in every kind of update, and in a Read. */
const unsupported: readonly { readonly id: string; readonly what: string; readonly entity: Entity }[] = [
  { id: "VST-09", what: "ValueSetEntry", entity: { valueSetEntry: { valueSetId: 0x03000001 } } },
  { id: "VST-09", what: "ValueSetEntry of all value sets", entity: { valueSetEntry: {} } },
  {
    id: "REG-11",
    what: "RegisterEntry",
    entity: { registerEntry: { registerId: 0x16000001, index: { index: long(1n) } } },
  },
  { id: "REG-11", what: "RegisterEntry of all registers", entity: { registerEntry: {} } },
  { id: "DIG-18", what: "DigestEntry", entity: { digestEntry: { digestId: 0x17000001, config: {} } } },
  { id: "DIG-18", what: "DigestEntry of all digests", entity: { digestEntry: {} } },
  { id: "EXT-02", what: "ExternEntry", entity: { externEntry: { externTypeId: 0x81, externId: 0x81000001 } } },
  { id: "EXT-02", what: "ExternEntry of all externs", entity: { externEntry: {} } },
  { id: "RED-15", what: "ActionProfileMember", entity: { actionProfileMember: { actionProfileId: 0x11000001 } } },
  { id: "RED-15", what: "ActionProfileGroup", entity: { actionProfileGroup: { actionProfileId: 0x11000001 } } },
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

/** Codes of a batch with `entity` in every kind of update, between two that succeed. */
async function writeCodes(client: P4Client, entity: Entity): Promise<readonly number[] | undefined> {
  const { INSERT, MODIFY, DELETE } = lab.Type;
  return lab.slotCodes(
    lab.write(client, [
      lab.insert(lab.aclEntry(0x1111)),
      ...[INSERT, MODIFY, DELETE].map((type) => ({ type, entity })),
      lab.remove(lab.aclEntry(0x1111)),
    ]),
  );
}

/** Codes of a Read with `entity` between two wildcards. */
async function readCodes(client: P4Client, entity: Entity): Promise<readonly number[] | undefined> {
  const entities = [{ tableEntry: {} }, entity, { tableEntry: {} }];
  const { failure } = await client.failedRead({ deviceId: long(1n), entities });
  assert.equal(failure.code, Code.UNKNOWN);
  return failure.slots?.map(({ code }) => code);
}

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
  for (const { id, what, entity } of unsupported) {
    requirement([id, "WRT-18"], `an update of a ${what} is UNIMPLEMENTED, and the others are processed`, async () => {
      assert.deepEqual(await writeCodes(client, entity), [OK, UNIMPLEMENTED, UNIMPLEMENTED, UNIMPLEMENTED, OK]);
    });
    requirement([id, "RED-15"], `a Read of a ${what} is UNIMPLEMENTED, and the others are answered`, async () => {
      assert.deepEqual(await readCodes(client, entity), [OK, UNIMPLEMENTED, OK]);
    });
  }

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
