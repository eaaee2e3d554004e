/** Multicast groups and clone sessions as packets meet them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import type { PortId } from "../../src/datapath/port.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { primary, rejected, type Entity, type P4Client, type P4Stream } from "../support/p4-client.js";
import { repl, replicationProgram, type ReplicationProgramOptions } from "../support/replication-program.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT } = Code;
const { INSERT, MODIFY, DELETE } = lab.Type;
const { cpu } = lab;
const recirculation = 0xfffffffa;
const frame = lab.frame(0x88cc);

const yaml = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft, routes: { 10.0.0.0/8: 2 } } }]
interfaces: { a: { port_id: 1 }, b: { port_id: 2 }, c: { port_id: 3 }, d: { port_id: 4 } }
punt: { queues: { "3": { pps: 1, burst: 2 }, gdp: { pps: 9, burst: 9 } } }
`;

/** How a program writes ports. */
const forms = {
  text: (port: number) => Buffer.from(port.toString()),
  number: (port: number) => lab.num(port, 4),
  untranslated: (port: number) => lab.num(port, 4),
} as const satisfies Record<string, (port: number) => Buffer>;

describe("multicast groups and clone sessions on packets", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  let stream: P4Stream;
  before(async () => {
    agent = await Agent.start({ yaml });
    client = agent.client();
    stream = await primary(client);
  });
  beforeEach(() => push());
  after(() => agent[Symbol.asyncDispose]());

  const push = (options: ReplicationProgramOptions = {}) =>
    lab.commit(client, p4.config.v1.P4Info.decode(replicationProgram(options)));
  const write = (...updates: readonly (readonly [p4.v1.Update.Type, Entity])[]) =>
    lab.slotCodes(
      lab.write(
        client,
        updates.map(([type, entity]) => ({ type, entity })),
      ),
    );
  const replica = (port: number, instance = 0, form: keyof typeof forms = "text") => ({
    port: forms[form](port),
    instance,
  });
  const group = (multicastGroupId: number, ...replicas: readonly p4.v1.Replica.$Properties[]): Entity => ({
    packetReplicationEngineEntry: { multicastGroupEntry: { multicastGroupId, replicas: [...replicas] } },
  });
  const session = (sessionId: number, more: p4.v1.CloneSessionEntry.$Properties = {}): Entity => ({
    packetReplicationEngineEntry: { cloneSessionEntry: { sessionId, ...more } },
  });
  /** The entry that takes `frame`. */
  const acl = (actionId: number, ...params: readonly Uint8Array[]): Entity => ({
    tableEntry: lab.aclEntry(0x88cc, {
      tableId: repl.table,
      action: { action: { actionId, params: params.map((value, i) => ({ paramId: i + 1, value })) } },
    }),
  });
  const toGroup = (id: number) => acl(repl.toGroup, Buffer.from([id]));
  const toSession = (id: number) => acl(repl.mirror, Buffer.from(id.toString()));
  /** Where the frame leaves and how long it is there; port 1 is where it comes in. */
  const copies = async () => {
    const { possibleOutcomes } = await client.inject({ dataplaneIngressPort: 1, payload: frame });
    return (possibleOutcomes[0]?.packets ?? []).map(({ dataplaneEgressPort, payload }) => [
      dataplaneEgressPort,
      payload?.length,
    ]);
  };
  const ports = async () => (await copies()).map(([port]) => port);
  const drops = () => Object.fromEntries(agent.device().datapath.stats().drops);

  requirement("MCG-21", "each replica gets a copy with its port and instance, instead of the egress port", async () => {
    const replicas = [replica(2, 1), replica(2, 9), replica(4), replica(1, 3)];
    assert.deepEqual(await write([INSERT, group(7, ...replicas)], [INSERT, toGroup(7)]), [OK]);
    assert.deepEqual(await ports(), [2, 2, 4, 1]);
    const result = agent.device().injector?.inject(1 as PortId, frame);
    assert.ok(typeof result === "object");
    assert.deepEqual(
      result.outputs.map(({ port, instance }) => [port, instance]),
      [
        [2, 1],
        [2, 9],
        [4, 0],
        [1, 3],
      ],
    );
  });

  requirement(["MCG-15", "MCG-16"], "a frame for a group that is not there is dropped and counted", async () => {
    const before = drops()["no-multicast-group"] ?? 0;
    await write([INSERT, toGroup(7)]);
    assert.deepEqual(await ports(), []);
    await write([INSERT, group(7, replica(2))]);
    assert.deepEqual(await ports(), [2]);
    await write([DELETE, group(7)]);
    assert.deepEqual(await ports(), []);
    assert.equal(drops()["no-multicast-group"], before + 2);
  });

  requirement(["MCG-14"], "frames meet the replicas that MODIFY gave", async () => {
    await write([INSERT, group(7, replica(2), replica(3))], [INSERT, toGroup(7)]);
    await write([MODIFY, group(7, replica(4))]);
    assert.deepEqual(await ports(), [4]);
  });

  requirement("MCG-11", "the best backup whose port is up takes over, and gives back", async () => {
    await write(
      [INSERT, group(7, { ...replica(2), backupReplicas: [replica(3, 1), replica(4, 2)] })],
      [INSERT, toGroup(7)],
    );
    const seen = [];
    const { datapath } = agent.device();
    for (const [port, state] of [
      [2, "down"],
      [3, "no-carrier"],
      [3, "up"],
      [2, "up"],
    ] as const) {
      datapath.setPortState(port as PortId, state);
      seen.push(...(await ports()));
    }
    assert.deepEqual(seen, [3, 4, 3, 2]);
  });

  requirement("MCG-12", "with all its ports down a replica gets no copy, the others do", async () => {
    const { datapath } = agent.device();
    await write([INSERT, group(7, { ...replica(2), backupReplicas: [replica(3)] }, replica(4))], [INSERT, toGroup(7)]);
    for (const port of [2, 3]) datapath.setPortState(port as PortId, "down");
    assert.deepEqual(await ports(), [4]);
    for (const port of [2, 3]) datapath.setPortState(port as PortId, "up");
  });

  for (const form of ["text", "number", "untranslated"] as const)
    requirement(
      ["MCG-20", "TRN-11"],
      `replica ports are ${form === "untranslated" ? "plain numbers" : `translated as ${form}`}, both ways, and read back short`,
      async () => {
        await push({ ports: form });
        const backedUp = { ...replica(2, 0, form), backupReplicas: [replica(3, 0, form)] };
        assert.deepEqual(await write([INSERT, group(7, backedUp)], [INSERT, toGroup(7)]), [OK]);
        assert.deepEqual(await ports(), [2]);
        const [found] = await lab.read(client, group(7));
        const [one] = found?.packetReplicationEngineEntry?.multicastGroupEntry?.replicas ?? [];
        const short = (port: number) => (form === "text" ? forms.text(port) : lab.short(port));
        assert.deepEqual(
          [one?.port, one?.backupReplicas?.[0]?.port].map((bytes) => Buffer.from(bytes ?? [])),
          [short(2), short(3)],
        );
      },
    );

  requirement("TRN-07", "the number of the CPU port is the CPU, that of recirculation is no port here", async () => {
    await push({ ports: "number" });
    const refused = await write(
      [INSERT, group(7, replica(cpu, 0, "number"))],
      [INSERT, toGroup(7)],
      [INSERT, group(8, replica(recirculation, 0, "number"))],
    );
    assert.deepEqual(refused, [OK, OK, INVALID_ARGUMENT]);
    assert.deepEqual(await ports(), [cpu]);
    const { payload, metadata } = await stream.packetIn();
    assert.deepEqual(Buffer.from(payload ?? []), frame);
    assert.equal(Buffer.from(metadata?.[0]?.value ?? []).toString("hex"), "01");
  });

  requirement("CLN-14", "a clone for the CPU port is a PacketIn, and the original goes its way", async () => {
    await write([INSERT, session(255, { replicas: [replica(cpu)] })], [INSERT, group(7, replica(3))]);
    await write([INSERT, toSession(255)]);
    assert.deepEqual(await ports(), [cpu]);
    assert.deepEqual(Buffer.from((await stream.packetIn()).payload ?? []), frame);
    await write([MODIFY, acl(repl.cloneAndSend, Buffer.from([255]), Buffer.from("4"))]);
    assert.deepEqual(await ports(), [cpu, 4]);
    await stream.packetIn();
  });

  requirement("CLN-07", "a length cuts clones and not the original; zero leaves them whole", async () => {
    const length = async (packetLengthBytes: number) => {
      await write([MODIFY, session(9, { replicas: [replica(2)], packetLengthBytes })]);
      return copies();
    };
    await write([INSERT, session(9)], [INSERT, acl(repl.cloneAndSend, Buffer.from([9]), Buffer.from("4"))]);
    assert.deepEqual(await length(0), [[2, 60], [4, 60]]); // prettier-ignore
    assert.deepEqual(await length(32), [[2, 32], [4, 60]]); // prettier-ignore
    assert.deepEqual(await length(1000), [[2, 60], [4, 60]]); // prettier-ignore
  });

  requirement("CLN-09", "each replica gets a clone, of the same length and guarded by the same queue", async () => {
    const replicas = [replica(2), replica(3), replica(cpu)];
    await write([INSERT, session(9, { replicas, packetLengthBytes: 20, classOfService: 3 })], [INSERT, toSession(9)]);
    const seen = [await copies(), await copies(), await copies()];
    const toPorts = [[2, 20], [3, 20]]; // prettier-ignore
    assert.deepEqual(seen, [[...toPorts, [cpu, 20]], [...toPorts, [cpu, 20]], toPorts]);
    for (let i = 0; i < 2; i++) assert.equal((await stream.packetIn()).payload?.length, 20);
    const [found] = await lab.read(client, session(9));
    const one = found?.packetReplicationEngineEntry?.cloneSessionEntry;
    assert.deepEqual([one?.classOfService, one?.packetLengthBytes, one?.replicas?.length], [3, 20, 3]);
  });

  requirement("CLN-06", "a class of service is 0 or the number of a queue", async () => {
    const codes = await write(
      [INSERT, session(1, { classOfService: 3 })],
      [INSERT, session(2, { classOfService: 4 })],
      [MODIFY, session(1, { classOfService: 0xffffffff })],
      [MODIFY, session(1, { classOfService: 0 })],
    );
    assert.deepEqual(codes, [OK, INVALID_ARGUMENT, INVALID_ARGUMENT, OK]);
  });

  requirement(["CLN-10", "CLN-12"], "without a session there is no clone, and the original goes its way", async () => {
    await write([INSERT, acl(repl.cloneAndSend, Buffer.from([9]), Buffer.from("4"))]);
    assert.deepEqual(await ports(), [4]);
    await write([INSERT, session(9, { replicas: [replica(2)] })]);
    assert.deepEqual(await ports(), [2, 4]);
    await write([DELETE, session(9)]);
    assert.deepEqual(await ports(), [4]);
  });

  requirement("CLN-11", "clones follow the attributes that MODIFY gave", async () => {
    await write([INSERT, session(9, { replicas: [replica(2)], packetLengthBytes: 20 })], [INSERT, toSession(9)]);
    await write([MODIFY, session(9, { replicas: [replica(3)] })]);
    assert.deepEqual(await copies(), [[3, 60]]);
  });

  requirement(
    "TRN-13",
    "a session id of a translated type names the session with the controller's number",
    async () => {
      const padded = Buffer.from("00012c", "hex"); // 300 in a type of 16 bits
      await write([INSERT, session(300, { replicas: [replica(2)] })]);
      assert.deepEqual(await write([INSERT, acl(repl.cloneAndSend, padded, Buffer.from("4"))]), [OK]);
      assert.deepEqual(await ports(), [2, 4]);
      const [found] = await lab.read(client, { tableEntry: { tableId: repl.table } });
      const [param] = found?.tableEntry?.action?.action?.params ?? [];
      assert.equal(Buffer.from(param?.value ?? []).toString("hex"), "012c");
      assert.deepEqual(await write([MODIFY, acl(repl.cloneAndSend, Buffer.from("010000", "hex"), Buffer.from("4"))]), [
        INVALID_ARGUMENT,
      ]);
    },
  );

  requirement("SFP-31", "platform properties beyond what the device has are refused, others are taken", async () => {
    const most = "multicast_group_table_size: 4096 multicast_group_table_total_replicas: 65536 multicast_group_table_max_replicas_per_entry: 1024"; // prettier-ignore
    await push({ platform: `platform_properties { ${most} }` });
    for (const more of ["size: 4097", "total_replicas: 65537", "max_replicas_per_entry: 1025"]) {
      const { code, message } = await rejected(
        push({ platform: `platform_properties { multicast_group_table_${more} }` }),
      );
      assert.equal(code, INVALID_ARGUMENT);
      assert.ok(message.includes(`multicast_group_table_${more.split(":")[0] ?? ""} is`), message);
    }
  });

  it("refuses a mirror session that no number names, in an entry of its own", async () => {
    const { code, slots } = await rejected(
      lab.write(client, [{ type: INSERT, entity: acl(repl.mirror, Buffer.from("left")) }]),
    );
    assert.equal(code, Code.UNKNOWN);
    assert.equal(slots?.[0]?.code, Code.UNIMPLEMENTED);
    assert.match(slots[0].message, /'mirror_session_id': 'left' can name no clone session; they are 1 … 65535/);
  });
});
