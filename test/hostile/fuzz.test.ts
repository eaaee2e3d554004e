import assert from "node:assert/strict";
import { finish } from "../../src/base/steps.js";
import { StatusError } from "../../src/base/status.js";
import type { FrameResult } from "../../src/datapath/injector.js";
import { cpuPort, ordinaryPort, type PortId } from "../../src/datapath/port.js";
import type { Replica } from "../../src/datapath/replication.js";
import type { PuntAction, RuleAction } from "../../src/datapath/rule.js";
import { SoftDatapath } from "../../src/datapath/soft/soft-datapath.js";
import { indexP4Info } from "../../src/pipeline/index-p4info.js";
import { decodeInjectRequest } from "../../src/wire/dataplane.js";
import { decodeP4Info } from "../../src/wire/decode-p4info.js";
import { decodeRoleConfig, roleConfigType } from "../../src/wire/decode-role-config.js";
import { decodeReadRequest } from "../../src/wire/decode-read.js";
import { StreamDecoder } from "../../src/wire/decode-stream.js";
import { decodeWriteRequest } from "../../src/wire/decode-write.js";
import { fourward, p4 } from "../../src/wire/gen/proto.js";
import { decodeSetPipelineRequest } from "../../src/wire/decode-set-pipeline.js";
import { decodeGetPipelineRequest } from "../../src/wire/pipeline-config.js";
import { entitySchema } from "../../src/entity/schema.js";
import { Agent } from "../support/agent.js";
import { sampleFrames } from "../support/any-frame.js";
import { fuzzRuns } from "../support/fuzz-runs.js";
import { stepsTo } from "../support/program-options.js";
import { always, rule, type Matches } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { P4Client, type Entity } from "../support/p4-client.js";
import {
  anyPush,
  anyRead,
  anyRoleConfig,
  anyWrite,
  claimOf,
  deviceId,
  electionId,
  everything,
  fuzzPrograms,
} from "./fuzz-messages.js";
import { fuzzSeed, Random } from "./random.js";
import { RawClient } from "./raw-client.js";

const frames = fuzzRuns(1_000_000);
const decoded = fuzzRuns(90_000);
const sent = fuzzRuns(10_000);
const inFlight = 32;

const [first = new Uint8Array(0), ...others] = sampleFrames;
const samples = [first, ...others] as const;

/** A sample with some bytes changed, cut off or said twice; seldom left as it is. */
function mutated(random: Random, sample: Uint8Array): Buffer {
  let bytes = Buffer.from(sample);
  for (let i = random.below(4); i > 0 && bytes.length > 0; i--) {
    const at = random.below(bytes.length);
    const kind = random.below(6);
    if (kind < 3) bytes[at] = random.below(256);
    else if (kind === 3) bytes = bytes.subarray(0, at);
    else if (kind === 4)
      bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(8)), bytes.subarray(at)]);
    else bytes = Buffer.concat([bytes, bytes.subarray(at, at + random.below(64))]);
  }
  return bytes;
}

function anyStreamMessage(random: Random): Uint8Array {
  const metadata = [{ metadataId: 1 + random.below(3), value: random.bytes(random.below(4)) }];
  const packet = { payload: mutated(random, random.of(samples)), metadata };
  return p4.v1.StreamMessageRequest.encode(
    random.oneIn(5) ? { digestAck: { digestId: random.below(9) } } : { packet },
  ).finish();
}

const get = p4.v1.GetForwardingPipelineConfigRequest.encode({ deviceId }).finish();

function anyInject(random: Random): Uint8Array {
  const payload = mutated(random, random.of(samples));
  return fourward.dataplane.InjectPacketRequest.encode({ dataplaneIngressPort: random.below(6), payload }).finish();
}

describe("fuzzing", () => {
  noLeaks();
  const seed = fuzzSeed();
  before(() => console.log(`      seed ${seed}: P4RTD_FUZZ_SEED=${seed} repeats it`));

  it(`${frames} frames through rules of all kinds give a result each`, function () {
    this.timeout(90_000);
    const random = new Random(seed);
    const ports = [1, 2, 3].map((id) => ordinaryPort(id)).filter((id) => id !== undefined);
    const datapath = new SoftDatapath({
      ports: ports.map((id) => ({ id, name: `p${id}` })),
      routes: [{ prefix: Uint8Array.from([10, 0, 0, 0]), length: 8, port: ports[1] as PortId }], // it is one of three
    });
    let pool: Buffer[] = [];
    let down = 0;
    for (let i = 0; i < frames; i++) {
      if (i % 10_000 === 0) {
        install(datapath, random);
        pool = Array.from({ length: 1000 }, () => mutated(random, random.of(samples)));
      }
      const frame = pool[random.below(pool.length)] ?? Buffer.alloc(0);
      const port = ports[random.below(ports.length)] as PortId; // one of three
      const result = datapath.inject(port, frame);
      assert.ok(result !== "unknown-port");
      if (result.dropped === "ingress-port-down") down++;
      checkResult(result, frame);
    }
    assert.equal(datapath.stats().classified + down, frames);
  });

  it(`${decoded} messages through the decoders give a value or a status`, function () {
    this.timeout(90_000);
    const random = new Random(seed + 1);
    const schema = entitySchema(indexP4Info(decodeP4Info(fuzzPrograms[0])), "exact", {
      isPort: () => true,
      ports: () => [],
      meterCounters: true,
    });
    const stream = new StreamDecoder();
    const decoders: readonly (readonly [(random: Random) => Uint8Array, (bytes: Uint8Array) => unknown])[] = [
      [
        anyWrite,
        (bytes) => {
          const { updates } = decodeWriteRequest(bytes);
          for (let i = 0; i < updates.count; i++) valueOrStatus(() => updates.decode(i, schema));
        },
      ],
      [
        anyRead,
        (bytes) => {
          const { queries } = decodeReadRequest(bytes);
          for (let i = 0; i < queries.count; i++) valueOrStatus(() => queries.decode(i, schema));
        },
      ],
      [anyStreamMessage, (bytes) => stream.decode(bytes)],
      [anyInject, decodeInjectRequest],
      [() => get, decodeGetPipelineRequest],
      [anyPush, (bytes) => finish(decodeSetPipelineRequest(bytes).config?.p4info.decode() ?? stepsTo(undefined))],
      [(any) => any.of(fuzzPrograms), (bytes) => indexP4Info(decodeP4Info(bytes))],
      [anyRoleConfig, (value) => decodeRoleConfig({ typeUrl: roleConfigType, value })],
    ];
    for (let i = 0; i < decoded; i++) {
      const [make, decode] = decoders[i % decoders.length] ?? [() => get, decodeGetPipelineRequest];
      const bytes = random.oneIn(10) ? random.bytes(random.below(100)) : mutated(random, make(random));
      valueOrStatus(() => decode(bytes));
    }
  });

  it(`${sent} messages to an agent leave it with what it says it has`, async function () {
    this.timeout(90_000);
    const random = new Random(seed + 2);
    await using agent = await Agent.start();
    const controller = agent.client();
    const stream = controller.stream();
    await stream.arbitrate(1n);
    await commit(controller, fuzzPrograms[0]);
    using raw = new RawClient(agent.port);
    const calls = [
      ["/p4.v1.P4Runtime/Write", "unary", anyWrite],
      ["/p4.v1.P4Runtime/Write", "unary", anyWrite],
      ["/p4.v1.P4Runtime/Read", "unary", anyRead],
      ["/p4.v1.P4Runtime/SetForwardingPipelineConfig", "unary", anyPush],
      ["/p4.v1.P4Runtime/GetForwardingPipelineConfig", "unary", () => get],
      ["/fourward.dataplane.Dataplane/InjectPacket", "unary", anyInject],
    ] as const;
    const out = raw.bidi("/p4.v1.P4Runtime/StreamChannel");
    out.resume();
    let left = sent;
    const worker = async () => {
      while (left-- > 0) {
        if (random.oneIn(20)) {
          const claim = claimOf(random.oneIn(2) ? mutated(random, anyRoleConfig(random)) : anyRoleConfig(random));
          await claimed(raw, claim, mutated(random, anyStreamMessage(random)));
          continue;
        }
        if (random.oneIn(4)) {
          out.write(mutated(random, anyStreamMessage(random)));
          await new Promise((resolve) => setImmediate(resolve));
          continue;
        }
        const [path, kind, make] = random.of(calls);
        const { code, details } = await raw.call(path, kind, mutated(random, make(random)));
        assert.ok(
          code !== 13 && (code !== 2 || / of \d+ (updates|requests) failed/.test(details)),
          `${code} ${details}`,
        );
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    out.cancel();
    await sameAsFresh(agent, controller, random);
    stream.cancel();
  });
});

function valueOrStatus(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

/** The CPU, a port or the replicas of a group, and those of a session get it, as it came or its first bytes. */
function checkResult(result: FrameResult, frame: Uint8Array): void {
  if (result.outputs.length > 1 + 2 * maxReplicas) assert.fail(`${result.outputs.length} outputs`);
  for (const { frame: sent, instance } of result.outputs) {
    const cut = instance !== undefined && sent.length < frame.length;
    if (sent !== frame && !(cut && Buffer.compare(sent, frame.subarray(0, sent.length)) === 0))
      assert.fail("the frame was changed");
  }
  if (result.outputs.length === 0 && result.dropped === undefined) assert.fail("it went nowhere for no reason");
}

const maxReplicas = 3;
const verdicts = ["drop", "trap", "copy", "deny", "copy-cancel", "forward"] as const;
const somePort = (random: Random) => (1 + random.below(4)) as PortId; // the last is none of the switch

function anyReplicas(random: Random): Replica[] {
  return Array.from({ length: random.below(1 + maxReplicas) }, (_, instance) => {
    const backups = random.oneIn(3) ? [{ port: somePort(random), instance: 9 }] : [];
    return { port: random.oneIn(6) ? cpuPort : somePort(random), instance, backups };
  });
}

function anyPuntAction(random: Random): PuntAction {
  const redirect = random.oneIn(2)
    ? ({ kind: "port", port: somePort(random) } as const)
    : ({ kind: "multicast", group: 1 + random.below(3) } as const);
  return {
    ...always(random.of(verdicts)),
    ...(random.oneIn(3) && { redirect }),
    ...(random.oneIn(3) && { mirror: 1 + random.below(3) }),
  };
}

function anyRuleAction(random: Random): RuleAction {
  if (!random.oneIn(3)) return anyPuntAction(random);
  const choices = Array.from({ length: random.below(5) }, () => {
    const watch = random.oneIn(2) ? somePort(random) : undefined;
    return { action: anyPuntAction(random), weight: 1 + random.below(5), watch };
  });
  return { mode: random.of(["hash", "random"] as const), choices };
}

function install(datapath: SoftDatapath, random: Random): void {
  for (const { id } of datapath.stats().ports)
    if (id !== cpuPort) datapath.setPortState(id, random.oneIn(4) ? "down" : "up");
  const plan = datapath.plan();
  assert.ok(plan.reset([{ name: "t", maxMasks: 256 }]).ok);
  for (let i = random.below(60); i > 0; i--) {
    const match: Matches = random.oneIn(2)
      ? { ether_type: [random.below(65_536), random.of([0xffff, 0xff00, 0])] }
      : { dst_ipv4: [random.next(), random.of([0xffffffff, 0xff000000, 0])] };
    plan.add(rule({ priority: random.below(10), match, action: anyRuleAction(random) }));
  }
  for (const id of [1, 2]) {
    plan.setMulticastGroup(id, anyReplicas(random));
    plan.setCloneSession(id, { replicas: anyReplicas(random), maxBytes: random.below(2) * 40 });
  }
  void plan.commit();
}

async function commit(client: P4Client, program: Uint8Array): Promise<void> {
  await client.setPipeline({
    deviceId,
    electionId,
    action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
    config: { p4info: p4.config.v1.P4Info.decode(program) },
  });
}

/** A controller of another role that comes with `claim`, sends `message` and leaves. */
async function claimed(raw: RawClient, claim: Uint8Array, message: Uint8Array): Promise<void> {
  const stream = raw.bidi("/p4.v1.P4Runtime/StreamChannel");
  stream.on("error", () => undefined); // it may be refused, and is cancelled
  await new Promise<void>((resolve) => {
    stream.once("data", resolve);
    stream.once("end", resolve);
    stream.once("error", resolve);
    stream.write(Buffer.from(claim));
  });
  stream.resume();
  stream.write(Buffer.from(message));
  stream.cancel();
}

/** What chooses at random chooses otherwise each time. */
const isRandom = ({ tableEntry }: Entity) =>
  tableEntry?.action?.actionProfileActionSet?.actionSelectionMode ===
  p4.v1.ActionProfileActionSet.ActionSelectionMode.RANDOM;

/** Texts of `entities`, in an order of their own. */
const textsOf = (entities: readonly Entity[]) =>
  entities.map((entity) => JSON.stringify(p4.v1.Entity.fromObject(entity).toJSON())).sort();

/** An agent that has been given what `fuzzed` has, and nothing else, tells the same and does the same with frames. */
async function sameAsFresh(fuzzed: Agent, controller: P4Client, random: Random): Promise<void> {
  const { INSERT, MODIFY, DELETE } = p4.v1.Update.Type;
  const changing = (await controller.read({ deviceId, entities: [{ tableEntry: {} }] })).filter(isRandom);
  if (changing.length > 0)
    await controller.write({ deviceId, electionId, updates: changing.map((entity) => ({ type: DELETE, entity })) });
  const { config } = await controller.getPipeline({ deviceId });
  const entities = await controller.read({ deviceId, entities: [...everything] });
  await using fresh = await Agent.start();
  const client = fresh.client();
  const stream = client.stream();
  await stream.arbitrate(1n);
  await commit(client, p4.config.v1.P4Info.encode(config?.p4info ?? {}).finish());
  const updates = entities.map((entity) => ({
    type: entity.counterEntry != null || entity.meterEntry != null ? MODIFY : INSERT,
    entity,
  }));
  if (updates.length > 0) await client.write({ deviceId, electionId, updates });
  assert.deepEqual(textsOf(await client.read({ deviceId, entities: [...everything] })), textsOf(entities));
  const other = fuzzed.client();
  for (let i = 0; i < 200; i++) {
    const request = { dataplaneIngressPort: 1, payload: mutated(random, random.of(samples)) };
    const [a, b] = await Promise.all([client.inject(request), other.inject(request)]);
    assert.deepEqual(a.possibleOutcomes, b.possibleOutcomes);
  }
  stream.cancel();
}
