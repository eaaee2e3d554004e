/** What public test-suites ask of tables beyond the specification. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { aclEntry, everyEntry, insert, modify, noteEntry, remove, slotCodes, write } from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { primary, push, type P4Client, type TableEntry } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { etherType, hex, publicEntries, tableId } from "./wbb.js";

const { OK, INVALID_ARGUMENT, ALREADY_EXISTS, NOT_FOUND, RESOURCE_EXHAUSTED } = Code;

describe("tables as public test-suites use them", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  beforeEach(async () => {
    agent = await Agent.start();
    client = agent.client();
    await primary(client);
  });
  afterEach(() => agent[Symbol.asyncDispose]());

  requirement("FPX-17", "shows an entry's metadata after INSERT and MODIFY, and nothing after DELETE", async () => {
    const seen = [];
    for (const [change, text] of [
      [insert, "one"],
      [modify, "two"],
      [remove, "two"],
    ] as const) {
      await write(client, [change({ ...etherType("6007"), metadata: Buffer.from(text) })]);
      seen.push((await everyEntry(client)).map(({ metadata }) => Buffer.from(metadata ?? []).toString()));
    }
    assert.deepEqual(seen, [["one"], ["two"], []]);
  });

  requirement(
    "FPX-34",
    "finds no entity at all once everything is deleted, and default entries only by name",
    async () => {
      await write(client, publicEntries.map(insert));
      await write(client, (await everyEntry(client)).map(remove));
      const wildcards = [{ tableEntry: {} }, { directCounterEntry: {} }, { directMeterEntry: {} }];
      assert.deepEqual(await lab.read(client, ...wildcards), []);
      assert.equal((await lab.read(client, { tableEntry: { tableId, isDefaultAction: true } })).length, 1);
    },
  );

  const call = (actionId: number) => ({ action: { action: { actionId } } });
  const good = etherType("6007");
  const [field] = good.match ?? [];
  for (const { what, entry } of [
    { what: "an unknown table id", entry: { ...good, tableId: 0x02ffffff } },
    { what: "an action's id as table id", entry: { ...good, tableId: 16777480 } },
    { what: "an unknown action id", entry: { ...good, ...call(0x01ffffff) } },
    {
      what: "an action with a parameter it does not have",
      entry: { ...good, action: { action: { actionId: 16777480, params: [{ paramId: 1, value: hex("01") }] } } },
    },
    { what: "an unknown field id", entry: { ...good, match: [{ ...field, fieldId: 77 }] } },
    { what: "a field twice", entry: { ...good, match: [{ ...field }, { ...field }] } },
    { what: "a match of another kind", entry: { ...good, match: [{ fieldId: 3, exact: { value: hex("6007") } }] } },
    {
      what: "a value that is too wide",
      entry: { ...good, match: [{ fieldId: 3, ternary: { value: hex("016007"), mask: hex("ffff") } }] },
    },
    {
      what: "a mask of zero",
      entry: { ...good, match: [{ fieldId: 3, ternary: { value: hex("0000"), mask: hex("0000") } }] },
    },
    { what: "no priority", entry: { ...good, priority: 0 } },
    { what: "a member of an action profile as action", entry: { ...good, action: { actionProfileMemberId: 1 } } },
    { what: "a group of an action profile as action", entry: { ...good, action: { actionProfileGroupId: 1 } } },
    {
      what: "an action set with a weight of zero",
      entry: {
        ...good,
        action: { actionProfileActionSet: { actionProfileActions: [{ ...call(16777480).action, weight: 0 }] } },
      },
    },
  ] satisfies { what: string; entry: TableEntry }[])
    requirement("FPX-36", `${what} is INVALID_ARGUMENT in INSERT and MODIFY`, async () => {
      assert.deepEqual(await slotCodes(write(client, [insert(entry), modify(entry)])), [
        INVALID_ARGUMENT,
        INVALID_ARGUMENT,
      ]);
      assert.deepEqual(await everyEntry(client), []);
    });

  requirement("FPX-36", "a missing field of an exact table is INVALID_ARGUMENT in every kind of update", async () => {
    await lab.commit(client);
    const entry = noteEntry(1, { match: [] });
    const codes = await slotCodes(write(client, [insert(entry), modify(entry), remove(entry)]));
    assert.deepEqual(codes, [INVALID_ARGUMENT, INVALID_ARGUMENT, INVALID_ARGUMENT]);
  });

  requirement("FPX-36", "an entry that exists is ALREADY_EXISTS, one that does not NOT_FOUND", async () => {
    const batch = [insert(good), insert(good), remove(good), remove(good), modify(good)];
    assert.deepEqual(await slotCodes(write(client, batch)), [OK, ALREADY_EXISTS, OK, NOT_FOUND, NOT_FOUND]);
  });

  requirement("FPX-36", "RESOURCE_EXHAUSTED comes only above the size of the table", async () => {
    await lab.commit(client);
    const size = 16_384;
    for (let from = 0; from < size; from += 4096)
      await write(
        client,
        Array.from({ length: 4096 }, (_, i) => insert(aclEntry(from + i))),
      );
    assert.deepEqual(await slotCodes(write(client, [insert(aclEntry(size)), insert(aclEntry(0))])), [
      RESOURCE_EXHAUSTED,
      ALREADY_EXISTS,
    ]);
    await push(client);
  });
});
