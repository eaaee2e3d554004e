/** Write: all or nothing, and what packets see of a batch. */
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
import { long, primary, type P4Client, type Update } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT, ALREADY_EXISTS, ABORTED } = Code;
const { CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC } = p4.v1.WriteRequest.Atomicity;

describe("atomicity", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  beforeEach(async () => {
    agent = await Agent.start();
    client = agent.client();
    await primary(client);
    await lab.commit(client);
  });
  afterEach(() => agent[Symbol.asyncDispose]());

  const codes = (updates: readonly Update[], more: p4.v1.WriteRequest.$Properties = {}) =>
    slotCodes(write(client, updates, more));

  for (const { id, name, atomicity } of [
    { id: "WRT-30", name: "ROLLBACK_ON_ERROR", atomicity: ROLLBACK_ON_ERROR },
    { id: "WRT-33", name: "DATAPLANE_ATOMIC", atomicity: DATAPLANE_ATOMIC },
  ])
    describe(name, () => {
      requirement(id, "applies a batch without failures", async () => {
        await write(client, [insert(aclEntry(1))]);
        assert.deepEqual(await codes([remove(aclEntry(1)), insert(aclEntry(2)), insert(noteEntry(3))], { atomicity }), [
          OK,
        ]);
        assert.deepEqual(await etherTypes(client), [2, 3]);
        assert.deepEqual([await egressOf(client, 1), await egressOf(client, 2)], [[], [cpu]]);
      });

      requirement(
        id,
        "leaves entries, default entries, meters, counters and forwarding as they were when one update fails",
        async () => {
          const meterConfig = { cir: long(9000n), cburst: long(9000n), pir: long(9000n), pburst: long(9000n) };
          await write(client, [
            insert(aclEntry(1, { meterConfig, metadata: Buffer.from("kept") })),
            insert(aclEntry(2, { counterData: { packetCount: long(5n), byteCount: long(50n) } })),
            insert(noteEntry(3)),
          ]);
          const wanted = [
            { tableEntry: { tableId: 0, counterData: {}, meterConfig: {} } },
            { tableEntry: { isDefaultAction: true } },
          ];
          await egressOf(client, 2);
          const before = await lab.read(client, ...wanted);
          const drop = { action: { action: { actionId: lab.lab.drop } } };
          const batch = [
            modify(aclEntry(1, drop)),
            remove(aclEntry(2)),
            insert(aclEntry(4)),
            remove(noteEntry(3)),
            insert(noteEntry(5)),
            {
              type: lab.Type.MODIFY,
              entity: { directCounterEntry: { tableEntry: aclEntry(1), data: { packetCount: long(4n) } } },
            },
            { type: lab.Type.MODIFY, entity: { directMeterEntry: { tableEntry: aclEntry(1) } } },
            modify({ tableId: lab.lab.acl, isDefaultAction: true, ...drop }),
            insert(aclEntry(1)),
            insert(aclEntry(6)),
          ];
          const expected = batch.map((_, at) => (at === 8 ? ALREADY_EXISTS : ABORTED));
          assert.deepEqual(await codes(batch, { atomicity }), expected);
          assert.deepEqual(await lab.read(client, ...wanted), before);
          const egress = [];
          for (const type of [1, 2, 4, 6, 7]) egress.push(await egressOf(client, type));
          assert.deepEqual(egress, [[cpu], [cpu], [], [], []]);
          assert.deepEqual(
            await codes([insert(aclEntry(4)), insert(noteEntry(5))], { atomicity }),
            [OK],
            "and nothing is in the way",
          );
        },
      );

      requirement(id, "fails with the first update or the last: the others are ABORTED", async () => {
        const bad = insert(aclEntry(1, { tableId: 9 }));
        const good = [insert(aclEntry(1)), insert(aclEntry(2))];
        assert.deepEqual(await codes([bad, ...good], { atomicity }), [INVALID_ARGUMENT, ABORTED, ABORTED]);
        assert.deepEqual(await codes([...good, bad], { atomicity }), [ABORTED, ABORTED, INVALID_ARGUMENT]);
        assert.deepEqual(await codes([bad], { atomicity }), [INVALID_ARGUMENT]);
        assert.deepEqual(await etherTypes(client), []);
      });
    });

  requirement("WRT-33", "DATAPLANE_ATOMIC: no packet sees a part of the batch while it is written", async () => {
    const other = agent.client();
    const filling = (n: number) =>
      Array.from({ length: 3000 }, (_, i) => insert(aclEntry(0x4000 + i, { priority: n })));
    for (let round = 1; round <= 3; round++) {
      const [first, last] = [0x1000 + round, 0x2000 + round];
      const batch = [insert(aclEntry(first)), ...filling(round), insert(aclEntry(last))];
      let written = false;
      const writing = write(client, batch, { atomicity: DATAPLANE_ATOMIC }).then(() => (written = true));
      const seen: boolean[] = [];
      while (!written) for (const type of [first, last, first]) seen.push((await egressOf(other, type)).includes(cpu));
      await writing;
      const change = seen.indexOf(true);
      assert.ok(change < 0 || seen.slice(change).every(Boolean), "once one entry is in force, all are");
      assert.deepEqual([await egressOf(other, first), await egressOf(other, last)], [[cpu], [cpu]]);
    }
  });

  requirement("WRT-26", "a packet meets an update wholly or not at all", async () => {
    const other = agent.client();
    const action = (actionId: number) => ({ action: { action: { actionId } } });
    await write(client, [insert(aclEntry(1, action(lab.lab.trap)))]);
    await write(client, [modify({ tableId: lab.lab.acl, isDefaultAction: true, ...action(lab.lab.copy) })]);
    const updates = Array.from({ length: 30 }, (_, i) =>
      modify(aclEntry(1, action(i % 2 === 0 ? lab.lab.drop : lab.lab.trap))),
    );
    const writes = updates.map((update) => write(client, [update]));
    const seen = [];
    for (let i = 0; i < 60; i++) seen.push(await egressOf(other, 1));
    await Promise.all(writes);
    for (const egress of seen)
      assert.ok(egress.length === 0 || egress[0] === cpu, "trapped or dropped, as one entry says");
    assert.deepEqual(await egressOf(client, 1), [cpu]);
  });

  requirement("WRT-35", "judges the atomicity of each request alone", async () => {
    const bad = insert(aclEntry(1, { tableId: 9 }));
    const outcomes = [];
    for (const [i, atomicity] of [ROLLBACK_ON_ERROR, CONTINUE_ON_ERROR, DATAPLANE_ATOMIC, CONTINUE_ON_ERROR].entries())
      outcomes.push(await codes([insert(aclEntry(10 + i)), bad], { atomicity }));
    assert.deepEqual(outcomes, [
      [ABORTED, INVALID_ARGUMENT],
      [OK, INVALID_ARGUMENT],
      [ABORTED, INVALID_ARGUMENT],
      [OK, INVALID_ARGUMENT],
    ]);
    assert.deepEqual(await etherTypes(client), [11, 13]);
  });
});
