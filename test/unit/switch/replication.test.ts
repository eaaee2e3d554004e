/** Groups, sessions and the actions that name them, from a Write to frames. */
import assert from "node:assert/strict";
import { Code } from "../../../src/base/status.js";
import { cpuPort, type PortId } from "../../../src/datapath/port.js";
import { decodeP4Info } from "../../../src/wire/decode-p4info.js";
import { ternary, update, type Entity, type SentUpdate, type UpdateKind } from "../../support/entities.js";
import { repl, replicationProgram } from "../../support/replication-program.js";
import { Device } from "./device.js";

const program = decodeP4Info(replicationProgram());
const keep = "continue-on-error";
const frame = Buffer.alloc(60);
frame.writeUInt16BE(0x88cc, 12);

const text = (value: string | number) => Buffer.from(value.toString());
const group = (multicastGroupId: number, ...ports: readonly number[]): Entity => ({
  packetReplicationEngineEntry: {
    multicastGroupEntry: {
      multicastGroupId,
      replicas: ports.map((port, instance) => ({ port: text(port), instance })),
    },
  },
});
const session = (sessionId: number, classOfService: number, ...ports: readonly number[]): Entity => ({
  packetReplicationEngineEntry: {
    cloneSessionEntry: {
      sessionId,
      classOfService,
      replicas: ports.map((port, instance) => ({ port: text(port), instance })),
    },
  },
});
const acl = (actionId: number, ...params: readonly Uint8Array[]): Entity => ({
  tableEntry: {
    tableId: repl.table,
    priority: 1,
    match: [ternary(1, "88cc", "ffff")],
    action: { action: { actionId, params: params.map((value, i) => ({ paramId: i + 1, value })) } },
  },
});
const sent = (kind: UpdateKind, ...entities: readonly Entity[]): readonly SentUpdate[] =>
  entities.map((entity) => update(kind, entity));

/** Where the frame goes that comes in by port 1. */
function outputs(device: Device): readonly number[] {
  const result = device.datapath.soft.inject(1 as PortId, frame);
  assert.ok(typeof result === "object");
  return result.outputs.map(({ port }) => port);
}

describe("groups, sessions and the actions that name them", () => {
  it("are refused together with what the datapath refuses, and counted no more", async () => {
    const device = await Device.with(program);
    device.datapath.script.refuseId = (id) =>
      id === 6 ? { code: Code.OUT_OF_RANGE, message: "not this one" } : undefined;
    const updates = sent("insert", group(5, 2), group(6, 3), session(6, 0, 3), session(7, 0, 4));
    assert.deepEqual(await device.write(keep, ...updates), ["OK", "OUT_OF_RANGE", "OUT_OF_RANGE", "OK"]);
    const { entities } = await device.read({ packetReplicationEngineEntry: {} });
    assert.equal(entities.length, 2);
    assert.deepEqual(await device.write(keep, ...sent("delete", group(6), session(6, 0))), ["NOT_FOUND", "NOT_FOUND"]);
  });

  it("leave no trace of a batch that fails", async () => {
    const device = await Device.with(program);
    await device.write(keep, ...sent("insert", group(5, 2), acl(repl.toGroup, Buffer.from([5]))));
    for (const atomicity of ["rollback-on-error", "dataplane-atomic"] as const)
      assert.deepEqual(
        await device.write(
          atomicity,
          ...sent("modify", group(5, 3)),
          ...sent("insert", session(1, 0, 4)),
          ...sent("delete", group(5), group(5)),
        ),
        ["ABORTED", "ABORTED", "ABORTED", "NOT_FOUND"],
      );
    assert.deepEqual(outputs(device), [2]);
    assert.equal((await device.read({ packetReplicationEngineEntry: {} })).entities.length, 1);
  });

  it("come back with the rules after a lost datapath, and with a saved program's commit", async () => {
    const saved = await Device.with(program, "verify-and-save");
    const updates = sent(
      "insert",
      group(5, 2, 3),
      session(8, 0, 4),
      acl(repl.cloneAndSend, Buffer.from([8]), Buffer.from("3")),
    );
    assert.deepEqual(await saved.write(keep, ...updates), ["OK", "OK", "OK"]);
    assert.deepEqual(outputs(saved), []);
    await saved.pipelines.set("commit", undefined);
    assert.deepEqual(outputs(saved), [4, 3]);
    saved.datapath.script.failCommit = { code: Code.INTERNAL, message: "lost" };
    const { lost } = await saved.run(keep, ...sent("modify", session(8, 0, 1)), ...sent("insert", group(9, 1)));
    assert.ok(lost !== undefined);
    saved.datapath.script.failCommit = undefined;
    assert.equal(await saved.pipelines.resync(new AbortController().signal), undefined);
    assert.deepEqual(outputs(saved), [4, 3]);
    await saved.write(keep, ...sent("modify", acl(repl.toGroup, Buffer.from([5]))));
    assert.deepEqual(outputs(saved), [2, 3]);
    assert.equal((await saved.compare()).differences, 0);
  });

  it("are gone after another push", async () => {
    const device = await Device.with(program);
    await device.write(keep, ...sent("insert", group(5, 2)));
    await device.push(program);
    await device.write(keep, ...sent("insert", acl(repl.toGroup, Buffer.from([5]))));
    assert.deepEqual(outputs(device), []);
  });

  for (const { title, entity, want } of [
    { title: "a port there is", entity: acl(repl.toPort, text(4)), want: ["OK", [4]] },
    { title: "the CPU port", entity: acl(repl.toPort, text(cpuPort)), want: ["OK", [cpuPort]] },
    { title: "no port", entity: acl(repl.toPort, text(5)), want: ["INVALID_ARGUMENT", []] },
    { title: "group 0", entity: acl(repl.toGroup, Buffer.from([0])), want: ["INVALID_ARGUMENT", []] },
    {
      title: "a group beyond all",
      entity: acl(repl.toGroup, Buffer.from("010000", "hex")),
      want: ["INVALID_ARGUMENT", []],
    },
    { title: "a group that is not there", entity: acl(repl.toGroup, Buffer.from([9])), want: ["OK", []] },
    {
      title: "a group and a queue",
      entity: acl(repl.toGroupOnly, Buffer.from([5]), Buffer.from([2])),
      want: ["OK", [2, 3]],
    },
    {
      title: "a group and no queue",
      entity: acl(repl.toGroupOnly, Buffer.from([5]), Buffer.from([3])),
      want: ["INVALID_ARGUMENT", []],
    },
    { title: "a session by its number in text", entity: acl(repl.mirror, text(8)), want: ["OK", [4, cpuPort]] },
    { title: "a session that is not there", entity: acl(repl.mirror, text(9)), want: ["OK", []] },
  ])
    it(`send frames where an entry says: ${title}`, async () => {
      const device = await Device.with(program);
      const found = await device.write(keep, ...sent("insert", group(5, 2, 3), session(8, 2, 4, cpuPort), entity));
      assert.deepEqual([found[2], outputs(device)], want);
    });

  it("keep a mirror session that no number names as state, where such entries are kept", async () => {
    const device = await Device.with(program);
    assert.deepEqual(await device.write(keep, ...sent("insert", acl(repl.mirror, text("left")))), ["OK"]);
    assert.deepEqual(device.rules, []);
    assert.equal((await device.compare()).rows[0]?.state, "unrealised");
    await device.write(keep, ...sent("insert", session(8, 0, 4)), ...sent("modify", acl(repl.mirror, text(8))));
    assert.deepEqual(outputs(device), [4]);
    await device.write(keep, ...sent("modify", acl(repl.mirror, text("left"))));
    assert.deepEqual(outputs(device), []);
  });

  it("show as different if the datapath holds another group or session", async () => {
    const device = await Device.with(program);
    await device.write(keep, ...sent("insert", acl(repl.cloneAndSend, Buffer.from([8]), Buffer.from("3"))));
    const { action } = (await device.compare()).rows[0] ?? {};
    assert.deepEqual([action?.redirect, action?.mirror], [{ kind: "port", port: 3 }, 8]);
    for (const change of [{ mirror: 9 }, { redirect: { kind: "port", port: 2 as PortId } as const }]) {
      device.datapath.script.drift = function* (held) {
        for (const rule of held) yield { ...rule, action: { ...rule.action, ...change } };
      };
      assert.equal((await device.compare()).differences, 2);
    }
  });
});
