/** Multicast groups and clone sessions as a controller writes and reads them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import type { p4 } from "../../src/wire/gen/proto.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, type Entity, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, RESOURCE_EXHAUSTED, UNIMPLEMENTED } = Code;
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
    { ids: ["MCG-01", "MCG-03", "MCG-15", "MCG-17"], kind: "group", of: group, all: group(0) },
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

  requirement(["MCG-02", "CLN-02"], "id 0 names none that can be written", async () => {
    assert.deepEqual(await codesOf([INSERT, group(0)], [DELETE, session(0)]), [INVALID_ARGUMENT, INVALID_ARGUMENT]);
  });

  requirement("MCG-13", "metadata comes back as written", async () => {
    await codesOf([INSERT, group(1, { metadata: Buffer.from("00ff", "hex"), replicas: [port("1"), port("1", 2)] })]);
    const [one] = await read(group(1));
    assert.ok(one !== undefined && "metadata" in one);
    assert.equal(Buffer.from(one.metadata ?? []).toString("hex"), "00ff");
    assert.equal(one.replicas?.length, 2);
  });

  const backedUp = { ...port("1"), backupReplicas: [port("3"), port("2", 5), port("3", 1)] };

  requirement(["MCG-10", "FMT-05"], "backups keep their order", async () => {
    assert.deepEqual(await codesOf([INSERT, group(1, { replicas: [backedUp] })]), [OK]);
    const [one] = await read(group(1));
    const backups = one?.replicas?.[0]?.backupReplicas ?? [];
    assert.deepEqual(
      backups.map(({ port: bytes, instance }) => [Buffer.from(bytes ?? []).toString(), instance ?? 0]),
      [
        ["3", 0],
        ["2", 5],
        ["3", 1],
      ],
    );
  });

  requirement("MCG-22", "a group may be empty", async () => {
    assert.deepEqual(await codesOf([INSERT, group(1)]), [OK]);
    assert.equal((await read(group(1)))[0]?.replicas?.length, 0);
  });

  requirement("MCG-14", "MODIFY replaces replicas and metadata of a group, with the checks of INSERT", async () => {
    await codesOf([INSERT, group(1, { metadata: Buffer.from("a"), replicas: [backedUp] })]);
    assert.deepEqual(await codesOf([MODIFY, group(1, { replicas: [port("1"), port("1")] })]), [INVALID_ARGUMENT]);
    assert.deepEqual(await codesOf([MODIFY, group(1, { replicas: [port("4", 3)] })]), [OK]);
    const [one] = await read(group(1));
    assert.deepEqual(
      one?.replicas?.map(({ port: bytes }) => Buffer.from(bytes ?? []).toString()),
      ["4"],
    );
    assert.ok("metadata" in one);
    assert.equal(Buffer.from(one.metadata ?? []).length, 0);
  });

  requirement("CLN-11", "MODIFY replaces all of a session, with the checks of INSERT", async () => {
    await codesOf([INSERT, session(1, { replicas: [port("1")], packetLengthBytes: 100 })]);
    assert.deepEqual(await codesOf([MODIFY, session(1, { packetLengthBytes: -1 })]), [INVALID_ARGUMENT]);
    assert.deepEqual(await codesOf([MODIFY, session(1, { replicas: [port("2", 7)] })]), [OK]);
    const [one] = await read(session(1));
    assert.ok(one !== undefined && "packetLengthBytes" in one);
    assert.deepEqual([one.packetLengthBytes, one.replicas?.length, one.replicas?.[0]?.instance], [0, 1, 7]);
  });

  for (const { ids, what, of, max } of [
    { ids: ["MCG-24"], what: "group", of: group, max: 65_535 },
    { ids: ["CLN-15"], what: "session", of: session, max: 65_535 },
  ])
    requirement(ids, `${what} ids end at ${max}`, async () => {
      assert.deepEqual(await codesOf([INSERT, of(max)], [INSERT, of(max + 1)]), [OK, INVALID_ARGUMENT]);
    });

  for (const { ids, what, replicas, code } of [
    { ids: ["MCG-04", "CLN-04"], what: "the highest instance", replicas: [port("1", 65_535)], code: OK },
    { ids: ["MCG-04", "CLN-04"], what: "an instance above it", replicas: [port("1", 65_536)], code: INVALID_ARGUMENT },
    { ids: ["MCG-05", "CLN-05"], what: "a port there is not", replicas: [port("9")], code: INVALID_ARGUMENT },
    { ids: ["MCG-05", "CLN-05"], what: "a name that is no port", replicas: [port("lag1")], code: INVALID_ARGUMENT },
    { ids: ["MCG-19"], what: "an empty port", replicas: [port("")], code: INVALID_ARGUMENT },
    { ids: ["MCG-19"], what: "no port", replicas: [{ instance: 1 }], code: INVALID_ARGUMENT },
    { ids: ["MCG-07"], what: "a port with two instances", replicas: [port("1"), port("1", 1)], code: OK },
    {
      ids: ["MCG-06", "CLN-16", "AMB-60"],
      what: "a pair of port and instance twice",
      replicas: [port("1"), port("2"), port("1")],
      code: INVALID_ARGUMENT,
    },
    { ids: ["MCG-18"], what: "an old number that is no port", replicas: [{ egressPort: 9 }], code: INVALID_ARGUMENT },
  ])
    for (const { kind, of } of [
      { kind: "MCG", of: group },
      { kind: "CLN", of: session },
    ])
      requirement(
        ids,
        `a replica with ${what} is ${code === OK ? "taken" : "refused"} (${kind}, INSERT and MODIFY)`,
        async () => {
          assert.deepEqual(await codesOf([INSERT, of(1, { replicas })]), [code]);
          assert.deepEqual(
            await codesOf([INSERT, of(2)], [MODIFY, of(2, { replicas })]),
            code === OK ? [OK] : [OK, code],
          );
        },
      );

  for (const { ids, what, replicas, code } of [
    {
      ids: ["MCG-04"],
      what: "a backup's instance above the highest",
      replicas: [{ ...port("1"), backupReplicas: [port("2", 65_536)] }],
      code: INVALID_ARGUMENT,
    },
    {
      ids: ["MCG-05"],
      what: "a backup's port there is not",
      replicas: [{ ...port("1"), backupReplicas: [port("9")] }],
      code: INVALID_ARGUMENT,
    },
    {
      ids: ["MCG-19"],
      what: "a backup without port",
      replicas: [{ ...port("1"), backupReplicas: [{ instance: 3 }] }],
      code: INVALID_ARGUMENT,
    },
    {
      ids: ["MCG-06"],
      what: "a backup that is another replica",
      replicas: [{ ...port("1"), backupReplicas: [port("2", 4)] }, port("2", 4)],
      code: INVALID_ARGUMENT,
    },
    {
      ids: ["MCG-06"],
      what: "two backups that are one",
      replicas: [{ ...port("1"), backupReplicas: [port("2", 4), port("2", 4)] }],
      code: INVALID_ARGUMENT,
    },
    {
      ids: ["MCG-06"],
      what: "an old number and a text that are one port",
      replicas: [{ egressPort: 2 }, port("2")],
      code: INVALID_ARGUMENT,
    },
    {
      ids: ["MCG-08"],
      what: "a backup by the replica's own port",
      replicas: [{ ...port("1"), backupReplicas: [port("1", 4)] }],
      code: INVALID_ARGUMENT,
    },
    {
      ids: ["MCG-08"],
      what: "a backup by another replica's port",
      replicas: [{ ...port("1"), backupReplicas: [port("2", 4)] }, port("2")],
      code: OK,
    },
  ])
    requirement(ids, `a group with ${what} is ${code === OK ? "taken" : "refused"}`, async () => {
      assert.deepEqual(await codesOf([INSERT, group(1, { replicas })]), [code]);
    });

  requirement(["CLN-16", "AMB-60"], "clone sessions have no backups", async () => {
    const codes = await codesOf([INSERT, session(1, { replicas: [backedUp] })]);
    assert.deepEqual(codes, [UNIMPLEMENTED]);
  });

  requirement("CLN-08", "no clone has a negative length", async () => {
    assert.deepEqual(await codesOf([INSERT, session(1, { packetLengthBytes: -1 })]), [INVALID_ARGUMENT]);
  });

  requirement("MCG-18", "an old number comes back as one", async () => {
    await codesOf([INSERT, group(1, { replicas: [{ egressPort: 3, instance: 1 }, port("4")] })]);
    const [one] = await read(group(1));
    assert.deepEqual(
      one?.replicas?.map(({ egressPort, port: bytes }) => [egressPort ?? 0, Buffer.from(bytes ?? []).toString()]),
      [
        [3, ""],
        [0, "4"],
      ],
    );
  });

  requirement("MCG-23", "a device has room for 4,096 groups", async () => {
    const groups = Array.from({ length: 4096 }, (_, i) => ({ type: INSERT, entity: group(i + 1) }));
    await lab.write(client, groups);
    assert.deepEqual(await codesOf([INSERT, group(5000)]), [RESOURCE_EXHAUSTED]);
    assert.deepEqual(await codesOf([DELETE, group(1)], [INSERT, group(5000)]), [OK]);
    assert.equal((await read(group(0))).length, 4096);
  });

  requirement("MCG-23", "a group has room for 1,024 replicas, backups included", async () => {
    const backups = Array.from({ length: 1023 }, (_, i) => port("2", i));
    const replica = { ...port("1"), backupReplicas: backups };
    const codes = await codesOf(
      [INSERT, group(1, { replicas: [replica] })],
      [INSERT, group(2, { replicas: [replica, port("3")] })],
      [INSERT, group(3, { replicas: [{ ...replica, backupReplicas: [...backups, port("3")] }] })],
    );
    assert.deepEqual(codes, [OK, RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED]);
  });

  requirement("MCG-23", "a device has room for 65,536 replicas", async () => {
    const replicas = Array.from({ length: 1024 }, (_, i) => port("1", i));
    const groups = Array.from({ length: 64 }, (_, i) => ({ type: INSERT, entity: group(i + 1, { replicas }) }));
    await lab.write(client, groups);
    assert.deepEqual(await codesOf([INSERT, session(1, { replicas: [port("1")] })]), [RESOURCE_EXHAUSTED]);
    const codes = await codesOf(
      [MODIFY, group(1, { replicas: replicas.slice(1) })],
      [INSERT, session(1, { replicas: [port("1")] })],
    );
    assert.deepEqual(codes, [OK]);
  });

  requirement("AMB-31", "an entry that names neither reads groups and sessions, and cannot be written", async () => {
    await codesOf([INSERT, group(1)], [INSERT, session(1)]);
    assert.equal((await read({ packetReplicationEngineEntry: {} })).length, 2);
    for (const type of [INSERT, MODIFY, DELETE])
      assert.deepEqual(await codesOf([type, { packetReplicationEngineEntry: {} }]), [INVALID_ARGUMENT]);
  });

  requirement("FPX-33", "the three wildcards of a public client read tables, groups and sessions", async () => {
    await lab.write(client, [lab.insert(lab.noteEntry(1, { tableId: lab.lab.staff }))]);
    await codesOf([INSERT, group(1)], [INSERT, session(1)]);
    const wildcards = [
      { tableEntry: { counterData: {}, meterConfig: {}, meterCounterData: {} } },
      group(0),
      session(0),
    ];
    const found = [];
    for (const entity of wildcards) {
      const [one, ...more] = await client.read({ deviceId: long(1n), role: lab.lab.role, entities: [entity] });
      found.push([one?.tableEntry, one?.packetReplicationEngineEntry].filter(Boolean).length, more.length);
    }
    assert.deepEqual(found, [1, 0, 1, 0, 1, 0]);
  });

  requirement("CLN-06", "a class of service other than 0 is a queue's number, and there is none", async () => {
    assert.deepEqual(await codesOf([INSERT, session(1, { classOfService: 1 })], [INSERT, session(1)]), [
      INVALID_ARGUMENT,
      OK,
    ]);
    assert.deepEqual(await codesOf([MODIFY, session(1, { classOfService: 3 })]), [INVALID_ARGUMENT]);
  });
});
