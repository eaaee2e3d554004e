/** How failed batches are told: trailer, slots, messages. */
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { Code } from "../../src/base/status.js";
import { google, p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { aclEntry, insert, noteEntry, remove, write } from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, uint128, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, ALREADY_EXISTS, INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED } = Code;

/** A batch of six: three that succeed, and one of each of three failures between them. */
const mixed = [
  insert(aclEntry(1)),
  insert(aclEntry(1)),
  insert(aclEntry(2)),
  remove(aclEntry(9)),
  { type: lab.Type.INSERT, entity: { valueSetEntry: {} } },
  insert(noteEntry(3)),
];
const mixedCodes = [OK, ALREADY_EXISTS, OK, NOT_FOUND, UNIMPLEMENTED, OK];

describe("error reporting", () => {
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

  requirement(["ERR-01", "WRT-37"], "success is OK with an empty response, no message and no details", async () => {
    const request = { deviceId: long(1n), electionId: uint128(1n), updates: [insert(aclEntry(1))] };
    const { response, status } = await rawWrite(agent, p4.v1.WriteRequest.encode(request).finish());
    assert.equal(response?.length, 0);
    assert.deepEqual([status.code, status.details, grpcKeys(status)], [grpc.status.OK, "", []]);
  });

  for (const { what, change, want } of [
    { what: "an unknown device", change: { deviceId: long(9n) }, want: Code.NOT_FOUND },
    { what: "an unknown role", change: { role: "nobody" }, want: Code.NOT_FOUND },
    { what: "another election id", change: { electionId: uint128(9n) }, want: Code.PERMISSION_DENIED },
    {
      what: "an unknown atomicity",
      change: { atomicity: 9 as unknown as p4.v1.WriteRequest.Atomicity },
      want: UNIMPLEMENTED,
    },
  ])
    requirement(["ERR-02", "ERR-10"], `${what} fails the RPC: its code, a message, no details`, async () => {
      const failure = await rejected(write(client, mixed, change));
      assert.deepEqual([failure.code, failure.slots], [want, undefined]);
      assert.notEqual(failure.message, "");
      assert.deepEqual(await lab.etherTypes(client), []);
    });

  requirement("ERR-02", "bytes that are no request fail the RPC without details", async () => {
    const { status } = await rawWrite(agent, Buffer.from("22ff", "hex"));
    assert.deepEqual([status.code, grpcKeys(status)], [grpc.status.INVALID_ARGUMENT, []]);
  });

  for (const { what, update } of [
    { what: "an entry that exists", update: insert(aclEntry(7)) },
    { what: "an entry that does not exist", update: remove(aclEntry(8)) },
    { what: "a malformed entry", update: insert({ tableId: 0 }) },
    { what: "an entity that is not offered", update: { type: lab.Type.INSERT, entity: { registerEntry: {} } } },
  ])
    requirement("ERR-03", `a batch of one with ${what} fails with UNKNOWN`, async () => {
      await write(client, [insert(aclEntry(7))]);
      const failure = await rejected(write(client, [update]));
      assert.deepEqual([failure.code, failure.slots?.length], [Code.UNKNOWN, 1]);
    });

  requirement(["ERR-04", "ERR-11"], "has one slot per update in the order of the request", async () => {
    const failure = await rejected(write(client, mixed));
    assert.equal(failure.code, Code.UNKNOWN);
    assert.deepEqual(
      failure.slots?.map(({ code }) => code),
      mixedCodes,
    );
  });

  requirement(
    ["ERR-05", "ERR-06"],
    "a slot that succeeded is empty, one that failed has a code and a message",
    async () => {
      const { details } = await rejected(write(client, mixed));
      for (const [i, any] of (details?.details ?? []).entries()) {
        const error = p4.v1.Error.decode(any.value ?? new Uint8Array(0));
        if (mixedCodes[i] === OK) assert.equal(any.value?.length ?? 0, 0, "nothing but the type");
        else assert.deepEqual([error.canonicalCode, error.message !== "", error.space], [mixedCodes[i], true, "p4rtd"]);
      }
    },
  );

  requirement(
    ["ERR-07", "ERR-09"],
    "the trailer holds a google.rpc.Status with the RPC's own code and message",
    async () => {
      const request = { deviceId: long(1n), electionId: uint128(1n), updates: mixed };
      const { status } = await rawWrite(agent, p4.v1.WriteRequest.encode(request).finish());
      assert.deepEqual(grpcKeys(status), ["grpc-status-details-bin"]);
      const [bytes, ...others] = status.metadata.get("grpc-status-details-bin");
      assert.deepEqual(others, []);
      const { code, message } = google.rpc.Status.decode(bytes as Buffer);
      assert.deepEqual([code, message], [status.code, status.details]);
      assert.equal(code, grpc.status.UNKNOWN);
      assert.match(message, /^3 of 6 updates failed; first: #1 ALREADY_EXISTS ./);
    },
  );

  requirement(["ERR-08", "FPX-18"], "every detail is an Any of p4.v1.Error", async () => {
    const { details } = await rejected(write(client, mixed));
    const types = new Set(details?.details.map(({ type_url }) => type_url));
    assert.deepEqual([...types], ["type.googleapis.com/p4.v1.Error"]);
  });

  requirement("ERR-11", "details never come with success, and never all OK", async () => {
    await write(client, [insert(aclEntry(1)), insert(aclEntry(2))]);
    for (const batch of [[remove(aclEntry(9))], mixed, [...mixed].reverse()]) {
      const failure = await rejected(write(client, batch));
      assert.equal(failure.code, Code.UNKNOWN);
      assert.ok(failure.slots?.some(({ code }) => code !== OK));
    }
  });

  requirement("ERR-14", "a Read that fails in part has one slot per request", async () => {
    await write(client, [insert(aclEntry(1))]);
    const entities = [{ tableEntry: {} }, { tableEntry: { tableId: 7 } }, { tableEntry: {} }, { registerEntry: {} }];
    const { entities: given, failure } = await client.failedRead({ deviceId: long(1n), entities });
    assert.equal(given.length, 2);
    assert.equal(failure.code, Code.UNKNOWN);
    assert.deepEqual([failure.details?.code, failure.details?.message], [failure.code, failure.message]);
    assert.deepEqual(
      failure.slots?.map(({ code }) => code),
      [OK, INVALID_ARGUMENT, OK, UNIMPLEMENTED],
    );
    assert.match(failure.message, /^2 of 4 requests failed; first: #1 INVALID_ARGUMENT ./);
  });

  requirement("FPX-37", "a single failing update has UNKNOWN with details that are not empty", async () => {
    const failure = await rejected(write(client, [remove(aclEntry(9))]));
    assert.equal(failure.code, Code.UNKNOWN);
    assert.deepEqual(
      failure.slots?.map(({ code, message }) => [code, message !== ""]),
      [[NOT_FOUND, true]],
    );
  });
});

/** What gRPC itself, and we, put into the trailers. */
const grpcKeys = ({ metadata }: grpc.StatusObject) =>
  Object.keys(metadata.getMap()).filter((key) => key.startsWith("grpc-"));

/** A Write of any bytes: response and status as they came. */
function rawWrite(
  agent: Agent,
  bytes: Uint8Array,
): Promise<{ readonly response: Buffer | undefined; readonly status: grpc.StatusObject }> {
  const client = new grpc.Client(`127.0.0.1:${agent.port}`, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const same = (value: Buffer) => value;
  return new Promise((resolve) => {
    let response: Buffer | undefined;
    const call = client.makeUnaryRequest("/p4.v1.P4Runtime/Write", same, same, Buffer.from(bytes), (_, value) => {
      response = value;
    });
    call.on("status", (status) => {
      client.close();
      setImmediate(() => resolve({ response, status }));
    });
  });
}
