/** What the kernel datapath makes of a changing network: netdevs, addresses, other processes. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadAddon } from "../../src/addon/load.js";
import { defined } from "../../src/base/invariant.js";
import { silentLogger } from "../../src/base/logger.js";
import { Code, StatusError } from "../../src/base/status.js";
import type { DatapathEvent, PuntedBatch } from "../../src/datapath/datapath.js";
import { KernelDatapath } from "../../src/datapath/kernel/kernel-datapath.js";
import type { KernelOptions } from "../../src/datapath/kernel/kernel-datapath.js";
import { cpuPort } from "../../src/datapath/port.js";
import type { PortId } from "../../src/datapath/port.js";
import { install } from "../compliance/bench.js";
import { ethernet } from "../compliance/frames.js";
import { ipv4, ipv6, udp } from "../support/frame-builder.js";
import { rule } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { root } from "../support/repository.js";
import { Bpffs } from "./bpffs.js";
import { describeInNetns } from "../support/needs.js";
import { Capture } from "../support/capture.js";
import { listed, run } from "../support/commands.js";
import { Namespace, removeLeftovers } from "../support/namespace.js";
import { until } from "../support/until.js";
import { noTraces } from "./no-traces.js";
import { Wire } from "./wire.js";

const port1 = 1 as PortId;
const port2 = 2 as PortId;

describeInNetns("the kernel datapath in a network that changes", () => {
  noLeaks();
  noTraces();
  const addon = loadAddon();
  const object = readFileSync(join(root, "native/bpf/p4rtd.bpf.o"));
  let box: Namespace;

  beforeEach("a namespace with a veth pair", () => {
    removeLeftovers();
    box = Namespace.add("net");
    addPair();
  });
  afterEach("a namespace with a veth pair", () => box[Symbol.dispose]());

  const addPair = () => {
    box.ip("link add port1 type veth peer name far1");
    box.ip("link set port1 up");
    box.ip("link set far1 up");
  };
  const open = (options: Partial<KernelOptions> = {}) =>
    KernelDatapath.open({ addon, object, netns: box.path, ...options });
  const stateOf = (datapath: KernelDatapath) => () => datapath.port(port1)?.state;

  /** Punted frames of one reading, as long as `body` runs. */
  async function punting(datapath: KernelDatapath, body: (count: () => number) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    let count = 0;
    const reading = (async () => {
      for await (const batch of datapath.punted(stop.signal)) count += releaseCounted(batch);
    })();
    try {
      await body(() => count);
    } finally {
      stop.abort();
      await reading;
    }
  }

  it("says of a port that its netdev is missing, and adopts it when it appears", async () => {
    await using datapath = await open();
    assert.deepEqual(datapath.addPort({ id: port2, name: "later", netdev: "later0" }), { ok: true });
    assert.equal(datapath.port(port2)?.state, "missing");
    const sent = datapath.transmit([{ port: port2, frame: new Uint8Array(60), token: {} }]);
    assert.deepEqual(sent, ["port-missing"]);
    box.ip("link add later0 type veth peer name later1");
    box.ip("link set later0 mtu 4000");
    box.ip("link set later0 up");
    box.ip("link set later1 up");
    await until("the port is up", () => datapath.port(port2)?.state === "up");
    assert.equal(datapath.port(port2)?.mtu, 4000);
  });

  it("punts from a netdev that was renamed away and back, and from one that was created anew", async () => {
    await using datapath = await open();
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    await install({ datapath }, [rule({})]);
    const frame = ethernet(ipv4({}, udp(1, 2)));
    await punting(datapath, async (count) => {
      const sends = async (want: number) => {
        await until("the port is up", () => stateOf(datapath)() === "up");
        using wire = new Wire(addon, box, "far1");
        await wire.send([frame]);
        await until("the frame is punted", () => count() === want);
      };
      await sends(1);
      box.ip("link set port1 name away");
      await until("the netdev is missed", () => stateOf(datapath)() === "missing");
      box.ip("link set away name port1");
      await sends(2);
      box.ip("link del port1");
      await until("the netdev is missed", () => stateOf(datapath)() === "missing");
      addPair();
      await sends(3);
    });
  });

  it("serves netdevs that swapped their names, as ports of their new names, and finds nothing wrong with them", async () => {
    box.ip("link add port2 type veth peer name far2");
    for (const netdev of ["port2", "far2"]) box.ip(`link set ${netdev} up`);
    using pins = Bpffs.mount();
    const warnings: unknown[] = [];
    const log = { ...silentLogger, warn: (...event: unknown[]) => void warnings.push(event) };
    await using datapath = await open({ pins: pins.at("device"), log });
    const ids = [port1, port2];
    for (const id of ids) datapath.addPort({ id, name: `p${id}`, netdev: `port${id}` });
    await install({ datapath }, [rule({})]);
    const ingress: number[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of datapath.punted(stop.signal)) {
        ingress.push(...batch.ingressPorts.subarray(0, batch.count));
        batch.release();
      }
    })();
    using far1 = new Wire(addon, box, "far1");
    using far2 = new Wire(addon, box, "far2");
    const before = ids.map((id) => box.ifindex(`port${id}`));
    for (let swaps = 1; swaps <= 6; swaps++) {
      const script = join(pins.folder, "swap");
      writeFileSync(script, "link set port1 name away\nlink set port2 name port1\nlink set away name port2\n");
      run("ip", ["-n", box.name, "-batch", script]);
      const now = swaps % 2 === 0 ? before : before.toReversed();
      const isServed = () => {
        const links = listed("ip", ["-n", box.name, "-json", "-d", "link", "show"]);
        const have = ids.every((id, i) => box.ifindex(`port${id}`) === now[i] && datapath.port(id)?.state === "up");
        return have && links.filter(({ promiscuity }) => promiscuity === 1).length >= 2;
      };
      await until("both are served", isServed);
      ingress.length = 0;
      const sends = async (wire: Wire, want: number) => {
        const deadline = performance.now() + 2000;
        // What was served a moment ago may be about to be followed.
        while (ingress.at(-1) !== want) {
          assert.ok(performance.now() < deadline, `swap ${swaps}: frames come by port ${ingress.at(-1)}, not ${want}`);
          await wire.send([ethernet(ipv4({}, udp(1, 2)))]);
          await delay(20);
        }
      };
      await sends(far1, swaps % 2 === 0 ? 1 : 2);
      await sends(far2, swaps % 2 === 0 ? 2 : 1);
    }
    stop.abort();
    await reading;
    assert.deepEqual(warnings, []);
  });

  it("has a netdev anew at once when it was given up, pinned as it was", async () => {
    using pins = Bpffs.mount();
    await using datapath = await open({ pins: pins.at("device") });
    for (let i = 0; i < 100; i++) {
      assert.deepEqual(datapath.addPort({ id: port1, name: "p1", netdev: "port1" }), { ok: true });
      datapath.removePort(port1);
    }
  });

  it("names the egress port of a frame that is too large for it", async () => {
    box.ip("link add port2 mtu 600 type veth peer name far2");
    for (const netdev of ["port2", "far2"]) box.ip(`link set ${netdev} up`);
    box.ip("link set port1 address 02:00:00:00:00:0b");
    box.set("net.ipv4.ip_forward", 1);
    box.ip("route add 10.0.0.2/32 dev port2");
    await using datapath = await open();
    for (const id of [port1, port2]) datapath.addPort({ id, name: `p${id}`, netdev: `port${id}` });
    await install({ datapath }, [rule({})]);
    const egress: number[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of datapath.punted(stop.signal)) {
        egress.push(...batch.egressPorts.subarray(0, batch.count));
        batch.release();
      }
    })();
    using wire = new Wire(addon, box, "far1");
    await until("the port is up", () => stateOf(datapath)() === "up");
    for (const neighbour of ["replace", "del"]) {
      box.ip(`neigh ${neighbour} 10.0.0.2 lladdr 02:00:00:00:00:0a dev port2 nud permanent`);
      for (const bytes of [100, 1000]) {
        const payload = [...udp(1, 2), ...new Array<number>(bytes).fill(0)];
        await wire.send([ethernet(ipv4({ dst: "10.0.0.2" }, payload))]);
      }
    }
    await until("four frames are punted", () => egress.length === 4);
    stop.abort();
    await reading;
    assert.deepEqual(egress, [2, 2, 2, 2]);
  });

  it("tells carrier and state of a netdev as others change it", async () => {
    await using datapath = await open();
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    await until("the port is up", () => stateOf(datapath)() === "up");
    const seen: DatapathEvent[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const event of datapath.events(stop.signal)) seen.push(event);
    })();
    for (const [line, want] of [
      ["link set far1 down", "no-carrier"],
      ["link set port1 down", "down"],
      ["link set port1 up", "no-carrier"],
      ["link set far1 up", "up"],
    ] as const) {
      box.ip(line);
      await until(want, () => stateOf(datapath)() === want);
    }
    stop.abort();
    await reading;
    const states = seen.map((event) => (event.kind === "port-state" ? event.state : event.kind));
    assert.deepEqual(states, ["port-added", "no-carrier", "down", "no-carrier", "up"]);
  });

  it("asks for frames to other stations while it has a netdev, and no longer", async () => {
    const promiscuity = () => {
      const [link] = listed("ip", ["-n", box.name, "-json", "-d", "link", "show", "dev", "port1"]);
      return link?.["promiscuity"];
    };
    await using datapath = await open();
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    assert.equal(promiscuity(), 1);
    datapath.removePort(port1);
    assert.equal(promiscuity(), 0);
  });

  it("refuses a netdev that another p4rtd serves, and has it when that one ends", async () => {
    const first = await open();
    assert.ok(first.addPort({ id: port1, name: "p1", netdev: "port1" }).ok);
    await using second = await open({ ordinal: 1 });
    const refused = second.addPort({ id: port1, name: "mine", netdev: "port1" });
    assert.ok(!refused.ok);
    assert.deepEqual(refused.status.code, Code.FAILED_PRECONDITION);
    assert.equal(refused.status.message, "netdev 'port1' of port 'mine' is served by another p4rtd");
    await first[Symbol.asyncDispose]();
    assert.deepEqual(second.addPort({ id: port1, name: "mine", netdev: "port1" }), { ok: true });
  });

  it("refuses a device that another p4rtd serves", async () => {
    await using first = await open();
    await assert.rejects(open(), (error: unknown) => {
      assert.ok(error instanceof StatusError);
      assert.match(error.message, /^'p4cpu0' is in use by another p4rtd/);
      return true;
    });
    assert.equal(first.stats().ports.length, 1);
  });

  it("leaves nothing behind, and replaces what a killed process left", async () => {
    const names = () => listed("ip", ["-n", box.name, "-json", "link", "show"]).map((link) => link["ifname"]);
    const before = names();
    box.ip("link add p4cpu0 type veth peer name p4rx0");
    box.ip("link add p4gso0 type veth peer name p4seg0");
    const datapath = await open();
    for (const name of ["p4cpu0", "p4rx0", "p4gso0", "p4seg0"]) assert.ok(names().includes(name));
    await datapath[Symbol.asyncDispose]();
    assert.deepEqual(names(), before);
  });

  it("keeps frames to addresses of the box from rules that name no EtherType, as addresses come and go", async () => {
    await using datapath = await open();
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    await install({ datapath }, [rule({ match: { ttl: 1 } })]);
    using wire = new Wire(addon, box, "far1");
    const frame = (dst: string) => ethernet(ipv4({ dst, ttl: 1 }, udp(1, 2)));
    const local = () => new Map(datapath.stats().drops).get("local-address") ?? 0;
    await punting(datapath, async (count) => {
      /** Sends to `dst` until it is taken as told: changes are followed a moment after they are made. */
      const becomes = async (dst: string, want: "local" | "punted") => {
        const taken = want === "local" ? local : count;
        const before = taken();
        const deadline = performance.now() + 5000;
        while (taken() === before) {
          if (performance.now() > deadline) throw new Error(`a frame to ${dst} did not become ${want}`);
          const seen = local() + count();
          await wire.send([frame(dst)]);
          await until("the frame is seen", () => local() + count() > seen);
        }
      };
      await becomes("10.9.0.1", "punted");
      box.ip("addr add 10.9.0.1/24 brd + dev port1");
      await becomes("10.9.0.1", "local");
      await becomes("10.9.0.255", "local");
      await becomes("255.255.255.255", "local");
      await becomes("224.0.0.1", "local");
      await becomes("224.0.0.5", "punted");
      box.ip("rule add pref 10 table 100");
      box.ip("route add local 10.9.9.9/32 dev lo table 100");
      box.ip("route add local 10.9.0.1/32 dev lo table 100");
      await becomes("10.9.9.9", "local");
      box.ip("addr del 10.9.0.1/24 dev port1");
      await becomes("10.9.0.255", "punted");
      await becomes("10.9.0.1", "local");
      box.ip("route flush table 100");
      await becomes("10.9.0.1", "punted");
      await becomes("10.9.9.9", "punted");
      box.ip("link add other0 type veth peer name other1");
      box.ip("link set other0 up");
      box.ip("addr add 10.9.1.1/24 brd + dev other0");
      await becomes("10.9.1.255", "local");
      box.ip("link del other0");
      await becomes("10.9.1.255", "punted");
      await becomes("10.9.1.1", "punted");
    });
  });

  it("creates a TAP for a port of that type, and removes it with the port", async () => {
    await using datapath = await open();
    const names = () => listed("ip", ["-n", box.name, "-json", "link", "show"]).map((link) => link["ifname"]);
    assert.deepEqual(datapath.addPort({ id: port2, name: "vm", netdev: "vm0", type: "tap", mtu: 9000 }), { ok: true });
    await until("the TAP waits for its user", () => datapath.port(port2)?.state === "no-carrier");
    assert.equal(datapath.port(port2)?.mtu, 9000);
    datapath.removePort(port2);
    assert.ok(!names().includes("vm0"));
  });

  it("routes a submitted IPv6 frame, the only one that comes by the CPU port of a box that forwards", async () => {
    for (const which of ["all", "default"]) box.set(`net.ipv6.conf.${which}.disable_ipv6`, 0);
    box.set("net.ipv6.conf.all.forwarding", 1);
    box.ip("-6 route add 2001:db8:0:ff::/64 dev port1");
    box.ip("-6 neigh add 2001:db8:0:ff::2 lladdr 02:00:00:00:00:0c dev port1 nud permanent");
    await using capture = await Capture.open(box.name, "far1");
    await using datapath = await open();
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    const frame = ethernet(ipv6({ hopLimit: 9 }, udp(1, 2)));
    assert.deepEqual(datapath.transmit([{ port: cpuPort, frame, token: {} }]), ["accepted"]);
    const isOurs = (each: Uint8Array) => each[5] === 0x0c && each[12] === 0x86;
    await capture.takeUntil((each) => isOurs(each) && each[21] === 8);
    assert.equal(datapath.stats().ports.at(-1)?.framesIn, 1);
    const setting = `/proc/sys/net/ipv6/conf/p4cpu0/disable_ipv6`;
    assert.equal(box.run("cat", setting).trim(), "1");
  });

  it("says that carrier cannot be commanded", async () => {
    await using datapath = await open();
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    const result = datapath.setPortState(port1, "no-carrier");
    assert.ok(!result.ok && result.status.code === Code.FAILED_PRECONDITION);
  });

  it("gives back a frame that waits when its netdev vanishes", async () => {
    await using datapath = await open();
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    await until("the port is up", () => stateOf(datapath)() === "up");
    const token = {};
    assert.deepEqual(datapath.transmit([{ port: port1, frame: new Uint8Array(60), token }]), ["accepted"]);
    box.ip("link del port1");
    const event = await firstOf(datapath, "transmit-refused");
    assert.equal(event.token, token);
    assert.ok(["unknown-port", "port-missing"].includes(event.reason));
  });
});

type EventOf<Kind extends DatapathEvent["kind"]> = Extract<DatapathEvent, { kind: Kind }>;

async function firstOf<Kind extends DatapathEvent["kind"]>(
  datapath: KernelDatapath,
  kind: Kind,
): Promise<EventOf<Kind>> {
  for await (const event of datapath.events(new AbortController().signal))
    if (event.kind === kind) return event as EventOf<Kind>;
  return defined<EventOf<Kind>>(undefined, `an event ${kind}`);
}

function releaseCounted(batch: PuntedBatch): number {
  const { count } = batch;
  batch.release();
  return count;
}
