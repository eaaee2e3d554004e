import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { allQuiet, told } from "./arbitration.js";
import { changedWbb, lldp, packetOut as packet, pushInfo } from "./wbb.js";

const base = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft } }]
`;

const unknownAny = { type_url: "type.example/some.Extension", value: Buffer.from("x") };
const digestId = 0x17000001;
const digestAck = { digestId, listId: long(1n) };

/** A PacketOut to no port, of `bytes` bytes on the wire. */
function refusedPacket(bytes: number) {
  const head = p4.v1.PacketOut.encode({ payload: Buffer.alloc(200) }).finish().length - 200;
  return packet([], Buffer.alloc(bytes - head, 7));
}

/** Which field of the `details` oneof is set. */
function detail({ packetOut, digestListAck, other }: p4.v1.StreamError.$Properties): string {
  const set = Object.entries({ packetOut, digestListAck, other }).filter(([, value]) => value);
  assert.equal(set.length, 1, "exactly one field of details is set");
  return set[0]?.[0] ?? "";
}

describe("StreamErrors over gRPC", () => {
  noLeaks();

  for (const { ids, title, message, canonical, about } of [
    {
      ids: ["STE-14", "AMB-17"],
      title: "a message with nothing in it",
      message: {},
      canonical: Code.INVALID_ARGUMENT,
      about: "other",
    },
    {
      ids: ["STE-13", "AMB-17"],
      title: "an extension that nobody knows",
      message: { other: unknownAny },
      canonical: Code.UNIMPLEMENTED,
      about: "other",
    },
    {
      ids: ["STE-12", "STE-09"],
      title: "an ack for a digest the P4Info does not have",
      message: { digestAck },
      canonical: Code.INVALID_ARGUMENT,
      about: "digestListAck",
    },
    {
      ids: ["PKT-30"],
      title: "a packet to no port",
      message: packet([]),
      canonical: Code.INVALID_ARGUMENT,
      about: "packetOut",
    },
  ])
    requirement(
      ["STE-01", "STE-02", "STE-07", "STE-08", ...ids],
      `${title} is answered to its sender, whose stream goes on`,
      async () => {
        await using agent = await Agent.start({ yaml: base });
        const stream = await primary(agent.client());
        const others = [agent.client().stream(), agent.client().stream()];
        await others[0]?.arbitrate(0);
        stream.send(message);
        const error = await stream.error();
        assert.deepEqual([error.canonicalCode, detail(error), error.space], [canonical, about, "p4rtd"]);
        assert.notEqual(error.message, "");
        await allQuiet(stream, ...others);
        assert.equal(told(await stream.arbitrate(2)), "OK 2");
      },
    );

  requirement(
    ["STE-12", "STE-02", "STE-10", "STE-11"],
    "an ack for a digest of the P4Info is UNIMPLEMENTED",
    async () => {
      await using agent = await Agent.start({ yaml: base });
      const client = agent.client();
      const stream = await primary(client);
      const info = changedWbb(({ digests }) => {
        const typeSpec = { bitstring: { bit: { bitwidth: 8 } } };
        digests.push({ preamble: { id: digestId, name: "learn", alias: "learn" }, typeSpec });
      });
      await pushInfo(client, info);
      const backup = client.stream();
      await backup.arbitrate(0);
      for (const one of [stream, stream, backup]) {
        one.send({ digestAck });
        const error = await one.error();
        assert.deepEqual([error.canonicalCode, detail(error)], [Code.UNIMPLEMENTED, "digestListAck"]);
        assert.match(error.message ?? "", /digests are not implemented/);
        await one.quiet();
      }
    },
  );

  requirement(
    ["STE-03"],
    "what was refused comes back whole up to stream_errors.echo_bytes, of larger packets the metadata",
    async () => {
      for (const [yaml, echoBytes] of [
        ["", 256],
        ["stream_errors: { echo_bytes: 300 }", 300],
      ] as const) {
        await using agent = await Agent.start({ yaml: base + yaml });
        const stream = await primary(agent.client());
        for (const more of [0, 1]) {
          const message = refusedPacket(echoBytes + more);
          stream.send(message);
          const { packetOut: about } = await stream.error();
          assert.deepEqual(
            Buffer.from(about?.packetOut?.payload ?? []),
            more === 0 ? message.packet.payload : Buffer.alloc(0),
          );
        }
        stream.send(packet([[9, "abc"]], lldp));
        assert.deepEqual((await stream.error()).packetOut?.packetOut?.metadata?.[0]?.metadataId, 9);
        stream.send(packet([[9, "abc"]], Buffer.alloc(1000)));
        const large = (await stream.error()).packetOut?.packetOut;
        assert.deepEqual([large?.metadata?.[0]?.metadataId, large?.payload?.length ?? 0], [9, 0]);
        stream.send({ other: unknownAny });
        assert.equal((await stream.error()).other?.other?.type_url, unknownAny.type_url);
        stream.send({ digestAck });
        assert.equal((await stream.error()).digestListAck?.digestListAck?.digestId, digestId);
      }
    },
  );

  requirement("STE-03", "nothing comes back where echo_bytes is 0", async () => {
    await using agent = await Agent.start({ yaml: `${base}stream_errors: { echo_bytes: 0 }` });
    const stream = await primary(agent.client());
    stream.send(packet([]));
    const { packetOut: about } = await stream.error();
    assert.deepEqual([about !== undefined, about?.packetOut ?? undefined], [true, undefined]);
  });

  requirement("STE-05", "none is sent where they are off; what was refused is dropped all the same", async () => {
    await using agent = await Agent.start({ yaml: `${base}stream_errors: { enabled: false }` });
    const client = agent.client();
    const stream = await primary(client);
    const silent = client.stream();
    for (const one of [stream, silent])
      for (const message of [{}, { other: unknownAny }, { digestAck }, packet([])]) one.send(message);
    assert.equal(told(await stream.arbitrate(1)), "OK 1");
    assert.equal(told(await silent.arbitrate(0)), "ALREADY_EXISTS 1");
    assert.equal(agent.device().drops.get("out-unknown-port"), 1);
  });

  requirement("STE-06", "no more are sent than stream_errors allows; what was refused is counted", async () => {
    await using agent = await Agent.start({ yaml: `${base}stream_errors: { per_stream_per_second: 1 }` });
    const client = agent.client();
    const stream = await primary(client);
    const silent = client.stream();
    const began = performance.now();
    for (let i = 0; i < 50; i++) stream.send(packet([]));
    for (let i = 0; i < 50; i++) silent.send({});
    stream.sendArbitration(1);
    silent.sendArbitration(0);
    for (const [each, about, want] of [
      [stream, "packetOut", "OK 1"],
      [silent, "other", "ALREADY_EXISTS 1"],
    ] as const) {
      const details: string[] = [];
      let message = await each.next();
      for (; !message.arbitration; message = await each.next()) details.push(detail(message.error ?? {}));
      assert.equal(told(message.arbitration), want);
      assert.deepEqual(new Set(details), new Set([about]));
      const seconds = (performance.now() - began) / 1000; // a slow machine may earn another one
      assert.ok(details.length <= 1 + seconds, `${details.length} errors in ${seconds} s`);
    }
    assert.equal(agent.device().drops.get("out-unknown-port"), 50);
  });

  requirement("STE-06", "of a client that does not read, all but some are dropped and its stream lives", async () => {
    await using agent = await Agent.start({ yaml: base });
    const stream = await primary(agent.client());
    stream.pause();
    const count = 3000;
    for (let i = 0; i < count; i++) stream.send(refusedPacket(200));
    const { drops } = agent.device();
    while (drops.get("out-unknown-port") < count) await turn();
    stream.resume();
    stream.sendArbitration(7);
    let errors = 0;
    for (let message = await stream.next(); !message.arbitration; message = await stream.next()) errors++;
    assert.ok(errors > 0 && errors < count, `${errors} of ${count} were sent`);
  });
});
