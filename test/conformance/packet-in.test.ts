import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { defined } from "../../src/base/invariant.js";
import { ordinaryPort } from "../../src/datapath/port.js";
import type { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { ethernet, hex, ipv4, ipv6, tag, udp } from "../support/frame-builder.js";
import { noLeaks } from "../support/no-leaks.js";
import { primary, type P4Client, type P4Stream } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import {
  changedWbb,
  inserting,
  lldp,
  metadataTexts,
  publicEntries,
  pushInfo,
  setPortType,
  trapLldp,
  ttl,
} from "./wbb.js";

const base = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft, routes: { 10.0.0.0/8: 2, "2001:db8::/32": 300 } } }]
interfaces: { a: { port_id: 1 }, b: { port_id: 2 }, c: { port_id: 300 }, far: { port_id: 4294967039 } }
`;

interface Scene {
  readonly agent: Agent;
  readonly client: P4Client;
  readonly stream: P4Stream;
}

/** A primary with WBB and the entries that featureprofiles installs. */
async function scene(run: (scene: Scene) => Promise<void>, yaml = ""): Promise<void> {
  await using agent = await Agent.start({ yaml: base + yaml });
  const client = agent.client();
  const stream = await primary(client);
  await client.write(inserting(publicEntries, 1));
  await run({ agent, client, stream });
}

/** `frame` arrives on `port`; returns when it has been dealt with. */
async function arrive({ client }: Pick<Scene, "client">, port: number, frame: Uint8Array = lldp): Promise<void> {
  await client.inject({ dataplaneIngressPort: port, payload: frame });
}

/** Payload and metadata of a PacketIn: ids with values in hexadecimal. */
function parts(packet: p4.v1.PacketIn.$Properties) {
  return {
    payload: Buffer.from(packet.payload ?? []),
    metadata: (packet.metadata ?? []).map(({ metadataId, value }) => [
      metadataId,
      Buffer.from(value ?? []).toString("hex"),
    ]),
  };
}

const expiring4 = Buffer.from(ethernet(ipv4({ dst: "10.1.2.3", ttl: 1 }, udp(1, 2))));
const expiring6 = Buffer.from(ethernet(ipv6({ hopLimit: 1 }, udp(1, 2))));
const tagged = Buffer.from(ethernet(tag(4000, 5), [0x60, 0x07], hex("0102030405")));
const twiceTagged = Buffer.from(ethernet(tag(4000, 5, 0x88a8), tag(9), [0x60, 0x07], hex("0102030405")));

describe("PacketIn over gRPC", () => {
  noLeaks();

  for (const { ids, title, port, frame, want } of [
    { ids: ["PKT-18", "PKT-19", "PKT-31"], title: "LLDP", port: 1, frame: lldp, want: ["1", "0"] },
    { ids: ["PKT-31", "FPX-22", "PKT-22"], title: "a tagged 0x6007", port: 2, frame: tagged, want: ["2", "0"] },
    { ids: ["FPX-22", "PKT-22"], title: "0x6007 with two tags", port: 2, frame: twiceTagged, want: ["2", "0"] },
    { ids: ["PKT-32"], title: "IPv4 with TTL 1", port: 1, frame: expiring4, want: ["1", "2"] },
    { ids: ["PKT-32"], title: "IPv6 with hop limit 1", port: 1, frame: expiring6, want: ["1", "300"] },
    { ids: ["PKT-21", "TRN-02", "TRN-04", "FPX-02"], title: "LLDP on the largest port", port: 0xfffffeff, frame: lldp, want: ["4294967039", "0"] }, // prettier-ignore
  ])
    requirement(ids, `of ${title} has the frame whole and both ports as text, in order`, () =>
      scene(async (made) => {
        await arrive(made, port, frame);
        const packet = await made.stream.packetIn();
        assert.deepEqual(Buffer.from(packet.payload ?? []), frame);
        assert.deepEqual(metadataTexts(packet), [
          [1, want[0]],
          [2, want[1]],
        ]);
        await made.stream.quiet();
      }),
    );

  requirement(["PKT-32"], "names no egress port while that port is down", () =>
    scene(async (made) => {
      const { datapath } = made.agent.device();
      datapath.setPortState(defined(ordinaryPort(2), "an id"), "down");
      await arrive(made, 1, expiring4);
      assert.deepEqual(metadataTexts(await made.stream.packetIn())[1], [2, "0"]);
      datapath.setPortState(defined(ordinaryPort(2), "an id"), "up");
      await arrive(made, 1, expiring4);
      assert.deepEqual(metadataTexts(await made.stream.packetIn())[1], [2, "2"]);
    }),
  );

  requirement("PKT-32", "falls back to the ingress port if configured so", () =>
    scene(async (made) => {
      await arrive(made, 300);
      await arrive(made, 1, expiring4);
      assert.deepEqual(metadataTexts(await made.stream.packetIn())[1], [2, "300"]);
      assert.deepEqual(metadataTexts(await made.stream.packetIn())[1], [2, "2"]);
    }, "packet_in: { target_egress_fallback: ingress }"),
  );

  requirement(["PKT-16", "FPX-19"], "goes to the primary, to no backup and to nobody else", () =>
    scene(async (made) => {
      const [backup, unset, silent] = [made.client.stream(), made.client.stream(), made.client.stream()];
      await backup.arbitrate(0);
      await unset.arbitrate(undefined);
      for (let i = 0; i < 50; i++) await arrive(made, 1);
      for (let i = 0; i < 50; i++) await made.stream.packetIn();
      for (const stream of [made.stream, backup, unset, silent]) await stream.quiet();
    }),
  );

  requirement(["PKT-16", "FPX-23"], "follows the seat", () =>
    scene(async (made) => {
      const next = made.client.stream();
      await next.arbitrate(2);
      await made.stream.arbitration();
      await arrive(made, 1);
      assert.ok(await next.packetIn());
      next.finish();
      await made.stream.arbitration();
      await arrive(made, 1);
      await made.stream.arbitrate(2);
      await arrive(made, 2);
      assert.deepEqual(metadataTexts(await made.stream.packetIn())[0], [1, "2"]);
      await made.stream.quiet();
    }),
  );

  requirement("PKT-16", "that waits for a primary which does not read is not sent once it has lost the seat", () =>
    scene(async (made) => {
      const { drops, packets } = made.agent.device();
      const frame = Buffer.concat([lldp, Buffer.alloc(9000)]);
      made.stream.pause();
      const sent = 1200; // more than gRPC and the sockets take
      for (let i = 0; i < sent; i += 100) await Promise.all(Array.from({ length: 100 }, () => arrive(made, 1, frame)));
      while (packets.packetIns < sent) await turn();
      const next = made.client.stream();
      await next.arbitrate(2);
      const lost = drops.get("controller-demoted");
      assert.ok(lost > 0, "some waited");
      made.stream.resume();
      for (let i = 0; i < sent - lost; i++) await made.stream.packetIn();
      assert.equal((await made.stream.arbitration()).status?.code, 6);
      await made.stream.quiet();
    }),
  );

  requirement("PKT-17", "goes to the primary of every role", () =>
    scene(async (made) => {
      const named = made.client.stream();
      await named.arbitrate(1, { role: { name: "sdn_controller" } });
      await arrive(made, 1);
      assert.deepEqual(parts(await named.packetIn()), parts(await made.stream.packetIn()));
    }),
  );

  requirement("PKT-23", "is not kept for a later primary", () =>
    scene(async (made) => {
      await made.stream.arbitrate(0);
      await arrive(made, 1);
      await made.stream.arbitrate(1);
      await made.stream.quiet();
      assert.equal(made.agent.device().drops.get("no-primary"), 1);
    }),
  );

  requirement("PKT-24", "is not made without a pipeline, nor kept for one", async () => {
    await using agent = await Agent.start({ yaml: base });
    const client = agent.client();
    const stream = client.stream();
    await stream.arbitrate(1);
    agent.device().injector?.inject(defined(ordinaryPort(1), "an id"), lldp);
    await pushInfo(
      client,
      changedWbb(() => {}),
    );
    await trapLldp(client);
    await stream.quiet();
    await arrive({ client }, 1);
    assert.ok(await stream.packetIn());
  });

  for (const { ids, title, change, want } of [
    {
      ids: ["PKT-20", "TRN-03", "TRN-02"],
      title: "numbers of 32 bits where the port type has sdn_bitwidth 32",
      change: (info: p4.config.v1.P4Info) => setPortType(info, 32, { translatedType: { sdnBitwidth: 32 } }),
      want: [[1, "012c"], [2, "00"]], // prettier-ignore
    },
    {
      ids: ["PKT-20", "TRN-14"],
      title: "numbers where the port type has no translation",
      change: (info: p4.config.v1.P4Info) =>
        setPortType(info, 9, { originalType: { bitstring: { bit: { bitwidth: 9 } } } }),
      want: [[1, "012c"], [2, "00"]], // prettier-ignore
    },
    {
      ids: ["PKT-19"],
      title: "the fields in the header's order, not by id",
      change: (info: p4.config.v1.P4Info) => packetIn(info).metadata?.reverse(),
      want: [[2, "30"], [1, "333030"]], // prettier-ignore
    },
    {
      ids: ["PKT-18", "PKT-25"],
      title: "one zero byte for padding",
      change: (info: p4.config.v1.P4Info) =>
        packetIn(info).metadata?.push({ id: 3, name: "pad", annotations: ["@padding"], bitwidth: 7 }),
      want: [[1, "333030"], [2, "30"], [3, "00"]], // prettier-ignore
    },
    {
      ids: ["PKT-18"],
      title: "nothing where there is no packet_in header",
      change: (info: p4.config.v1.P4Info) => void info.controllerPacketMetadata.shift(),
      want: [],
    },
  ] as const)
    requirement(ids, `has ${title}`, () =>
      scene(async (made) => {
        await pushInfo(made.client, changedWbb(change));
        await trapLldp(made.client);
        await arrive(made, 300);
        const { payload, metadata } = parts(await made.stream.packetIn());
        assert.deepEqual(payload, lldp);
        assert.deepEqual(metadata, want);
      }),
    );

  it("goes on while the frame that was copied leaves as it came", () =>
    scene(async (made) => {
      await made.client.write(inserting([ttl(1, 2, 16777479)], 1));
      const frame = Buffer.from(ethernet(ipv4({ dst: "10.1.2.3", ttl: 2 }, udp(1, 2))));
      const { possibleOutcomes } = await made.client.inject({ dataplaneIngressPort: 1, payload: frame });
      const outputs = possibleOutcomes[0]?.packets?.map((packet) => [
        packet.dataplaneEgressPort,
        Buffer.from(packet.payload ?? []),
      ]);
      assert.deepEqual(outputs, [
        [0xfffffffd, frame],
        [2, frame],
      ]);
      assert.deepEqual(Buffer.from((await made.stream.packetIn()).payload ?? []), frame);
    }));
});

describe("a controller that does not read", () => {
  noLeaks();

  const count = 4000;

  for (const { bound, limit } of [
    { bound: "frames", limit: "frames: 50" },
    { bound: "bytes", limit: "bytes: 64KiB" },
  ])
    requirement("PKT-26", `loses what exceeds its ${bound}, the newest first, and costs the others nothing`, () =>
      scene(async (made) => {
        const other = made.agent.client().stream();
        await other.arbitrate(1, { role: { name: "other" } });
        made.stream.pause();
        const frame = (i: number) => ethernet([0x88, 0xcc, i >> 8, i & 0xff], Array<number>(1000).fill(0));
        const { injector, drops } = made.agent.device();
        for (let i = 0; i < count; i++) {
          injector?.inject(defined(ordinaryPort(1), "an id"), frame(i));
          if (i % 10 === 9) await other.packetIn(); // so that only the one that does not read falls behind
          if (i % 10 === 9) for (let k = 1; k < 10; k++) await other.packetIn();
        }
        await other.quiet();
        const lost = drops.get("controller-backlog");
        assert.ok(lost > 0 && lost < count, `${lost} were lost`);
        made.stream.resume();
        const serials: number[] = [];
        for (let i = 0; i < count - lost; i++)
          serials.push(Buffer.from((await made.stream.packetIn()).payload ?? []).readUInt16BE(14));
        assert.deepEqual(
          serials,
          Array.from({ length: count - lost }, (_, i) => i),
        );
        await made.stream.quiet();
        await arrive(made, 2);
        assert.deepEqual(metadataTexts(await made.stream.packetIn())[0], [1, "2"]);
      }, `packet_in: { backlog: { ${limit} } }`),
    );
});

function packetIn(info: p4.config.v1.P4Info) {
  return defined(
    info.controllerPacketMetadata.find(({ preamble }) => preamble?.name === "packet_in"),
    "WBB has one",
  );
}
