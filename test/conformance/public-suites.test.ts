import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { defined } from "../../src/base/invariant.js";
import { Code } from "../../src/base/status.js";
import { ordinaryPort } from "../../src/datapath/port.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, push, rejected, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { Wire } from "../support/wire.js";
import { codeOf, next, told, twoDevices, whole } from "./arbitration.js";
import { etherType, inserting, lldp, metadataTexts, packetOut, publicEntries, sendQuietly } from "./wbb.js";

const twoCircuits = `
listeners: [{ address: 127.0.0.1, insecure: true }]
devices:
  - { device_id: 111, name: card-1, datapath: { type: soft } }
  - { device_id: 222, name: card-2, datapath: { type: soft } }
interfaces:
  a: { port_id: 1, device: 111 }
  b: { port_id: 2, device: 111 }
  c: { port_id: 1, device: 222 }
  d: { port_id: 2, device: 222 }
`;

const port1 = defined(ordinaryPort(1), "an id");

/** As the public suites ask: may this id push a pipeline and write? May it read? */
async function mayWrite(client: P4Client, electionId: number | undefined): Promise<boolean> {
  const claim = inserting([], electionId);
  const pushed = await codeOf(
    client.setPipeline({
      ...claim,
      action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY,
      config: { p4info: {} },
    }),
  );
  const written = await codeOf(client.write(claim));
  assert.equal(pushed === "OK", written === "OK" || written === "FAILED_PRECONDITION", `${pushed}, ${written}`);
  return pushed === "OK";
}

async function mayRead(client: P4Client): Promise<boolean> {
  const { COOKIE_ONLY, P4INFO_AND_COOKIE } = p4.v1.GetForwardingPipelineConfigRequest.ResponseType;
  for (const responseType of [COOKIE_ONLY, P4INFO_AND_COOKIE])
    if ((await codeOf(client.getPipeline({ deviceId: long(1n), responseType }))) !== "OK") return false;
  return true;
}

describe("what public suites rely on, over gRPC", () => {
  noLeaks();

  requirement("FPX-01", "device ids are those of the configuration", async () => {
    await using agent = await Agent.start({ yaml: twoCircuits });
    const client = agent.client();
    for (const id of [111n, 222n]) {
      assert.equal(told(await client.stream().arbitrate(100, { deviceId: long(id) })), "OK 100");
      assert.equal(await codeOf(client.getPipeline({ deviceId: long(id) })), "OK");
    }
    const stranger = client.stream();
    stranger.sendArbitration(100, { deviceId: long(1n) });
    assert.equal((await stranger.ended()).code, Code.NOT_FOUND);
    assert.equal(await codeOf(client.getPipeline({ deviceId: long(1n) })), "NOT_FOUND");
  });

  requirement("FPX-03", "two circuits have a primary with id 100 each, and nothing in common", async () => {
    await using agent = await Agent.start({ yaml: twoCircuits });
    const [one, two] = [agent.client(), agent.client()];
    const first = await primary(one, 100n, "wbb", { deviceId: 111n });
    const second = await primary(two, 100n, "wbb", { deviceId: 222n });
    await one.write(inserting([etherType("88cc")], 100, { deviceId: long(111n) }));
    await two.write(inserting([etherType("6007")], 100, { deviceId: long(222n) }));
    for (const [client, id] of [
      [one, 111n],
      [two, 222n],
    ] as const)
      assert.equal((await client.read({ deviceId: long(id), entities: [{ tableEntry: {} }] })).length, 1);
    using wire = new Wire(agent.device(111n));
    using otherWire = new Wire(agent.device(222n));
    await sendQuietly(first, packetOut([[1, "2"]]));
    assert.deepEqual([wire.taken().length, otherWire.taken().length], [1, 0]);
    for (const id of [111n, 222n]) agent.device(id).injector?.inject(port1, lldp);
    assert.deepEqual(metadataTexts(await first.packetIn())[0], [1, "1"]);
    await first.quiet();
    await second.quiet();
  });

  requirement("FPX-04", "an unset id learns the highest one, and one more wins on the same stream", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    for (const id of [100, 101, 102]) {
      const stream = client.stream();
      assert.equal(told(await stream.arbitrate(id)), `OK ${id}`);
      stream.finish();
      await stream.ended();
    }
    const learner = client.stream();
    const { status, electionId } = await learner.arbitrate(undefined);
    assert.equal(status?.code, Code.NOT_FOUND);
    assert.equal(told(await learner.arbitrate(whole(electionId?.low) + 1n)), "OK 103");
  });

  requirement(["FPX-05", "FPX-11"], "two unset ids are both told NOT_FOUND, may read and may not write", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const streams = [client.stream(), client.stream()];
    for (const stream of streams) assert.equal(told(await stream.arbitrate(undefined)), "NOT_FOUND unset");
    for (const stream of streams) await stream.quiet();
    assert.deepEqual([await mayRead(client), await mayWrite(client, undefined)], [true, false]);
  });

  requirement("FPX-06", "after primary 100 has gone 90 stays backup and 100 wins", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const gone = await primary(client, 100n);
    gone.finish();
    await gone.ended();
    const low = client.stream();
    assert.equal(told(await low.arbitrate(90)), "NOT_FOUND 100");
    assert.deepEqual([await mayRead(client), await mayWrite(client, 90)], [true, false]);
    assert.equal(told(await client.stream().arbitrate(100)), "OK 100");
    assert.equal(await mayWrite(client, 100), true);
    assert.deepEqual(await next(low), ["ALREADY_EXISTS 100"]);
  });

  requirement(
    ["FPX-07", "FPX-08", "FPX-09"],
    "beside primary 100, 90 is backup, 100 is refused and 102 wins",
    async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      const [first, low, same, high] = [await primary(client, 100n), client.stream(), client.stream(), client.stream()];
      assert.equal(told(await low.arbitrate(90)), "ALREADY_EXISTS 100");
      assert.deepEqual([await mayRead(client), await mayWrite(client, 90)], [true, false]);
      same.sendArbitration(100);
      assert.equal((await same.ended()).code, Code.INVALID_ARGUMENT);
      assert.equal(told(await high.arbitrate(102)), "OK 102");
      assert.deepEqual(await next(first, low), ["ALREADY_EXISTS 102", "ALREADY_EXISTS 102"]);
      await first.quiet();
      assert.deepEqual([await mayWrite(client, 100), await mayWrite(client, 102)], [false, true]);
    },
  );

  requirement("FPX-10", "a primary that sends less steps down on a stream that lives", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const stream = await primary(client, 102n);
    assert.equal(told(await stream.arbitrate(99)), "NOT_FOUND 102");
    await stream.quiet();
    assert.deepEqual([await mayWrite(client, 99), await mayWrite(client, 102)], [false, false]);
  });

  requirement(["FPX-19", "FPX-20"], "only the primary of two has packets in and out", async () => {
    await using agent = await Agent.start({ yaml: `${twoDevices}stream_errors: { per_stream_per_second: 1 }` });
    const client = agent.client();
    const [stream, backup] = [await primary(client, 100n), client.stream()];
    await backup.arbitrate(99);
    await client.write(inserting(publicEntries, 100));
    for (let i = 0; i < 100; i++) await client.inject({ dataplaneIngressPort: 1, payload: lldp });
    for (let i = 0; i < 100; i++) await stream.packetIn();
    using wire = new Wire(agent.device());
    for (let i = 0; i < 1000; i++) backup.send(packetOut([[1, "2"]]));
    assert.ok((await backup.error()).packetOut);
    backup.sendArbitration(99);
    let message = await backup.next();
    for (; !message.arbitration; message = await backup.next()) assert.ok(message.error); // a slow machine earns more of them
    assert.equal(told(message.arbitration), "ALREADY_EXISTS 100");
    assert.deepEqual(wire.taken(), []);
  });

  requirement("FPX-37", "a failing Write of one update is UNKNOWN with its reason, and no OK before it", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await primary(client);
    const { code, slots } = await rejected(client.write(inserting([etherType("0800")], 1)));
    assert.equal(code, Code.UNKNOWN);
    assert.deepEqual(
      slots?.map((slot) => slot.code),
      [Code.INVALID_ARGUMENT],
    );
  });

  requirement("FPX-31", "user name and password in the metadata do no harm", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const metadata = new grpc.Metadata();
    metadata.set("username", "admin");
    metadata.set("password", "admin");
    assert.equal(told(await client.stream(metadata).arbitrate(1)), "OK 1");
    await push(client);
    const request = p4.v1.WriteRequest.encode(inserting(publicEntries, 1)).finish();
    await client.unary("/p4.v1.P4Runtime/Write", request, p4.v1.WriteResponse, metadata);
    await client.unary("/p4.v1.P4Runtime/Capabilities", new Uint8Array(0), p4.v1.CapabilitiesResponse, metadata);
  });

  requirement(
    ["FPX-32", "FPX-35"],
    "the reply comes first, with device and OK; half-closing ends with OK",
    async () => {
      await using agent = await Agent.start({ yaml: twoCircuits });
      const client = agent.client();
      const stream = client.stream();
      const { deviceId, status } = await stream.arbitrate(1, { deviceId: long(222n) });
      assert.deepEqual([whole(deviceId), status?.code ?? 0], [222n, Code.OK]);
      stream.finish();
      assert.equal((await stream.ended()).code, Code.OK);
    },
  );
});
