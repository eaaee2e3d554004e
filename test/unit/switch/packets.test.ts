import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { Code } from "../../../src/base/status.js";
import { cpuPort, type PortId } from "../../../src/datapath/port.js";
import { configOf, published } from "../../support/program-options.js";
import { requirement } from "../../support/requirement.js";
import type { MetadataValue } from "../../../src/packetio/packet-in.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import { action, field, header, matchField, p4info, ref, table } from "../../support/p4info-spec.js";
import { electionId } from "../../../src/session/election-id.js";
import { roleName } from "../../../src/session/role.js";
import { p4rtd } from "../../../src/wire/gen/p4rtd.js";
import { p4 } from "../../../src/wire/gen/proto.js";
import { Scene, type Controller, type SceneOptions } from "./scene.js";

const wbb = configOf(published("wbb"), "wbb");
const lldp = Buffer.from(`0180c200000e02000000000188cc${"00".repeat(46)}`, "hex");
const raw = Uint8Array.of(1, 2, 3);

/** A scene with WBB committed, LLDP trapped, and controller 1 as primary. */
function scene(run: (scene: Scene, primary: Controller) => Promise<void> | void, options?: SceneOptions) {
  return async () => {
    await using made = new Scene(options);
    const primary = made.arbitrated(1);
    assert.equal(await made.set("verify-and-commit", wbb), "OK");
    const trap = { table: "acl_wbb_ingress_table", match: { ether_type: 0x88cc }, action: "acl_wbb_ingress_trap" };
    assert.equal(await made.write([{ type: "insert", ...trap }]), "OK");
    await run(made, primary);
    assert.deepEqual(made.failures, []);
  };
}

/** Lets punted frames reach the controllers. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

/** The PacketIns that wait for `controller`: payload and metadata texts. */
function received({ stream }: Controller): readonly string[] {
  const found: string[] = [];
  for (let message = stream.backlog.take(); message !== undefined; message = stream.backlog.take()) {
    const { packet } = p4.v1.StreamMessageResponse.decode(message);
    const metadata = (packet?.metadata ?? []).map(
      ({ metadataId, value }) => `${metadataId ?? 0}=${Buffer.from(value ?? []).toString()}`,
    );
    found.push(`${Buffer.from(packet?.payload ?? []).toString("hex")} ${metadata.join(" ")}`);
  }
  return found;
}

const metadata = (port: string): readonly MetadataValue[] => [{ id: 1, value: Buffer.from(port) }];
const submit = [{ id: 2, value: Uint8Array.of(1) }];

function out(
  made: Scene,
  { id, source }: Controller,
  elements = metadata("2"),
  payload: Uint8Array = lldp,
  message = raw,
) {
  made.sw.packets.out(id, source, { payload, metadata: elements }, message);
}

/** Codes of the errors `controller` was sent. */
const codes = ({ stream }: Controller) => stream.errors.map(({ code, canonical }) => [code, canonical]);

describe("punted frames", () => {
  requirement(
    ["PKT-16", "PKT-22", "PKT-31"],
    "reach the primary whole, with the ports they came and would have left by, and no backup",
    scene(async (made, primary) => {
      const backup = made.arbitrated(0);
      const silent = made.connect("not arbitrated");
      made.datapath.inject(3 as PortId, lldp);
      await settle();
      assert.deepEqual(received(primary), [`${lldp.toString("hex")} 1=3 2=0`]);
      assert.deepEqual([...received(backup), ...received(silent)], []);
    }),
  );

  requirement(
    "PKT-17",
    "reach the primary of every role",
    scene(async (made, primary) => {
      const sdn = made.arbitrated(5, "sdn_controller");
      made.datapath.inject(3 as PortId, lldp);
      await settle();
      assert.deepEqual([received(primary).length, received(sdn).length], [1, 1]);
      assert.equal(made.sw.packets.packetIns, 2);
    }),
  );

  requirement(
    "PKT-23",
    "are dropped and counted where there is no primary, and not kept for a later one",
    scene(async (made, primary) => {
      made.sw.controllers.disconnect(primary.id);
      made.datapath.inject(3 as PortId, lldp);
      await settle();
      assert.equal(made.sw.drops.get("no-primary"), 1);
      const next = made.arbitrated(9);
      await settle();
      assert.deepEqual(received(next), []);
    }),
  );

  requirement(
    "PKT-26",
    "beyond a slow controller's backlog are dropped and counted; the others get theirs",
    scene(async (made, primary) => {
      const slow = made.arbitrated(5, "sdn_controller", 2);
      for (let i = 0; i < 5; i++) made.datapath.inject(1 as PortId, lldp);
      await settle();
      assert.deepEqual([received(slow).length, received(primary).length], [2, 5]);
      assert.equal(made.sw.drops.get("controller-backlog"), 3);
    }),
  );

  requirement(
    "PKT-16",
    "that wait for a primary are dropped and counted when it loses the seat, before it is told",
    scene(async (made, primary) => {
      for (let i = 0; i < 5; i++) made.datapath.inject(1 as PortId, lldp);
      await settle();
      const waiting: number[] = [];
      const { stream } = primary;
      const notify = stream.notify.bind(stream);
      stream.notify = (message) => {
        waiting.push(stream.backlog.length);
        notify(message);
      };
      const better = made.arbitrated(2);
      assert.deepEqual(waiting, [0]);
      assert.equal(made.sw.drops.get("controller-demoted"), 5);
      made.datapath.inject(1 as PortId, lldp);
      await settle();
      assert.deepEqual([received(primary).length, received(better).length], [0, 1]);
      made.sw.controllers.disconnect(better.id);
      assert.equal(made.sw.drops.get("controller-demoted"), 5, "of what waits for nobody nothing is lost");
    }),
  );

  it(
    "go to the controller that is primary now",
    scene(async (made, primary) => {
      const better = made.arbitrated(2);
      made.datapath.inject(1 as PortId, lldp);
      await settle();
      assert.deepEqual([received(primary).length, received(better).length], [0, 1]);
      made.sw.controllers.disconnect(better.id);
      made.datapath.inject(1 as PortId, lldp);
      await settle();
      assert.equal(made.sw.drops.get("no-primary"), 1);
    }),
  );

  requirement("PKT-33", "from a port too large for the program's port fields are dropped and counted", async () => {
    const spec = p4info({
      tables: [table(0x02000001, "t", { matchFields: [matchField(1, "ether_type")], actionRefs: [ref(0x01000001)] })],
      actions: [action(0x01000001, "trap")],
      packetHeaders: [header(0x04000001, "packet_in", [field(1, "ingress_port", { bitwidth: 9 })])],
    });
    indexP4Info(spec);
    await using made = new Scene();
    const primary = made.arbitrated(1);
    assert.ok(made.datapath.addPort({ id: 512 as PortId, name: "far" }).ok);
    assert.equal(await made.set("verify-and-commit", configOf(spec, "t")), "OK");
    await made.write([{ type: "insert", table: "t", match: { ether_type: 0x88cc }, action: "trap" }]);
    for (const port of [512, 4]) made.datapath.inject(port as PortId, lldp);
    await settle();
    assert.equal(received(primary).length, 1);
    assert.equal(made.sw.drops.get("unmapped-port"), 1);
  });
});

describe("filters of roles", () => {
  it(
    "keep what they know of a pair of ports when other controllers come and go",
    scene(async (made) => {
      const filters = [{ metadata: [{ metadataId: 1, value: Buffer.from("nowhere") }] }];
      const value = p4rtd.v1.RoleConfig.encode({ packetIn: { filters } }).finish();
      const { id } = made.connect("filtered");
      const roleConfig = { typeUrl: "x/p4rtd.v1.RoleConfig", value };
      made.sw.controllers.update(id, { deviceId: 1n, role: roleName("r"), roleConfig, electionId: electionId(0n, 1n) });
      const metadata = made.sw.active?.packetIn;
      assert.ok(metadata !== undefined);
      const once = 2; // by the filter, and by who encodes
      let asked = 0;
      const values = metadata.values.bind(metadata);
      metadata.values = (...ports) => {
        asked++;
        return values(...ports);
      };
      for (const other of [2, 3]) {
        made.datapath.inject(1 as PortId, lldp);
        await settle();
        assert.equal(asked, once);
        made.arbitrated(other, `role ${other}`);
      }
      made.datapath.inject(2 as PortId, lldp);
      await settle();
      assert.equal(asked, 2 * once);
    }),
  );
});

describe("PacketOut", () => {
  requirement(
    ["PKT-01", "PKT-29"],
    "leaves unchanged by the port it names, and nothing is answered",
    scene(async (made, primary) => {
      const watched = made.datapath.results(AbortSignal.timeout(5000), { results: 10, bytes: 1e6 });
      const results = watched[Symbol.asyncIterator]();
      out(made, primary);
      const first = await results.next();
      assert.ok(first.done !== true);
      assert.deepEqual(
        first.value.outputs.map(({ port, frame }) => [port, Buffer.from(frame)]),
        [[2, lldp]],
      );
      assert.deepEqual(primary.stream.errors, []);
      assert.equal(made.sw.packets.packetOuts, 1);
    }),
  );

  requirement(
    "PKT-27",
    "is sent in the order it came",
    scene(async (made, primary) => {
      const watched = made.datapath.results(AbortSignal.timeout(5000), { results: 10, bytes: 1e6 });
      const results = watched[Symbol.asyncIterator]();
      for (const port of ["4", "2", "3", "1"]) out(made, primary, metadata(port));
      const ports: number[] = [];
      for (let i = 0; i < 4; i++) {
        const next = await results.next();
        if (next.done !== true) ports.push(next.value.outputs[0]?.port ?? 0);
      }
      assert.deepEqual(ports, [4, 2, 3, 1]);
    }),
  );

  requirement(
    "PKT-28",
    "submitted to ingress meets the rules as if the CPU port had received it",
    scene(async (made, primary) => {
      out(made, primary, submit);
      await settle();
      assert.deepEqual(received(primary), [`${lldp.toString("hex")} 1=${cpuPort} 2=0`]);
    }),
  );

  requirement(
    ["PKT-02", "STE-07", "STE-08"],
    "of a backup or of who never arbitrated is dropped; only the sender is told, and its stream stays open",
    scene((made, primary) => {
      const backup = made.arbitrated(0);
      const silent = made.connect("not arbitrated");
      out(made, backup);
      out(made, silent);
      assert.deepEqual(
        [codes(backup), codes(silent), codes(primary)],
        [[[8, Code.PERMISSION_DENIED]], [[8, Code.PERMISSION_DENIED]], []],
      );
      assert.deepEqual([backup.stream.ended, silent.stream.ended], [undefined, undefined]);
      assert.equal(made.sw.drops.get("out-not-primary"), 2);
    }),
  );

  requirement(["PKT-15", "PKT-24"], "before a pipeline is dropped, and so are punted frames", async () => {
    await using made = new Scene();
    const primary = made.arbitrated(1);
    out(made, primary);
    assert.deepEqual(codes(primary), [[9, Code.FAILED_PRECONDITION]]);
    assert.equal(made.sw.drops.get("out-no-pipeline"), 1);
  });

  it(
    "uses the committed program while another one is saved",
    scene(async (made, primary) => {
      assert.equal(await made.set("verify-and-save", configOf(p4info(), "empty")), "OK");
      out(made, primary);
      assert.deepEqual(codes(primary), []);
      assert.equal(await made.set("commit"), "OK");
      out(made, primary);
      assert.deepEqual(codes(primary), [[7, Code.INVALID_ARGUMENT]]);
    }),
  );

  for (const { ids, title, change, elements, payload, want, drop } of [
    {
      ids: ["PKT-09"],
      title: "to a port that is not there",
      elements: metadata("9"),
      want: [6, Code.INVALID_ARGUMENT],
      drop: "out-unknown-port",
    },
    { ids: ["PKT-30"], title: "to no port", elements: [], want: [6, Code.INVALID_ARGUMENT], drop: "out-unknown-port" },
    {
      ids: ["PKT-04"],
      title: "with unknown metadata",
      elements: [{ id: 9, value: raw }],
      want: [7, Code.INVALID_ARGUMENT],
      drop: "out-bad-metadata",
    },
    {
      ids: ["PKT-14"],
      title: "larger than the MTU",
      payload: Buffer.alloc(1515),
      want: [1, Code.INVALID_ARGUMENT],
      drop: "out-mtu-exceeded",
    },
    {
      ids: [],
      title: "shorter than a header",
      payload: Buffer.alloc(13),
      want: [2, Code.INVALID_ARGUMENT],
      drop: "out-runt",
    },
    {
      ids: [],
      title: "to a port that is down",
      change: "down",
      want: [3, Code.FAILED_PRECONDITION],
      drop: "out-port-down",
    },
    {
      ids: [],
      title: "to a port without carrier",
      change: "no-carrier",
      want: [4, Code.UNAVAILABLE],
      drop: "out-no-carrier",
    },
  ] as const)
    requirement(
      ["STE-01", "STE-02", ...ids],
      `${title} is refused, told and counted`,
      scene((made, primary) => {
        if (change !== undefined) made.datapath.setPortState(2 as PortId, change);
        out(made, primary, [...(elements ?? metadata("2"))], payload ?? lldp);
        assert.deepEqual(codes(primary), [want]);
        const [error] = primary.stream.errors;
        assert.equal(error?.about, "packet-out");
        assert.deepEqual(error.offending, raw);
        assert.ok(error.message.length > 0);
        assert.equal(made.sw.drops.get(drop), 1);
      }),
    );

  requirement(
    "STE-03",
    "comes back in its error only if it is small",
    scene((made, primary) => {
      out(made, primary, [], lldp, new Uint8Array(64));
      out(made, primary, [], lldp, new Uint8Array(65));
      assert.deepEqual(
        primary.stream.errors.map(({ offending }) => offending?.length),
        [64, undefined],
      );
    }),
  );

  requirement(
    ["STE-05"],
    "is refused in silence where errors are off, and counted all the same",
    scene(
      (made, primary) => {
        out(made, primary, []);
        assert.deepEqual(primary.stream.errors, []);
        assert.equal(made.sw.drops.get("out-unknown-port"), 1);
      },
      { packets: { errors: undefined } },
    ),
  );

  requirement(
    "STE-06",
    "has no more errors than their rate allows",
    scene(
      (made, primary) => {
        for (let i = 0; i < 5; i++) out(made, primary, []);
        assert.equal(primary.stream.errors.length, 2);
        made.pass(500);
        for (let i = 0; i < 5; i++) out(made, primary, []);
        assert.equal(primary.stream.errors.length, 3);
        assert.equal(made.sw.drops.get("out-unknown-port"), 10);
      },
      { packets: { errors: { perSecond: 2, echoBytes: 0 } } },
    ),
  );

  it(
    "beyond the stream's rate is refused",
    scene(
      (made, primary) => {
        for (let i = 0; i < 4; i++) out(made, primary);
        assert.deepEqual(codes(primary), [
          [10, Code.RESOURCE_EXHAUSTED],
          [10, Code.RESOURCE_EXHAUSTED],
        ]);
        assert.equal(made.sw.drops.get("out-rate-limited"), 2);
        made.pass(1000);
        out(made, primary);
        assert.equal(made.sw.packets.packetOuts, 3);
      },
      { packets: { outRate: { perSecond: 1, burst: 2 } } },
    ),
  );
});

describe("controllers", () => {
  it(
    "are forgotten once, however often their stream closes",
    scene((made, primary) => {
      const { controllers } = made.sw;
      assert.equal(controllers.count, 1);
      controllers.disconnect(primary.id);
      controllers.disconnect(primary.id);
      assert.deepEqual([controllers.count, controllers.primaries.length], [0, 0]);
    }),
  );

  it(
    "are all ended on dismissal, arbitrated or not",
    scene((made, primary) => {
      const silent = made.connect("not arbitrated");
      made.sw.controllers.dismissAll({ code: Code.UNAVAILABLE, message: "stopping" });
      assert.deepEqual(
        [primary, silent].map(({ stream }) => stream.ended?.message),
        ["stopping", "stopping"],
      );
      assert.deepEqual([made.sw.controllers.count, made.sw.controllers.primaries.length], [0, 0]);
    }),
  );

  it(
    "that leave while others are told of it leave cleanly",
    scene((made, primary) => {
      const { controllers } = made.sw;
      const backup = made.arbitrated(0);
      backup.stream.notify = () => controllers.disconnect(backup.id);
      controllers.disconnect(primary.id);
      assert.equal(controllers.count, 0);
      const next = made.arbitrated(4);
      assert.deepEqual(
        controllers.primaries.map(({ backlog }) => backlog),
        [next.stream.backlog],
      );
    }),
  );
});
