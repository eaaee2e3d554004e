/** Multicast groups and clone sessions as a controller writes and reads them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import type { p4 } from "../../src/wire/gen/proto.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, type Entity, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS } = Code;
const { INSERT, MODIFY, DELETE } = lab.Type;
const port = (text: string, instance = 0) => ({ port: Buffer.from(text), instance });

const group = (multicastGroupId: number, rest: object = {}): Entity => ({
  packetReplicationEngineEntry: { multicastGroupEntry: { multicastGroupId, ...rest } },
});
const session = (sessionId: number, rest: object = {}): Entity => ({
  packetReplicationEngineEntry: { cloneSessionEntry: { sessionId, ...rest } },
});

describe("multicast groups and clone sessions", () => {
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

  const codesOf = (...updates: readonly (readonly [p4.v1.Update.Type, Entity])[]) =>
    lab.slotCodes(
      lab.write(
        client,
        updates.map(([type, entity]) => ({ type, entity })),
      ),
    );
  const read = async (entity: Entity) => {
    const entities = await client.read({ deviceId: long(1n), entities: [entity] });
    return entities.map(({ packetReplicationEngineEntry: entry }) => {
      const one = entry?.multicastGroupEntry ?? entry?.cloneSessionEntry;
      assert.ok(one);
      return one;
    });
  };

  for (const { ids, kind, of, all } of [
    { ids: ["MCG-02", "MCG-03", "MCG-15", "MCG-17"], kind: "group", of: group, all: group(0) },
    { ids: ["CLN-01", "CLN-03", "CLN-12", "CLN-13"], kind: "session", of: session, all: session(0) },
  ])
    requirement(ids, `a ${kind} is inserted once, read by its id and deleted by it`, async () => {
      const codes = await codesOf(
        [INSERT, of(7, { replicas: [port("1")] })],
        [INSERT, of(7)],
        [MODIFY, of(8)],
        [DELETE, of(8)],
        [INSERT, of(9, { replicas: [port("2")] })],
      );
      assert.deepEqual(codes, [OK, ALREADY_EXISTS, NOT_FOUND, NOT_FOUND, OK]);
      assert.equal((await read(of(7, { replicas: [port("4")] }))).length, 1);
      assert.equal((await read(all)).length, 2);
      assert.deepEqual(await codesOf([DELETE, of(7)]), [OK]);
      assert.equal((await read(all)).length, 1);
    });

  requirement(["MCG-01", "CLN-02"], "id 0 names none that can be written", async () => {
    assert.deepEqual(await codesOf([INSERT, group(0)], [DELETE, session(0)]), [INVALID_ARGUMENT, INVALID_ARGUMENT]);
  });

  requirement("MCG-13", "metadata comes back as written", async () => {
    await codesOf([INSERT, group(1, { metadata: Buffer.from("00ff", "hex"), replicas: [port("1"), port("1", 2)] })]);
    const [one] = await read(group(1));
    assert.ok(one !== undefined && "metadata" in one);
    assert.equal(Buffer.from(one.metadata ?? []).toString("hex"), "00ff");
    assert.equal(one.replicas?.length, 2);
  });
});
