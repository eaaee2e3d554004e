import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { kernelLayout } from "../../src/daemon/pins.js";
import { readRecord } from "../../src/daemon/kernel-record.js";
import { packetOut } from "../conformance/wbb.js";
import { p4rtctl } from "../support/ctl.js";
import { Daemon } from "../support/daemon.js";
import { lldp } from "../support/frame-builder.js";
import { KernelBox } from "../support/kernel-box.js";
import { describeNeeding } from "../support/needs.js";
import { run } from "../support/commands.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, uint128, type P4Client } from "../support/p4-client.js";
import { p4 } from "../../src/wire/gen/proto.js";

const unimplemented = 12;
/** Of StreamErrors. @see docs/bad-input.md */
const portDown = 3;
const pins = `device-1-v${kernelLayout}`;
function trapLldp(client: P4Client) {
  const match = [{ fieldId: 3, ternary: { value: Buffer.from("88cc", "hex"), mask: Buffer.from("ffff", "hex") } }];
  const tableEntry = { tableId: 33554691, match, priority: 1, action: { action: { actionId: 16777480 } } };
  const updates = [{ type: p4.v1.Update.Type.INSERT, entity: { tableEntry } }];
  return client.write({ deviceId: long(1n), electionId: uint128(1n), updates });
}

describeNeeding(
  ["root", "libbpf", "ip", "tc", "bpftool", "nsenter", "python3", "mount"],
  "p4rtd with a kernel datapath",
  function () {
    noLeaks();

    it("hands trapped frames of a real port to its controller, counts them, and leaves nothing when it stops", async () => {
      using box = new KernelBox();
      const metrics = 'telemetry: { prometheus: { listen: "127.0.0.1:0" } }';
      await using daemon = await Daemon.start(box.options(box.yaml("", metrics)));
      const client = await daemon.client();
      const stream = await primary(client);
      await trapLldp(client);
      box.send("far1", lldp);
      const { payload } = await stream.packetIn();
      assert.deepEqual(Buffer.from(payload ?? []).subarray(0, lldp.length), Buffer.from(lldp));
      const { address, port } = await daemon.event("telemetry.serving");
      const response = await fetch(`http://${String(address)}:${String(port)}/metrics`, {
        headers: { connection: "close" },
      });
      const samples = await response.text();
      assert.match(samples, /^p4rtd_port_frames_punted_total\{device="1",port="ethernet-1\/1"\} 1$/m);
      assert.match(samples, /^p4rtd_port_frames_punted_total\{device="1",port="swp2"\} 0$/m);
      assert.match(samples, /^p4rtd_frames_punted_total\{device="1"\} 1$/m);
      assert.ok(box.isAttached("swp1"));

      assert.equal((await daemon.stop()).code, 0);
      assert.equal(box.isAttached("swp1"), false);
      assert.deepEqual([...box.netns.netdevs()].sort(), ["far1", "far2", "swp1", "swp2"]);
      assert.deepEqual(box.left(), ["bpf"]);
      assert.deepEqual(box.left("/bpf"), []);
    });

    it("tells p4rtctl its netdevs, and which rules the kernel has lost", async () => {
      using box = new KernelBox();
      mkdirSync(box.run, { recursive: true });
      const socket = `${box.run}/admin.sock`;
      await using daemon = await Daemon.start(box.options(box.yaml("", `admin: { unix: ${socket} }`)));
      const client = await daemon.client();
      await primary(client);
      await trapLldp(client);
      box.send("far1", lldp);
      const interfaces = await p4rtctl(["show", "interfaces", "--json"], { socket });
      const [first] = (JSON.parse(interfaces.stdout) as { interfaces: readonly Record<string, unknown>[] }).interfaces; // its documented form
      assert.deepEqual([first?.["name"], first?.["netdev"], first?.["state"]], ["ethernet-1/1", "swp1", "up"]);
      const held = await p4rtctl(["show", "rules"], { socket });
      assert.deepEqual([held.code, held.stderr], [0, ""]);
      assert.match(
        held.stdout,
        /ether_type 0x88cc .* green trap.*\ndevice 1 \(kernel\): 1 entry, 1 key held, no difference/,
      );

      const map = ["pinned", `${box.run}/bpf/${pins}/map_rules`];
      const [lost] = JSON.parse(run("bpftool", ["-j", "map", "dump", ...map])) as readonly { key: readonly string[] }[]; // what bpftool prints
      run("bpftool", [
        "map",
        "delete",
        ...map,
        "key",
        "hex",
        ...(lost?.key ?? []).map((byte) => byte.replace("0x", "")),
      ]);
      const missing = await p4rtctl(["show", "rules"], { socket });
      assert.equal(missing.code, 1);
      assert.match(missing.stdout, /^- .*ether_type 0x88cc/m);
    });

    it("takes no injected frames, and says which datapath would", async () => {
      using box = new KernelBox();
      await using daemon = await Daemon.start(box.options());
      const client = await daemon.client();
      await primary(client);
      const { code, message } = await rejected(client.inject({ dataplaneIngressPort: 1, payload: lldp }));
      assert.equal(code, unimplemented);
      assert.match(message, /device 1: .*'kernel' takes no injected frames.*soft/);
    });

    it("waits for a netdev that is not there, with an event", async () => {
      using box = new KernelBox();
      box.netns.ip("link del swp2");
      mkdirSync(box.run, { recursive: true });
      const socket = `${box.run}/admin.sock`;
      await using daemon = await Daemon.start(box.options(box.yaml("", `admin: { unix: ${socket} }`)));
      const { level, netdev, device } = await daemon.event("datapath.port_absent");
      assert.deepEqual([level, netdev, device], ["warn", "swp2", "1"]);
      const { stdout } = await p4rtctl(["show", "interfaces"], { socket });
      assert.match(stdout, /^swp2 +swp2 +2 +1 +missing /m);
      const stream = await primary(await daemon.client());
      stream.send(packetOut([[1, "2"]], lldp));
      const refused = await stream.error();
      assert.equal(refused.code, portDown);
      assert.match(refused.message ?? "", /^port 2: the port is down: its netdev is missing/);
      box.netns.ip("link add swp2 type veth peer name far2");
      const adopted = await daemon.event("port.adopted");
      assert.equal(adopted["netdev"], "swp2");
    });

    it("keeps rules when told so; the next start takes them over, and --cleanup removes them", async () => {
      using box = new KernelBox();
      const yaml = box.yaml("", "restart: { rules_on_exit: keep }");
      await using first = await Daemon.start(box.options(yaml));
      const client = await first.client();
      await primary(client);
      await trapLldp(client);
      assert.equal((await first.stop()).code, 0);
      assert.ok(box.isAttached("swp1"));
      assert.ok(box.left("/bpf").includes(pins));
      await using second = await Daemon.start(box.options(yaml));
      assert.ok(box.isAttached("swp1"));
      assert.equal((await second.stop()).code, 0);
      const { code, stdout } = await box.cleanup();
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^removed .*/${pins}$`, "m"));
      assert.equal(box.isAttached("swp1"), false);
      assert.deepEqual(box.left(), []);
    });

    for (const attach of ["tcx", "clsact"])
      it(`takes over what a killed one left (${attach}), and --cleanup removes all of it`, async () => {
        using box = new KernelBox();
        const yaml = box.yaml(`, attach: ${attach}`).replace("swp2: { port_id: 2 }", "tap2: { port_id: 2, type: tap }");
        await using first = await Daemon.start(box.options(yaml));
        first.signal("SIGKILL");
        await first.ended;
        assert.ok(box.isAttached("swp1"));
        await using second = await Daemon.start(box.options(yaml));
        const client = await second.client();
        const stream = await primary(client);
        await trapLldp(client);
        box.send("far1", lldp);
        await stream.packetIn();
        second.signal("SIGKILL");
        await second.ended;
        const ifindex = box.netns.ifindex("tap2");
        assert.deepEqual(readRecord(`${box.run}/device-1.json`)?.taps, [{ name: "tap2", ifindex }]);
        const { code, stdout, stderr } = await box.cleanup();
        assert.deepEqual([code, stderr], [0, ""]);
        assert.match(stdout, /p4gso1 and p4seg1/);
        assert.match(stdout, /p4cpu1 and p4rx1/);
        assert.match(stdout, /the TAP tap2/);
        if (attach === "clsact") assert.match(stdout, /the tc filter on swp1[^]*the qdisc clsact on swp1/);
        assert.doesNotMatch(box.netns.run("tc", "qdisc", "show", "dev", "swp1"), /clsact/);
        assert.equal(box.isAttached("swp1"), false);
        assert.deepEqual([...box.netns.netdevs()].sort(), ["far1", "far2", "swp1", "swp2"]);
        assert.deepEqual(box.left(), []);
      });

    for (const attach of ["tcx", "clsact"])
      for (const end of ["killed", "kept"])
        it(`removes what a ${end} one left on a netdev that is no port any more (${attach})`, async () => {
          using box = new KernelBox();
          const yaml = box.yaml(`, attach: ${attach}`, "restart: { rules_on_exit: keep }");
          await using first = await Daemon.start(box.options(yaml));
          if (end === "killed") {
            first.signal("SIGKILL");
            await first.ended;
          } else assert.equal((await first.stop()).code, 0);
          box.netns.ip("link set swp2 down");
          box.netns.ip("link set swp2 name other2");
          assert.ok(box.isAttached("other2"));
          await using second = await Daemon.start(box.options(yaml));
          assert.deepEqual([box.isAttached("swp1"), box.isAttached("other2")], [true, false]);
          assert.equal(
            box.left(`/bpf/${pins}`).some((name) => name.endsWith("_swp2")),
            false,
          );
          assert.equal((await second.stop()).code, 0);
        });

    it("changes from clsact to tcx and back, with one program on the netdev", async () => {
      using box = new KernelBox();
      const filters = () => box.netns.run("tc", "filter", "show", "dev", "swp1", "ingress").match(/handle 0x/g) ?? [];
      const qdiscs = () => box.netns.run("tc", "qdisc", "show", "dev", "swp1");
      const start = (attach: string) =>
        Daemon.start(box.options(box.yaml(`, attach: ${attach}`, "restart: { rules_on_exit: keep }")));
      await using first = await start("clsact");
      assert.equal((await first.stop()).code, 0);
      assert.equal(filters().length, 1);
      await using second = await start("tcx");
      assert.ok(box.isAttached("swp1"));
      assert.deepEqual(filters(), []);
      assert.doesNotMatch(qdiscs(), /clsact/);
      assert.equal((await second.stop()).code, 0);
      assert.ok(box.left(`/bpf/${pins}`).includes("link_swp1"));
      await using third = await start("clsact");
      assert.equal(filters().length, 1);
      assert.equal(box.left(`/bpf/${pins}`).includes("link_swp1"), false);
      assert.equal((await third.stop()).code, 0);
    });

    it("names the filter that has its place, and what to do", async () => {
      using box = new KernelBox();
      box.netns.run("tc", "qdisc", "add", "dev", "swp1", "clsact");
      const filter = ["protocol", "ip", "prio", "1", "u32", "match", "u32", "0", "0"];
      box.netns.run("tc", "filter", "add", "dev", "swp1", "ingress", ...filter);
      const { code, stderr } = await Daemon.outcome(box.options(box.yaml(", attach: clsact")));
      assert.equal(code, 69);
      assert.match(stderr, /netdev 'swp1' .*a filter of kind u32 for protocol 0x0800 has priority 1 of the ingress/);
    });

    it("forgets the TAPs of a start that is refused, and a TAP that others made since", async () => {
      using box = new KernelBox();
      const yaml = box.yaml().replace("swp2: { port_id: 2 }", "tap2: { port_id: 2, type: tap }");
      const refusedYaml = yaml
        .replace("netdev: swp1 }", "netdev: swp1 }, atap: { port_id: 3, type: tap }")
        .replace("tap2:", "lo:");
      assert.equal((await Daemon.outcome(box.options(refusedYaml))).code, 69);
      assert.equal(existsSync(`${box.run}/device-1.json`), false);
      assert.deepEqual([...box.netns.netdevs()].sort(), ["far1", "far2", "swp1", "swp2"]);
      await using daemon = await Daemon.start(box.options(yaml));
      assert.equal((await daemon.stop()).code, 0);
      box.netns.ip("link del tap2");
      box.netns.ip("tuntap add tap2 mode tap");
      await box.cleanup();
      assert.ok(box.netns.netdevs().includes("tap2"));
    });

    it("leaves a TAP that was there before it", async () => {
      using box = new KernelBox();
      box.netns.ip("tuntap add tap2 mode tap");
      const yaml = box.yaml().replace("swp2: { port_id: 2 }", "tap2: { port_id: 2, type: tap }");
      await using daemon = await Daemon.start(box.options(yaml));
      assert.equal((await daemon.stop()).code, 0);
      assert.deepEqual(box.left(), ["bpf"]);
      await box.cleanup();
      assert.ok(box.netns.netdevs().includes("tap2"));
    });

    it("is one per run-time folder and device: the second ends with 69, --cleanup too, and the first goes on", async () => {
      using box = new KernelBox();
      await using first = await Daemon.start(box.options());
      const second = await Daemon.outcome(box.options());
      assert.equal(second.code, 69);
      assert.match(second.stderr, /"datapath.cannot_open".*device 1: another p4rtd holds it \(.*device-1\.lock\)/);
      const cleaned = await box.cleanup();
      assert.deepEqual([cleaned.code, cleaned.stdout], [69, ""]);
      assert.ok(box.isAttached("swp1"));
      const client = await first.client();
      await client.capabilities();
    });

    it("is one per port: another with a folder of its own ends with 69 and names the netdev", async () => {
      using box = new KernelBox();
      await using _first = await Daemon.start(box.options());
      mkdirSync(`${box.run}/other`);
      const yaml = box.yaml().replace("device_id: 1", "device_id: 2");
      try {
        const second = await Daemon.outcome(box.options(yaml, { environment: { P4RTD_RUN_DIR: `${box.run}/other` } }));
        assert.equal(second.code, 69);
        assert.match(second.stderr, /device 2: netdev 'swp1' of port 'ethernet-1\/1' is served by another p4rtd/);
        assert.ok(box.isAttached("swp1"));
      } finally {
        run("umount", [`${box.run}/other/bpf`]);
      }
    });

    it("ends with 69 for a network namespace that is not there", async () => {
      using box = new KernelBox();
      const yaml = box.yaml().replace(box.netns.path, "p4tc-no-such");
      const { code, stderr } = await Daemon.outcome(box.options(yaml));
      assert.equal(code, 69);
      assert.match(stderr, /device 1: there is no network namespace \/run\/netns\/p4tc-no-such: make it first/);
    });

    it("refuses what a newer release left, and names both layouts", async () => {
      using box = new KernelBox();
      await using first = await Daemon.start(box.options());
      await first.stop();
      mkdirSync(`${box.run}/bpf/device-1-v${kernelLayout + 1}`);
      const { code, stderr } = await Daemon.outcome(box.options());
      assert.equal(code, 69);
      assert.match(stderr, new RegExp(`layout ${kernelLayout + 1} in .*, this one knows up to ${kernelLayout}`));
    });
  },
);

describe("p4rtd with a software datapath only", () => {
  noLeaks();

  it("does not load the addon, and has no run-time folder", async () => {
    await using daemon = await Daemon.start();
    assert.doesNotMatch(readFileSync(`/proc/${daemon.pid}/maps`, "utf8"), /p4rtd\.node/);
  });
});
