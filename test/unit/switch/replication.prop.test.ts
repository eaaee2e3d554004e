import assert from "node:assert/strict";
import fc from "fast-check";
import { Code } from "../../../src/base/status.js";
import { cpuPort, type PortId } from "../../../src/datapath/port.js";
import { decodeP4Info } from "../../../src/wire/decode-p4info.js";
import { ternary, update, type Entity, type SentUpdate } from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { repl, replicationProgram } from "../../support/replication-program.js";
import { Device } from "./device.js";
import { NaiveReplication, type NaiveChange, type NaiveReplica } from "./naive-replication.js";

const program = decodeP4Info(replicationProgram());
const ids = [1, 2, 3] as const;
/** Frames of EtherType `groupTypes + id` are sent to group `id`, those of `sessionTypes + id` cloned by session `id`. */
const groupTypes = 0x9000;
const sessionTypes = 0x9200;

const text = (port: number) => Buffer.from(port.toString());
const replicaMessage = ({ port, instance, backups }: NaiveReplica) => ({
  port: text(port),
  instance,
  backupReplicas: backups.map((backup) => ({ port: text(backup.port), instance: backup.instance })),
});

function sent(change: NaiveChange): SentUpdate {
  const replicas = change.replicas.map(replicaMessage);
  const entity: Entity = {
    packetReplicationEngineEntry:
      change.of === "group"
        ? { multicastGroupEntry: { multicastGroupId: change.id, replicas } }
        : { cloneSessionEntry: { sessionId: change.id, replicas, packetLengthBytes: change.bytes } },
  };
  return update(change.kind, entity);
}

const port = fc.constantFrom(1, 2, 3, cpuPort as number, 9);
const instance = fc.constantFrom(0, 1, 2, 70_000);
const backup = fc.record({ port, instance });
const replica: fc.Arbitrary<NaiveReplica> = fc.record({
  port,
  instance,
  backups: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(backup, { maxLength: 2 })),
});
const change: fc.Arbitrary<NaiveChange> = fc.record({
  of: fc.constantFrom("group" as const, "session" as const),
  kind: fc.constantFrom("insert" as const, "insert" as const, "modify" as const, "delete" as const),
  id: fc.constantFrom(0, ...ids, 65_536),
  replicas: fc.array(replica, { maxLength: 3 }),
  bytes: fc.constantFrom(0, 20, 64, -1),
});
const step = fc.record({
  updates: fc.array(change, { minLength: 1, maxLength: 8 }),
  atomicity: fc.constantFrom("continue-on-error" as const, "rollback-on-error" as const, "dataplane-atomic" as const),
  refused: fc.option(fc.constantFrom(...ids), { nil: undefined, freq: 1 }),
  lost: fc.nat(9).map((n) => n === 0),
  down: fc.subarray([2, 3]),
  resync: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One entry per group and session, by EtherType. */
function rules(): readonly SentUpdate[] {
  const entry = (etherType: number, actionId: number, value: Uint8Array) =>
    update("insert", {
      tableEntry: {
        tableId: repl.table,
        priority: 1,
        match: [ternary(1, etherType.toString(16), "ffff")],
        action: { action: { actionId, params: [{ paramId: 1, value }] } },
      },
    });
  return ids.flatMap((id) => [
    entry(groupTypes + id, repl.toGroup, Buffer.from([id])),
    entry(sessionTypes + id, repl.mirror, text(id)),
  ]);
}

/** Port, length and instance of each copy of a frame of this EtherType. */
function copiesOf(device: Device, etherType: number): readonly (readonly (number | undefined)[])[] {
  const frame = Buffer.alloc(60);
  frame.writeUInt16BE(etherType, 12);
  const result = device.datapath.soft.inject(1 as PortId, frame);
  assert.ok(typeof result === "object");
  return result.outputs.map((output) => [output.port, output.frame.length, output.instance]);
}

interface ReadReplica {
  readonly port?: string;
  readonly instance?: number;
  readonly backupReplicas?: readonly Omit<ReadReplica, "backupReplicas">[];
}

/** Groups and sessions as a Read gives them, in the form of the model. */
async function readBack(device: Device): Promise<readonly string[]> {
  const { entities } = await device.read({ packetReplicationEngineEntry: {} });
  const named = (bytes = "") => Number(Buffer.from(bytes, "hex").toString());
  return entities
    .map((entity) => {
      const { multicastGroupEntry, cloneSessionEntry } = entity["packetReplicationEngineEntry"] as {
        readonly multicastGroupEntry?: {
          readonly multicastGroupId: number;
          readonly replicas?: readonly ReadReplica[];
        };
        readonly cloneSessionEntry?: {
          readonly sessionId: number;
          readonly replicas?: readonly ReadReplica[];
          readonly packetLengthBytes?: number;
        };
      };
      const replicas = (multicastGroupEntry ?? cloneSessionEntry)?.replicas?.map(
        ({ port: bytes, instance: number = 0, backupReplicas = [] }) => ({
          port: named(bytes),
          instance: number,
          backups: backupReplicas.map((one) => ({ port: named(one.port), instance: one.instance ?? 0 })),
        }),
      );
      return NaiveReplication.line({
        of: multicastGroupEntry === undefined ? "session" : "group",
        id: multicastGroupEntry?.multicastGroupId ?? cloneSessionEntry?.sessionId ?? 0,
        replicas: replicas ?? [],
        bytes: cloneSessionEntry?.packetLengthBytes ?? 0,
      });
    })
    .sort();
}

async function run(device: Device, model: NaiveReplication, each: Step): Promise<void> {
  const { script, soft } = device.datapath;
  const { refused } = each;
  script.refuseId = (id) => (id === refused ? { code: Code.OUT_OF_RANGE, message: "not this one" } : undefined);
  script.failCommit = each.lost ? { code: Code.INTERNAL, message: "lost" } : undefined;
  const results = await device.write(each.atomicity, ...each.updates.map(sent));
  const wanted = model.batch(each.updates, {
    atomic: each.atomicity !== "continue-on-error",
    refused,
    lost: each.lost,
  });
  assert.deepEqual(results, wanted);
  script.refuseId = script.failCommit = undefined;
  if (each.resync) assert.equal(await device.pipelines.resync(new AbortController().signal), undefined);
  for (const id of [2, 3]) soft.setPortState(id as PortId, each.down.includes(id) ? "down" : "up");
  assert.deepEqual(await readBack(device), model.lines());
  for (const id of ids) {
    assert.deepEqual(copiesOf(device, groupTypes + id), model.multicast(id, 60, each.down));
    assert.deepEqual(copiesOf(device, sessionTypes + id), model.clones(id, 60, each.down));
  }
}

describe("groups and sessions", () => {
  it("are in the store, on frames and in a Read what a naive switch has, whatever fails", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
        const device = await Device.with(program);
        assert.deepEqual(new Set(await device.write("continue-on-error", ...rules())), new Set(["OK"]));
        const model = new NaiveReplication();
        for (const each of steps) await run(device, model, each);
      }),
      { numRuns: fuzzRuns(60) },
    );
  });
});
