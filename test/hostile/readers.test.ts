import assert from "node:assert/strict";
import type * as grpc from "@grpc/grpc-js";
import { setTimeout as delay } from "node:timers/promises";
import { acl, aclProgram, packetOut } from "../support/acl-program.js";
import { ethernet, ipv4, udp } from "../support/frame-builder.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, uint128 } from "../support/p4-client.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { allocatorKeeps, MiB } from "./daemon.js";
import { RawClient, writeAll } from "./raw-client.js";
import { Scene } from "./scene.js";

const role = "hostile";
const electionId = uint128(3n);
const deviceId = long(1n);
/** What a client that never reads may cost, backlog and messages in flight together. */
const perClient = 64 * MiB;
/** Frames to this address are copied to the CPU. */
const copied = { address: "10.9.9.9", value: Buffer.from([10, 9, 9, 9]) };
const anyBits = Buffer.from("ffffffff", "hex");

function insert(i: number, address: Uint8Array): p4.v1.Update.$Properties {
  const match = [{ fieldId: acl.destination, ternary: { value: address, mask: anyBits } }];
  const action = { action: { actionId: acl.copy } };
  const tableEntry = { tableId: acl.table, match, priority: i + 2, action };
  return { type: p4.v1.Update.Type.INSERT, entity: { tableEntry } };
}

function* times<T>(count: number, item: T): Generator<T> {
  for (let i = 0; i < count; i++) yield item;
}

const arbitration = p4.v1.StreamMessageRequest.encode({
  arbitration: { deviceId, role: { name: role }, electionId },
}).finish();

const subscribeResults = "/fourward.dataplane.Dataplane/SubscribeResults";
const streamChannel = "/p4.v1.P4Runtime/StreamChannel";
const getPipeline = "/p4.v1.P4Runtime/GetForwardingPipelineConfig";
const program = aclProgram({ ports: "sdn_bitwidth" });

/** A PacketOut that the ACL sees, of `length` bytes. */
function submitted(length: number): Uint8Array {
  const frame = ethernet(ipv4({ dst: copied.address }, [...udp(1, 2), ...new Array<number>(length).fill(0)]));
  const metadata = [{ metadataId: packetOut.submitToIngress, value: Buffer.from([1]) }];
  return p4.v1.StreamMessageRequest.encode({ packet: { payload: frame, metadata } }).finish();
}

describe("a client that never reads", () => {
  noLeaks();
  let scene: Scene;
  let controller: P4Client;
  const held = 2001;

  before(async function () {
    this.timeout(60_000);
    scene = await Scene.start();
    controller = new P4Client(`127.0.0.1:${scene.port}`);
    const stream = controller.stream();
    await stream.arbitrate(3n, { role: { name: role } });
    const address = (i: number) => Buffer.from([20, 0, i >> 8, i & 255]);
    const updates = Array.from({ length: held - 1 }, (_, i) => insert(i, address(i)));
    await controller.write({ deviceId, role, electionId, updates: [...updates, insert(0, copied.value)] });
    stream.cancel();
    await stream.ended();
    await warmUp();
  });
  after(async () => {
    controller.close();
    await scene[Symbol.asyncDispose]();
  });

  /**
   * Brings the daemon to what a first primary and a first subscriber that do not read make of it. The tests below hold
   * that memory does not grow beyond that by repetition. They do not hold what the first such client costs, nor that it
   * is given back: from a cold start that is more than `perClient` for a subscriber, and the C library keeps it.
   */
  async function warmUp(): Promise<void> {
    for (let i = 0; i < 50; i++)
      await controller.readResponses({ deviceId, entities: [{ tableEntry: { tableId: acl.table } }] });
    using client = new RawClient(scene.port);
    const calls = [client.bidi(streamChannel), unread(client, subscribeResults, new Uint8Array(0))];
    for (const call of calls.slice(0, 1)) {
      await writeAll(call, [arbitration]);
      await writeAll(call, times(20_000, submitted(1400)));
    }
    await delay(500);
    for (const call of calls) call.cancel();
  }

  /** Runs `attack`, which returns what still has to be ended; memory is bounded, and comes back. */
  async function bounded(attack: () => Promise<() => void>, bound = perClient): Promise<void> {
    const idle = await scene.daemon.settled(0, 3000);
    const allowed = bound + allocatorKeeps; // resident memory also holds garbage that nobody has collected yet
    let growth = Infinity;
    const seen: number[] = [];
    for (let i = 0; i < 3 && growth > allowed; i++) {
      let end: () => void = () => {};
      const peak = await scene.daemon.peakOf(() =>
        scene.withstands(async () => {
          end();
          end = await attack();
        }, held),
      );
      end();
      growth = peak - idle;
      seen.push(growth);
    }
    const wanted = idle * 1.2 + allocatorKeeps;
    const settled = await scene.daemon.settled(wanted);
    if (process.env["P4RTD_HOSTILE_REPORT"] !== undefined)
      console.log(`      idle ${mib(idle)}, grew by ${seen.map(mib).join(", ")}, settled at ${mib(settled)} MiB`);
    assert.ok(growth <= allowed, `memory grew by ${seen.map(mib).join(", ")} MiB`);
    assert.ok(settled <= wanted, `${mib(settled)} MiB 10 s after, ${mib(idle)} MiB before`);
  }

  for (const length of [64, 1400])
    it(`costs its backlog: a primary, while 200,000 frames of ${length} bytes are punted`, async function () {
      this.timeout(120_000);
      using client = new RawClient(scene.port);
      await bounded(async () => {
        const call = client.bidi(streamChannel);
        await writeAll(call, [arbitration]);
        await writeAll(call, times(length === 64 ? 200_000 : 60_000, submitted(length)));
        return () => call.cancel();
      });
    });

  it("costs what is in flight: a Read of everything, over and over", async function () {
    this.timeout(60_000);
    using client = new RawClient(scene.port);
    const entities = Array.from({ length: 2000 }, () => ({ tableEntry: { tableId: acl.table } }));
    const request = p4.v1.ReadRequest.encode({ deviceId, entities }).finish();
    await bounded(async () => {
      const call = unread(client, "/p4.v1.P4Runtime/Read", request);
      await delay(1500);
      return () => call.cancel();
    });
  });

  it("costs no more with a hundred such Reads on one connection", async function () {
    this.timeout(60_000);
    using client = new RawClient(scene.port);
    const entities = Array.from({ length: 200 }, () => ({ tableEntry: { tableId: acl.table } }));
    const request = p4.v1.ReadRequest.encode({ deviceId, entities }).finish();
    await bounded(async () => {
      const calls = Array.from({ length: 100 }, () => unread(client, "/p4.v1.P4Runtime/Read", request));
      await delay(4000);
      return () => calls.forEach((call) => call.cancel());
    });
  });

  it("costs its backlog: a subscriber of results", async function () {
    this.timeout(60_000);
    using client = new RawClient(scene.port);
    await bounded(async () => {
      const call = unread(client, subscribeResults, new Uint8Array(0));
      const out = client.bidi(streamChannel);
      out.resume();
      await writeAll(out, [arbitration]);
      await writeAll(out, times(60_000, submitted(1400)));
      return () => {
        call.cancel();
        out.cancel();
      };
    });
  });

  it("costs one answer: a pipeline config of 8 MiB, asked for 40 times, over and over", async function () {
    this.timeout(60_000);
    const stream = controller.stream();
    await stream.arbitrate(3n, { deviceId: long(2n), role: { name: role } });
    const config = { p4info: p4.config.v1.P4Info.decode(program), p4DeviceConfig: Buffer.alloc(8 * MiB, 7) };
    const action = p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT;
    await controller.setPipeline({ deviceId: long(2n), role, electionId, action, config });
    stream.cancel();
    const request = p4.v1.GetForwardingPipelineConfigRequest.encode({ deviceId: long(2n) }).finish();
    using client = new RawClient(scene.port);
    await bounded(async () => {
      const calls = Array.from({ length: 40 }, () => unread(client, getPipeline, request));
      await delay(1500);
      return () => calls.forEach((call) => call.cancel());
    });
    const { code } = await client.call(getPipeline, "unary", request);
    assert.equal(code, 0, "who reads is served");
  });

  it("costs what it asked for at once: reflection, 20,000 times", async function () {
    this.timeout(60_000);
    using client = new RawClient(scene.port);
    const symbol = Buffer.from("p4.v1.P4Runtime");
    const request = Buffer.concat([Buffer.from([0x22, symbol.length]), symbol]); // file_containing_symbol
    await bounded(async () => {
      const call = client.bidi("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
      await Promise.race([writeAll(call, times(20_000, request)), delay(3000)]);
      return () => call.cancel();
    });
  });
});

function unread(client: RawClient, path: string, request: Uint8Array): grpc.ClientDuplexStream<Buffer, Buffer> {
  const call = client.bidi(path);
  call.write(Buffer.from(request));
  call.end();
  return call;
}

function mib(bytes: number): string {
  return (bytes / MiB).toFixed(0);
}
