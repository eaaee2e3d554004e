import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type * as grpc from "@grpc/grpc-js";
import { p4 } from "../../../src/wire/gen/proto.js";
import { P4Stream } from "../../support/p4-client.js";

/** A stream that waits for 20 ms, and the call below it. */
function opened(): { readonly call: EventEmitter; readonly stream: P4Stream } {
  const call = new EventEmitter();
  return { call, stream: new P4Stream(call as unknown as grpc.ClientDuplexStream<Buffer, Buffer>, 20) };
}

/** A PacketIn as it arrives. */
function packetIn(payload: number): Buffer {
  const message = { packet: { payload: Uint8Array.of(payload) } };
  return Buffer.from(p4.v1.StreamMessageResponse.encode(message).finish());
}

async function payloadOf(stream: P4Stream): Promise<number | undefined> {
  return (await stream.packetIn()).payload?.[0];
}

describe("P4Stream", () => {
  it("keeps what comes after nobody waited any longer", async () => {
    const { call, stream } = opened();
    await assert.rejects(stream.next(), /nothing came within 20 ms/);
    for (const payload of [1, 2]) call.emit("data", packetIn(payload));
    assert.deepEqual([await payloadOf(stream), await payloadOf(stream)], [1, 2]);
  });

  it("gives a message to the one that still waits, not to the one that gave up", async () => {
    const { call, stream } = opened();
    const gaveUp = assert.rejects(stream.next(), /nothing came/);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const waiting = payloadOf(stream);
    await gaveUp;
    call.emit("data", packetIn(3));
    assert.equal(await waiting, 3);
  });

  it("answers those that wait with the end of the stream", async () => {
    const { call, stream } = opened();
    const waiting = stream.ended();
    call.emit("status", { code: 10, details: "over", metadata: undefined });
    assert.equal((await waiting).code, 10);
  });
});
