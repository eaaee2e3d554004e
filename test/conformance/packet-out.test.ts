import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import type { DropReason } from "../../src/datapath/drop-reason.js";
import { ordinaryPort, type WantedPortState } from "../../src/datapath/port.js";
import { defined } from "../../src/base/invariant.js";
import { Agent } from "../support/agent.js";
import { ethernet, ipv4, tag, udp } from "../support/frame-builder.js";
import { noLeaks } from "../support/no-leaks.js";
import { primary, push, type P4Client, type P4Stream } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { Wire } from "../support/wire.js";
import {
  changedWbb,
  hex,
  lldp,
  metadataTexts,
  packetOut,
  pushInfo,
  sendQuietly,
  trapLldp,
  type Metadata,
} from "./wbb.js";

const base = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft, routes: { 10.0.0.0/8: 2 } } }]
interfaces: { a: { port_id: 1 }, b: { port_id: 2 }, c: { port_id: 3 }, far: { port_id: 4294967039 } }
`;

interface Scene {
  readonly agent: Agent;
  readonly client: P4Client;
  readonly stream: P4Stream;
  readonly wire: Wire;
}

/** A primary with WBB and a look at the wires. */
async function scene(run: (scene: Scene) => Promise<void>, yaml = ""): Promise<void> {
  await using agent = await Agent.start({ yaml: base + yaml });
  const client = agent.client();
  const stream = await primary(client);
  using wire = new Wire(agent.device());
  await run({ agent, client, stream, wire });
}

/** Sends `metadata` with `payload` and returns the error's canonical code, its code, and what it is about. */
async function refused({ stream, wire }: Scene, metadata: Metadata, payload: Uint8Array = lldp) {
  stream.send(packetOut(metadata, payload));
  const error = await stream.error();
  assert.deepEqual(wire.taken(), []);
  assert.equal(error.space, "p4rtd");
  assert.notEqual(error.message, "");
  assert.ok(error.packetOut, "the detail is packet_out");
  assert.ok(!error.other && !error.digestListAck);
  return [error.canonicalCode, error.code];
}

const routed = Buffer.from(ethernet(ipv4({ dst: "10.1.2.3" }, udp(1, 2))));
const unrouted = Buffer.from(ethernet(ipv4({ dst: "192.0.2.1" }, udp(1, 2))));

const badMetadata = [Code.INVALID_ARGUMENT, 7];
const unknownPort = [Code.INVALID_ARGUMENT, 6];

describe("PacketOut over gRPC", () => {
  noLeaks();

  for (const { ids, title, metadata } of [
    { ids: ["PKT-01", "PKT-08", "PKT-29", "FPX-21", "FPX-02"], title: "only a port", metadata: [[1, "3"]] },
    { ids: ["PKT-29", "FPX-21"], title: "a port and no submission", metadata: [[1, "3"], [2, hex("00")]] }, // prettier-ignore
    { ids: ["FPX-21", "PKT-25"], title: "all fields", metadata: [[1, "3"], [2, hex("00")], [3, hex("00")]] }, // prettier-ignore
    { ids: ["PKT-07"], title: "leading zeros", metadata: [[1, "3"], [2, hex("0000")], [3, hex("000000")]] }, // prettier-ignore
    { ids: ["PKT-12"], title: "fields in another order", metadata: [[3, hex("00")], [2, hex("00")], [1, "3"]] }, // prettier-ignore
  ] as const)
    requirement(ids, `with ${title} leaves by that port unchanged, and nothing is answered`, () =>
      scene(async ({ stream, wire }) => {
        await sendQuietly(stream, packetOut(metadata, lldp));
        assert.deepEqual(wire.taken(), [{ port: 3, frame: lldp }]);
      }),
    );

  requirement(["PKT-08", "TRN-04", "FPX-02"], "names ports by the decimal text of their id, up to the largest", () =>
    scene(async ({ stream, wire }) => {
      await sendQuietly(stream, packetOut([[1, "4294967039"]]));
      assert.deepEqual(wire.taken(), [{ port: 0xfffffeff, frame: lldp }]);
    }),
  );

  for (const [title, frame] of [
    ["is tagged", ethernet(tag(7, 3), [0x88, 0xcc, 1, 2, 3])],
    ["has the minimum of 14 bytes", ethernet([0x88, 0xcc])],
    ["fills the MTU", ethernet([0x88, 0xcc], Array<number>(1500).fill(7))],
    ["fills the MTU and is tagged", ethernet(tag(7), [0x88, 0xcc], Array<number>(1500).fill(7))],
  ] as const)
    requirement(["PKT-01", "PKT-13", "PKT-29"], `leaves byte for byte when it ${title}`, () =>
      scene(async ({ stream, wire }) => {
        await sendQuietly(stream, packetOut([[1, "1"]], frame));
        assert.deepEqual(wire.taken(), [{ port: 1, frame: Buffer.from(frame) }]);
      }),
    );

  requirement("PKT-27", "leaves in the order it was sent", () =>
    scene(async ({ stream, wire }) => {
      const frames = Array.from({ length: 500 }, (_, i) => Buffer.from(ethernet([0x88, 0xcc, i >> 8, i & 0xff])));
      await sendQuietly(stream, ...frames.map((frame, i) => packetOut([[1, `${(i % 3) + 1}`]], frame)));
      assert.deepEqual(
        wire.taken().map(({ frame }) => frame),
        frames,
      );
    }),
  );

  for (const { ids, title, metadata, want } of [
    { ids: ["PKT-04"], title: "an id that is not there", metadata: [[1, "3"], [4, hex("00")]], want: badMetadata }, // prettier-ignore
    { ids: ["PKT-04"], title: "the id 0", metadata: [[0, hex("00")]], want: badMetadata },
    { ids: ["PKT-05"], title: "the same id twice", metadata: [[1, "3"], [1, "3"]], want: badMetadata }, // prettier-ignore
    { ids: ["PKT-06"], title: "an empty number", metadata: [[1, "3"], [2, ""]], want: badMetadata }, // prettier-ignore
    { ids: ["PKT-06"], title: "a number too wide", metadata: [[1, "3"], [2, hex("02")]], want: badMetadata }, // prettier-ignore
    { ids: ["PKT-25"], title: "padding that is not zero", metadata: [[1, "3"], [3, hex("01")]], want: badMetadata }, // prettier-ignore
    { ids: ["PKT-08"], title: "an empty port", metadata: [[1, ""]], want: badMetadata },
    { ids: ["PKT-09", "PKT-33", "TRN-05"], title: "a port nobody configured", metadata: [[1, "7"]], want: unknownPort },
    { ids: ["PKT-09"], title: "a port with a leading zero", metadata: [[1, "03"]], want: unknownPort },
    { ids: ["PKT-09"], title: "a port that is not UTF-8", metadata: [[1, hex("31ff")]], want: unknownPort },
    { ids: ["PKT-09"], title: "port 0", metadata: [[1, "0"]], want: unknownPort },
    { ids: ["PKT-09"], title: "the CPU port", metadata: [[1, "4294967293"]], want: unknownPort },
    { ids: ["PKT-09"], title: "the name of an interface", metadata: [[1, "a"]], want: unknownPort },
    { ids: ["PKT-30", "FPX-21"], title: "no usable port", metadata: [[1, "TBD BY SWITCH"]], want: unknownPort },
    { ids: ["PKT-30", "FPX-21"], title: "no metadata at all", metadata: [], want: unknownPort },
    { ids: ["PKT-30", "FPX-21"], title: "no port and submission 0", metadata: [[2, hex("00")]], want: unknownPort },
  ] as const)
    requirement([...ids, "STE-01", "STE-02", "STE-07"], `with ${title} goes nowhere, and the stream lives on`, () =>
      scene(async (made) => {
        assert.deepEqual(await refused(made, metadata), want);
        await sendQuietly(made.stream, packetOut([[1, "2"]]));
        assert.equal(made.wire.taken().length, 1);
      }),
    );

  for (const { title, state, length, want, drop } of [
    { title: "is longer than the MTU", length: 1515, want: [Code.INVALID_ARGUMENT, 1], drop: "out-mtu-exceeded" },
    { title: "is shorter than a header", length: 13, want: [Code.INVALID_ARGUMENT, 2], drop: "out-runt" },
    { title: "has no bytes", length: 0, want: [Code.INVALID_ARGUMENT, 2], drop: "out-runt" },
    { title: "names a port that is down", state: "down", want: [Code.FAILED_PRECONDITION, 3], drop: "out-port-down" },
    { title: "names a port without carrier", state: "no-carrier", want: [Code.UNAVAILABLE, 4], drop: "out-no-carrier" },
  ] satisfies readonly Refusal[])
    requirement(["PKT-14", "STE-01", "STE-02"], `that ${title} is refused, told and counted`, () =>
      scene(async (made) => {
        const { datapath, drops } = made.agent.device();
        datapath.setPortState(defined(ordinaryPort(2), "an id"), state ?? "up");
        assert.deepEqual(await refused(made, [[1, "2"]], Buffer.alloc(length ?? 60, 1)), want);
        assert.equal(drops.get(drop), 1);
        datapath.setPortState(defined(ordinaryPort(2), "an id"), "up");
        await sendQuietly(made.stream, packetOut([[1, "2"]]));
        assert.equal(made.wire.taken().length, 1);
      }),
    );

  requirement(["PKT-02", "STE-08", "ARB-57", "FPX-20"], "of anybody but the primary goes nowhere", () =>
    scene(async ({ agent, stream, wire }) => {
      const [backup, silent] = [agent.client().stream(), agent.client().stream()];
      await backup.arbitrate(0);
      for (const sender of [backup, silent]) {
        for (let i = 0; i < 100; i++) sender.send(packetOut([[1, "1"]]));
        for (let i = 0; i < 100; i++) {
          const { canonicalCode, code, packetOut: detail } = await sender.error();
          assert.deepEqual([canonicalCode, code, detail !== undefined], [Code.PERMISSION_DENIED, 8, true]);
        }
        await sender.quiet();
      }
      assert.deepEqual(wire.taken(), []);
      await stream.quiet();
    }),
  );

  requirement(["PKT-02"], "of a primary that has stepped down goes nowhere", () =>
    scene(async (made) => {
      await made.stream.arbitrate(undefined);
      assert.deepEqual(await refused(made, [[1, "1"]]), [Code.PERMISSION_DENIED, 8]);
    }),
  );

  requirement("PKT-02", "of the primary of a named role leaves like any other", () =>
    scene(async ({ agent, wire }) => {
      const stream = agent.client().stream();
      await stream.arbitrate(1, { role: { name: "sdn_controller" } });
      await sendQuietly(stream, packetOut([[1, "2"]]));
      assert.equal(wire.taken().length, 1);
    }),
  );

  requirement("PKT-15", "before any pipeline is FAILED_PRECONDITION", async () => {
    await using agent = await Agent.start({ yaml: base });
    const stream = agent.client().stream();
    await stream.arbitrate(1);
    using wire = new Wire(agent.device());
    const made = { agent, client: agent.client(), stream, wire };
    assert.deepEqual(await refused(made, [[1, "1"]]), [Code.FAILED_PRECONDITION, 9]);
  });

  requirement(["PKT-03", "AMB-14"], "that lacks fields leaves by default and is refused when strict", async () => {
    const complete: Metadata = [[1, "3"], [2, hex("00")], [3, hex("00")]]; // prettier-ignore
    await scene(async ({ stream, wire }) => {
      await sendQuietly(stream, packetOut(complete.slice(0, 1)), packetOut(complete.slice(0, 2)), packetOut(complete));
      assert.equal(wire.taken().length, 3);
    });
    await scene(async (made) => {
      for (const missing of [0, 1, 2]) {
        const rest = complete.filter((_, i) => i !== missing);
        assert.deepEqual(await refused(made, rest), badMetadata);
      }
      assert.deepEqual(await refused(made, []), badMetadata);
      await sendQuietly(made.stream, packetOut(complete));
      assert.equal(made.wire.taken().length, 1);
    }, "packet_out: { missing_metadata: strict }");
  });

  requirement(["PKT-10", "PKT-11"], "of a pipeline without packet_out header goes nowhere", () =>
    scene(async (made) => {
      const headless = changedWbb((info) => {
        info.controllerPacketMetadata = info.controllerPacketMetadata.filter(
          ({ preamble }) => preamble?.name !== "packet_out",
        );
      });
      await pushInfo(made.client, headless);
      assert.deepEqual(await refused(made, [[1, "1"]]), badMetadata);
      assert.deepEqual(await refused(made, []), unknownPort);
      await push(made.client);
      await sendQuietly(made.stream, packetOut([[1, "1"]]));
      assert.equal(made.wire.taken().length, 1);
    }),
  );

  for (const egress of [[], [[1, "3"]], [[1, "TBD BY SWITCH"]], [[1, ""]]] as const)
    requirement(
      ["PKT-28", "FPX-21"],
      `submitted to ingress with ${JSON.stringify(egress)} beside it is trapped, routed or dropped`,
      () =>
        scene(async ({ agent, client, stream, wire }) => {
          await trapLldp(client);
          const submit: Metadata = [...egress, [2, hex("01")]];
          stream.send(packetOut(submit));
          assert.deepEqual(metadataTexts(await stream.packetIn()), [
            [1, "4294967293"],
            [2, "0"],
          ]);
          wire.taken();
          await sendQuietly(stream, packetOut(submit, routed), packetOut(submit, unrouted));
          assert.deepEqual(wire.taken(), [{ port: 2, frame: routed }]);
          const drops = new Map(agent.device().datapath.stats().drops);
          assert.equal(drops.get("no-route"), 1);
        }),
    );

  requirement("PKT-29", "to a port passes by the rules", () =>
    scene(async ({ client, stream, wire }) => {
      await trapLldp(client);
      await sendQuietly(stream, packetOut([[1, "1"]]));
      assert.deepEqual(wire.taken(), [{ port: 1, frame: lldp }]);
    }),
  );

  it("beyond packet_out.rate is RATE_LIMITED", () =>
    scene(async (made) => {
      await sendQuietly(made.stream, packetOut([[1, "1"]]), packetOut([[1, "1"]]));
      assert.equal(made.wire.taken().length, 2);
      assert.deepEqual(await refused(made, [[1, "1"]]), [Code.RESOURCE_EXHAUSTED, 10]);
    }, "packet_out: { rate: { pps: 1, burst: 2 } }"));
});

interface Refusal {
  readonly title: string;
  readonly state?: WantedPortState;
  readonly length?: number;
  readonly want: readonly number[];
  readonly drop: DropReason;
}
