import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, uint128, type P4Client, type TableEntry } from "../support/p4-client.js";
import { encodeP4InfoText } from "../support/p4info.js";
import { readText } from "../support/repository.js";
import { requirement } from "../support/requirement.js";

/** wbb.p4info.pb.txt */
const wbb = { table: 33554691, trap: 16777480, copy: 16777479 };
const device = { deviceId: long(1n) };

const exactly = (fieldId: number, value: string, mask: string) => ({
  fieldId,
  ternary: { value: Buffer.from(value, "hex"), mask: Buffer.from(mask, "hex") },
});
const optional = (fieldId: number) => ({ fieldId, optional: { value: Buffer.of(1) } });

function trap(match: TableEntry["match"], more: TableEntry = {}): TableEntry {
  return { tableId: wbb.table, match: match ?? [], priority: 1, action: { action: { actionId: wbb.trap } }, ...more };
}

/** The four entries featureprofiles installs, in its order. */
const four = [
  trap([exactly(3, "6007", "ffff")]),
  trap([exactly(3, "88cc", "ffff")]),
  trap([optional(1), exactly(4, "01", "ff")]),
  trap([optional(2), exactly(4, "01", "ff")]),
];

function insert(client: P4Client, ...entries: readonly TableEntry[]) {
  const updates = entries.map((tableEntry) => ({ type: 1, entity: { tableEntry } }));
  return client.write({ ...device, electionId: uint128(1n), updates });
}

/** A frame with EtherType `type` and nothing else of note. */
const frame = (type: string) =>
  Buffer.concat([Buffer.from(`0180c200000e020000000001${type}`, "hex"), Buffer.alloc(46)]);

async function scene() {
  const agent = await Agent.start();
  const client = agent.client();
  const stream = await primary(client);
  return { agent, client, stream };
}

describe("Read", () => {
  noLeaks();

  requirement("RED-01", "is NOT_FOUND for a device there is not, 0 included", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    for (const deviceId of [0n, 2n]) {
      const failure = await rejected(client.read({ deviceId: long(deviceId), entities: [{ tableEntry: {} }] }));
      assert.deepEqual([failure.code, failure.slots], [Code.NOT_FOUND, undefined]);
    }
  });

  requirement("RED-02", "is FAILED_PRECONDITION as long as there is no pipeline", async () => {
    await using agent = await Agent.start();
    const failure = await rejected(agent.client().read({ ...device, entities: [{ tableEntry: {} }] }));
    assert.deepEqual([failure.code, failure.slots], [Code.FAILED_PRECONDITION, undefined]);
  });

  requirement(
    ["RED-03", "ARB-60", "FPX-07"],
    "serves backups and clients without a stream like the primary",
    async () => {
      const { agent, client } = await scene();
      await using _agent = agent;
      await insert(client, ...four);
      const backup = agent.client();
      await backup.stream().arbitrate(undefined);
      for (const reader of [client, backup, agent.client()])
        assert.equal((await reader.read({ ...device, entities: [{ tableEntry: {} }] })).length, 4);
    },
  );

  requirement(["RED-09", "FPX-16"], "answers a wildcard that finds nothing with one empty response", async () => {
    const { agent, client } = await scene();
    await using _agent = agent;
    const responses = await client.readResponses({ ...device, entities: [{ tableEntry: { tableId: wbb.table } }] });
    assert.deepEqual(
      responses.map((response) => response.entities.length),
      [0],
    );
  });

  requirement(
    ["RED-10", "FMT-07", "FPX-14", "FPX-15"],
    "gives a few entries in the first response, each as it was written, match in its order",
    async () => {
      const { agent, client } = await scene();
      await using _agent = agent;
      await insert(client, ...four);
      const [first, ...more] = await client.readResponses({ ...device, entities: [{ tableEntry: {} }] });
      assert.equal(more.length, 0);
      const plain = (entries: readonly (TableEntry | null | undefined)[]) =>
        entries.map((entry) => [
          entry?.match?.map(({ fieldId, ternary, optional: value }) => [
            fieldId,
            Buffer.from(ternary?.value ?? value?.value ?? []).toString("hex"),
            Buffer.from(ternary?.mask ?? []).toString("hex"),
          ]),
          entry?.priority,
          entry?.action?.action?.actionId,
        ]);
      assert.deepEqual(plain(first?.entities.map((entity) => entity.tableEntry) ?? []), plain(four));
    },
  );

  requirement("RED-20", "reads packets and bytes of one counter as they belong together", async () => {
    const { agent, client } = await scene();
    await using _agent = agent;
    await insert(client, ...four);
    const frames = Array.from({ length: 200 }, () =>
      client.inject({ dataplaneIngressPort: 1, payload: frame("88cc") }),
    );
    for (let i = 0; i < 20; i++) {
      const [entity] = await client.read({
        ...device,
        entities: [{ directCounterEntry: { tableEntry: trap([exactly(3, "88cc", "ffff")]) } }],
      });
      const data = entity?.directCounterEntry?.data;
      assert.equal(Number(data?.byteCount ?? 0), 60 * Number(data?.packetCount ?? 0));
    }
    await Promise.all(frames);
    const [entity] = await client.read({
      ...device,
      entities: [{ tableEntry: { ...four[1], counterData: {} } }].map(keyed),
    });
    assert.equal(Number(entity?.tableEntry?.counterData?.packetCount ?? 0), 200);
  });

  requirement(["FMT-01", "FMT-02"], "takes 0 as the wildcard, and an empty message as present", async () => {
    const { agent, client } = await scene();
    await using _agent = agent;
    await insert(client, ...four);
    const all = await client.read({ ...device, entities: [{ tableEntry: { tableId: 0, counterData: {} } }] });
    assert.deepEqual(
      all.map(({ tableEntry }) => tableEntry?.counterData !== null),
      [true, true, true, true],
    );
    const plain = await client.read({ ...device, entities: [{ tableEntry: { tableId: 0 } }] });
    assert.deepEqual(
      plain.map(({ tableEntry }) => tableEntry?.counterData ?? "absent"),
      Array(4).fill("absent"),
    );
  });

  requirement("FMT-08", "finds nothing changed by traffic but counters", async () => {
    const { agent, client } = await scene();
    await using _agent = agent;
    const meterConfig = { cir: long(1n), cburst: long(1n), pir: long(2n), pburst: long(2n) };
    await insert(client, { ...trap([exactly(3, "88cc", "ffff")]), metadata: Buffer.from("note"), meterConfig });
    const ask = { ...device, entities: [{ tableEntry: { tableId: wbb.table, meterConfig: {} } }] };
    const before = await client.read(ask);
    for (let i = 0; i < 50; i++) await client.inject({ dataplaneIngressPort: 1, payload: frame("88cc") });
    assert.deepEqual(await client.read(ask), before);
  });

  requirement("TBL-09", "and the datapath lets the numerically higher priority win", async () => {
    const { agent, client } = await scene();
    await using _agent = agent;
    await insert(
      client,
      trap([exactly(3, "88cc", "ffff")], { priority: 2, action: { action: { actionId: wbb.copy } } }),
      trap([exactly(3, "88cc", "ffff")], { priority: 10 }),
    );
    await client.inject({ dataplaneIngressPort: 1, payload: frame("88cc") });
    const entries = await client.read({
      ...device,
      entities: [{ tableEntry: { tableId: wbb.table, counterData: {} } }],
    });
    const hits = entries.map(({ tableEntry }) => [
      tableEntry?.priority,
      Number(tableEntry?.counterData?.packetCount ?? 0),
    ]);
    assert.deepEqual(hits, [
      [2, 0],
      [10, 1],
    ]);
  });

  requirement(
    ["RED-04", "AMB-36"],
    "finds nothing, without error, in a role that the device does not have",
    async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      await client.stream().arbitrate(1);
      const open = readText("test/support/p4info/wbb.p4info.pb.txt").replace(/.*@p4runtime_role.*\n/, "");
      await client.setPipeline({
        ...device,
        electionId: uint128(1n),
        action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
        config: { p4info: p4.config.v1.P4Info.decode(encodeP4InfoText(open)) },
      });
      await insert(client, ...four);
      await client.stream().arbitrate(1, { role: { name: "seen" } });
      const entities = [
        { tableEntry: {} },
        { tableEntry: { tableId: wbb.table, match: four[0]?.match ?? [], priority: 1 } },
        { directCounterEntry: { tableEntry: four[0] ?? {} } },
      ];
      for (const [role, found] of [
        ["", 6],
        ["seen", 6],
        ["nobody", 0],
      ] as const)
        assert.equal((await client.read({ ...device, role, entities })).length, found, role);
    },
  );

  requirement("TBL-04", "gives back entries that share a priority", async () => {
    const { agent, client } = await scene();
    await using _agent = agent;
    await insert(client, ...four);
    const entries = await client.read({ ...device, entities: [{ tableEntry: { tableId: wbb.table, priority: 1 } }] });
    assert.equal(entries.length, 4);
  });
});

/** The entity with nothing but its key, and a wish for its counter. */
function keyed({ tableEntry }: { tableEntry: TableEntry }) {
  const { tableId, match, priority } = tableEntry;
  return { tableEntry: { tableId: tableId ?? 0, match: match ?? [], priority: priority ?? 0, counterData: {} } };
}
