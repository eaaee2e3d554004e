import assert from "node:assert/strict";
import { finish } from "../../src/base/steps.js";
import { StatusError } from "../../src/base/status.js";
import type { FrameResult } from "../../src/datapath/injector.js";
import { ordinaryPort, type PortId } from "../../src/datapath/port.js";
import { SoftDatapath } from "../../src/datapath/soft/soft-datapath.js";
import { indexP4Info } from "../../src/pipeline/index-p4info.js";
import { decodeInjectRequest } from "../../src/wire/dataplane.js";
import { decodeP4Info } from "../../src/wire/decode-p4info.js";
import { decodeReadRequest } from "../../src/wire/decode-read.js";
import { StreamDecoder } from "../../src/wire/decode-stream.js";
import { decodeWriteRequest } from "../../src/wire/decode-write.js";
import { fourward, p4 } from "../../src/wire/gen/proto.js";
import { decodeSetPipelineRequest } from "../../src/wire/decode-set-pipeline.js";
import { decodeGetPipelineRequest } from "../../src/wire/pipeline-config.js";
import { entitySchema } from "../../src/entity/schema.js";
import { acl, aclProgram } from "../support/acl-program.js";
import { Agent } from "../support/agent.js";
import { sampleFrames } from "../support/any-frame.js";
import { fuzzRuns } from "../support/fuzz-runs.js";
import { stepsTo } from "../support/program-options.js";
import { rule, type Matches } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, uint128, type Entity } from "../support/p4-client.js";
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

const program = aclProgram({ ports: "untranslated" });
const { INSERT, MODIFY, DELETE } = p4.v1.Update.Type;
const updateTypes = [INSERT, INSERT, MODIFY, DELETE] as const;
const { CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC } = p4.v1.WriteRequest.Atomicity;
const atomicities = [CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC] as const;
const deviceId = long(1n);
const electionId = uint128(1n);

function anyEntry(random: Random): p4.v1.TableEntry.$Properties {
  const etherType = random.of(["0800", "86dd", "88cc", "0806"]);
  const match = [
    { fieldId: acl.etherType, ternary: { value: Buffer.from(etherType, "hex"), mask: Buffer.from("ffff", "hex") } },
  ];
  const action = { action: { actionId: random.of([acl.trap, acl.copy]) } };
  return { tableId: acl.table, match: random.oneIn(4) ? [] : match, priority: 1 + random.below(20), action };
}

function anyWrite(random: Random): Uint8Array {
  const updates = Array.from({ length: 1 + random.below(4) }, () => ({
    type: random.of(updateTypes),
    entity: { tableEntry: anyEntry(random) },
  }));
  return p4.v1.WriteRequest.encode({ deviceId, electionId, updates, atomicity: random.of(atomicities) }).finish();
}

function anyRead(random: Random): Uint8Array {
  const entities = [
    { tableEntry: random.oneIn(2) ? { tableId: acl.table } : anyEntry(random) },
    random.oneIn(2) ? { directCounterEntry: { tableEntry: {} } } : { counterEntry: { counterId: random.below(9) } },
  ];
  return p4.v1.ReadRequest.encode({ deviceId, entities }).finish();
}

function anyStreamMessage(random: Random): Uint8Array {
  const metadata = [{ metadataId: 1 + random.below(3), value: random.bytes(random.below(4)) }];
  const packet = { payload: mutated(random, random.of(samples)), metadata };
  return p4.v1.StreamMessageRequest.encode(
    random.oneIn(5) ? { digestAck: { digestId: random.below(9) } } : { packet },
  ).finish();
}

const get = p4.v1.GetForwardingPipelineConfigRequest.encode({ deviceId }).finish();
const set = p4.v1.SetForwardingPipelineConfigRequest.encode({
  deviceId,
  electionId,
  action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY,
  config: { p4info: p4.config.v1.P4Info.decode(program) },
}).finish();

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
    for (let i = 0; i < frames; i++) {
      if (i % 10_000 === 0) {
        install(datapath, random);
        pool = Array.from({ length: 1000 }, () => mutated(random, random.of(samples)));
      }
      const frame = pool[random.below(pool.length)] ?? Buffer.alloc(0);
      const port = ports[random.below(ports.length)] as PortId; // one of three
      const result = datapath.inject(port, frame);
      assert.ok(result !== "unknown-port");
      checkResult(result, frame);
    }
    assert.equal(datapath.stats().classified, frames);
  });

  it(`${decoded} messages through the decoders give a value or a status`, function () {
    this.timeout(90_000);
    const random = new Random(seed + 1);
    const schema = entitySchema(indexP4Info(decodeP4Info(program)), "exact", {
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
      [() => set, (bytes) => finish(decodeSetPipelineRequest(bytes).config?.p4info.decode() ?? stepsTo(undefined))],
      [() => program, (bytes) => indexP4Info(decodeP4Info(bytes))],
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
    await commit(controller);
    using raw = new RawClient(agent.port);
    const calls = [
      ["/p4.v1.P4Runtime/Write", "unary", anyWrite],
      ["/p4.v1.P4Runtime/Write", "unary", anyWrite],
      ["/p4.v1.P4Runtime/Read", "unary", anyRead],
      ["/p4.v1.P4Runtime/GetForwardingPipelineConfig", "unary", () => get],
      ["/fourward.dataplane.Dataplane/InjectPacket", "unary", anyInject],
    ] as const;
    const out = raw.bidi("/p4.v1.P4Runtime/StreamChannel");
    out.resume();
    let left = sent;
    const worker = async () => {
      while (left-- > 0) {
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
    const entities = await controller.read({ deviceId, entities: [{ tableEntry: { tableId: acl.table } }] });
    await sameAsFresh(entities, agent, random);
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

/** At most the CPU and one port get it, as it came. */
function checkResult(result: FrameResult, frame: Uint8Array): void {
  if (result.outputs.length > 2) assert.fail(`${result.outputs.length} outputs`);
  for (const output of result.outputs) if (output.frame !== frame) assert.fail("the frame was changed");
  if (result.outputs.length === 0 && result.dropped === undefined) assert.fail("it went nowhere for no reason");
}

function install(datapath: SoftDatapath, random: Random): void {
  const plan = datapath.plan();
  assert.ok(plan.reset([{ name: "t", maxMasks: 256 }]).ok);
  for (let i = random.below(60); i > 0; i--) {
    const match: Matches = random.oneIn(2)
      ? { ether_type: [random.below(65_536), random.of([0xffff, 0xff00, 0])] }
      : { dst_ipv4: [random.next(), random.of([0xffffffff, 0xff000000])] };
    const action = random.of(["drop", "trap", "copy", "deny", "copy-cancel", "forward"] as const);
    plan.add(rule({ priority: random.below(10), match, action }));
  }
  void plan.commit();
}

async function commit(client: P4Client): Promise<void> {
  await client.setPipeline({
    deviceId,
    electionId,
    action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
    config: { p4info: p4.config.v1.P4Info.decode(program) },
  });
}

/** An agent that has been given `entities` and nothing else does the same with frames as `fuzzed` does. */
async function sameAsFresh(entities: readonly Entity[], fuzzed: Agent, random: Random): Promise<void> {
  await using fresh = await Agent.start();
  const client = fresh.client();
  const stream = client.stream();
  await stream.arbitrate(1n);
  await commit(client);
  const updates = entities.map((entity) => ({ type: p4.v1.Update.Type.INSERT, entity }));
  if (updates.length > 0) await client.write({ deviceId, electionId, updates });
  const other = fuzzed.client();
  for (let i = 0; i < 200; i++) {
    const request = { dataplaneIngressPort: 1, payload: mutated(random, random.of(samples)) };
    const [a, b] = await Promise.all([client.inject(request), other.inject(request)]);
    assert.deepEqual(a.possibleOutcomes, b.possibleOutcomes);
  }
  stream.cancel();
}
