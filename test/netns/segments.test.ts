/** Bundles of segments (GSO) through the kernel datapath: rules see them in one piece, the CPU gets frames of the wire. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAddon } from "../../src/addon/load.js";
import { silentLogger } from "../../src/base/logger.js";
import { KernelDatapath } from "../../src/datapath/kernel/kernel-datapath.js";
import type { KernelOptions } from "../../src/datapath/kernel/kernel-datapath.js";
import type { PortId } from "../../src/datapath/port.js";
import type { PuntRule, RuleHandle } from "../../src/datapath/rule.js";
import { install } from "../compliance/bench.js";
import { always, rule } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { root } from "../support/repository.js";
import { BulkProcess, digestOf, pattern } from "./bulk.js";
import { describeInNetns } from "../support/needs.js";
import { type Bundle, bundleOf, sendBundles } from "./bundle.js";
import { listed } from "../support/commands.js";
import { until } from "../support/until.js";
import { noTraces } from "./no-traces.js";
import { type Packet, checkedPacket, streamOf } from "./segment.js";
import { TwoHosts, hosts } from "./two-hosts.js";

const port1 = 1 as PortId;
const port2 = 2 as PortId;
const mtu = 1500;
const ethernetBytes = 14;
const tcp = 6;
const udp = 17;

interface Punted {
  readonly frame: Uint8Array;
  readonly ingress: number;
  readonly egress: number;
}

describeInNetns("bundles of segments on the kernel datapath", () => {
  noLeaks();
  noTraces();
  const addon = loadAddon();
  const object = readFileSync(join(root, "native/bpf/p4rtd.bpf.o"));
  let lab: TwoHosts;
  beforeEach("two hosts and a box", () => void (lab = new TwoHosts()));
  afterEach("two hosts and a box", () => lab[Symbol.dispose]());

  /** Opens the box with `rules`; what is punted while `body` runs. */
  async function serving(
    options: Partial<KernelOptions>,
    rules: readonly PuntRule[],
    body: (datapath: KernelDatapath, punted: readonly Punted[], rules: readonly RuleHandle[]) => Promise<void>,
  ): Promise<void> {
    await using datapath = await KernelDatapath.open({ addon, object, netns: lab.box.path, ...options });
    datapath.addPort({ id: port1, name: "p1", netdev: "port1" });
    datapath.addPort({ id: port2, name: "p2", netdev: "port2" });
    await until("the ports are up", () => [port1, port2].every((port) => datapath.port(port)?.state === "up"));
    const handles = await install({ datapath }, rules);
    const punted: Punted[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of datapath.punted(stop.signal)) {
        const { count, slab, offsets, lengths, ingressPorts, egressPorts } = batch;
        for (let i = 0; i < count; i++) {
          const at = offsets[i] ?? 0;
          const frame = slab.slice(at, at + (lengths[i] ?? 0));
          punted.push({ frame, ingress: ingressPorts[i] ?? 0, egress: egressPorts[i] ?? 0 });
        }
        batch.release();
      }
    })();
    try {
      await body(datapath, punted, handles);
    } finally {
      stop.abort();
      await reading;
    }
  }

  /** Everything that was counted as punted has come. */
  const allCame = (datapath: KernelDatapath, punted: readonly Punted[]) =>
    until("all that was punted has come", () => punted.length === datapath.stats().punted);

  /** How often the rules were counted. */
  async function packetsOf(datapath: KernelDatapath, handles: readonly RuleHandle[]): Promise<number> {
    const into = new Float64Array(2 * handles.length);
    await datapath.counters(handles, into);
    return into.filter((_, i) => i % 2 === 0).reduce((sum, packets) => sum + packets, 0);
  }

  /** Frames that were lost on the wires between the hosts. */
  function lost(): number {
    const ends = [lab.left, lab.box, lab.right].flatMap(({ name }) =>
      listed("ip", ["-n", name, "-s", "-json", "link"]),
    );
    const stats = ends.filter(({ ifname }) => /^(far|port)/.test(String(ifname))).map((end) => end["stats64"]);
    assert.equal(stats.length, 4);
    const drops = (stats as readonly Record<"rx" | "tx", { readonly dropped: number }>[]).flatMap(({ rx, tx }) => [
      rx,
      tx,
    ]);
    return drops.reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** Sends `bytes` from the left host to the right one; true to the last byte, and no frame is lost. */
  async function transfer(version: 4 | 6, bytes: number): Promise<void> {
    const [address, port] = [hosts[version].right, "5001"];
    const before = lost();
    const receiver = new BulkProcess(lab.right.name, ["receive", address, port]);
    await receiver.said();
    const sender = new BulkProcess(lab.left.name, ["send", address, port, String(bytes)]);
    await sender.end();
    assert.equal(await receiver.end(), `listening\n${digestOf(pattern(bytes))}\n`);
    assert.equal(lost(), before);
  }

  for (const attach of ["tcx", "clsact"] as const)
    for (const version of [4, 6] as const)
      it(`copies a TCP transfer frame by frame and does not disturb it (IPv${version}, ${attach})`, async function () {
        this.timeout(30_000);
        const bytes = 4_000_000;
        // Few bundles are under way at a time, as the backlog between the two ends is bounded.
        lab.right.run("sysctl", "-qw", "net.ipv4.tcp_rmem=4096 131072 262144");
        await serving({ attach }, [rule({ match: { ip_protocol: tcp }, action: "copy" })], async (datapath, punted) => {
          await transfer(version, bytes);
          await allCame(datapath, punted);
          assert.deepEqual([...datapath.stats().drops], []);
          assert.ok(Math.max(...punted.map(({ frame }) => frame.length)) === mtu + ethernetBytes);
          const packets = punted.map(({ frame }) => checkedPacket(frame));
          const forth = packets.filter(({ dstPort }) => dstPort === 5001);
          assert.equal(digestOf(streamOf(forth)), digestOf(pattern(bytes)));
          if (version === 4) assert.equal(new Set(forth.map(({ id }) => id)).size, forth.length);
          const ports = punted.map(({ ingress, egress }) => `${ingress} ${egress}`);
          assert.deepEqual(new Set(ports), new Set(["1 2", "2 1"]));
          // Rules saw bundles, the CPU frames.
          const status = datapath.port(port1);
          assert.ok(status !== undefined);
          assert.equal(status.framesPunted, forth.length);
          assert.ok(status.framesIn < forth.length / 4, `${status.framesIn} in, ${forth.length} punted`);
        });
      });

  const oneBundle: Bundle = { version: 4, protocol: tcp, tags: [], segmentBytes: 1000, payload: pattern(4500) };
  const rows: readonly Bundle[] = [4, 6].flatMap((version) =>
    [tcp, udp].flatMap((protocol) =>
      [[], [0x8100_6005], [0x88a8_0007], [0x88a8_0007, 0x8100_2009], [0x8100_0000]].map((tags) => ({
        ...oneBundle,
        ...{ version: version as 4 | 6, protocol, tags },
      })),
    ),
  );
  it("traps bundles with tags as the frames that a card would have made of them", async function () {
    this.timeout(20_000);
    await serving({}, [rule({ match: { l4_dst_port: 5001 } })], async (datapath, punted, handles) => {
      sendBundles(lab.left, "far1", rows.map(bundleOf));
      await until("five segments of each", () => punted.length >= 5 * rows.length, 10_000);
      for (const [i, bundle] of rows.entries()) {
        const packets = punted.slice(5 * i, 5 * i + 5).map(({ frame }) => checkedPacket(frame));
        checkSegments(bundle, packets);
      }
      assert.equal(await packetsOf(datapath, handles), rows.length);
      assert.equal(datapath.port(port1)?.framesPunted, punted.length);
      assert.equal(datapath.port(port1)?.framesDropped, 0);
    });
  });

  /** TCP: RFC 9293 section 3.8.5 for flags; each field of each header as if the sender had made the frames. */
  function checkSegments({ version, protocol, tags, segmentBytes, payload }: Bundle, packets: readonly Packet[]): void {
    packets.forEach((packet, i) => {
      const at = i * segmentBytes;
      const last = at + segmentBytes >= payload.length;
      assert.deepEqual([packet.version, packet.protocol, packet.tags], [version, protocol, tags]);
      assert.deepEqual(packet.payload, payload.slice(at, at + segmentBytes));
      if (version === 4) assert.equal(packet.id, 100 + i);
      if (protocol === tcp) assert.deepEqual([packet.sequence, packet.tcpFlags], [7 + at, last ? 0x18 : 0x10]);
    });
  }

  it("gives each segment its token of the policers, and counts the bundle once", async () => {
    const queues = [{ name: "few", pps: 1, burst: 3 }];
    const handle = rule({ match: { l4_dst_port: 5001 }, action: always("trap", 0) });
    await serving({ queues }, [handle], async (datapath, punted, handles) => {
      sendBundles(lab.left, "far1", [bundleOf({ ...oneBundle, payload: pattern(9500) })]);
      const dropped = () => new Map(datapath.stats().drops).get("queue-policer") ?? 0;
      await until("ten segments are counted", () => datapath.stats().punted + dropped() === 10);
      await allCame(datapath, punted);
      assert.deepEqual([punted.length, dropped(), await packetsOf(datapath, handles)], [3, 7, 1]);
    });
  });

  it("counts a bundle as unsegmented that would become too many frames", async () => {
    await serving({}, [rule({ match: { l4_dst_port: 5001 } })], async (datapath, punted) => {
      const bundle = { ...oneBundle, segmentBytes: 8, payload: pattern(4500) };
      sendBundles(lab.left, "far1", [bundleOf(bundle), bundleOf(oneBundle)]);
      await until("the other one is punted", () => punted.length === 5);
      assert.deepEqual([...datapath.stats().drops], [["unsegmented", 1]]);
    });
  });

  it("loses no segment unseen when too many bundles come at once", async function () {
    this.timeout(20_000);
    const [bundles, segments] = [60, 480];
    await serving({}, [rule({ match: { l4_dst_port: 5001 } })], async (datapath, punted, handles) => {
      const bundle = bundleOf({ ...oneBundle, segmentBytes: 64, payload: pattern(64 * segments) });
      const lost = () => new Map(datapath.stats().drops).get("punt-backlog") ?? 0;
      for (let round = 1; lost() === 0; round++) {
        assert.ok(round <= 5, "the backlog overflows");
        sendBundles(lab.left, "far1", Array<typeof bundle>(bundles).fill(bundle));
        assert.equal(await packetsOf(datapath, handles), bundles * round);
        const all = bundles * round * segments;
        await until("all are punted or lost", () => datapath.stats().punted + lost() === all, 10_000);
      }
      await allCame(datapath, punted);
      for (const { frame } of punted) checkedPacket(frame);
    });
  });

  it("counts bundles as unsegmented where the kernel refuses the pair, and says so at the start", async () => {
    const said: string[] = [];
    const log = { ...silentLogger, warn: (event: string) => void said.push(event) };
    // The kernel lets nobody remove a loopback device, whatever its name.
    lab.box.ip("link set lo down");
    lab.box.ip("link set lo name p4gso0");
    await serving({ log }, [rule({ match: { l4_dst_port: 5001 } })], async (datapath, punted) => {
      sendBundles(lab.left, "far1", [bundleOf(oneBundle)]);
      await until("it is counted", () => [...datapath.stats().drops].length > 0);
      assert.deepEqual([...datapath.stats().drops], [["unsegmented", 1]]);
      assert.equal(punted.length, 0);
      assert.equal(datapath.port(port1)?.framesDropped, 1);
      assert.ok(!lab.box.ip("-br link show").includes("p4seg0"));
    });
    assert.ok(said.includes("datapath.no_segmenter"));
    assert.ok(lab.box.ip("-br link show").includes("p4gso0"));
  });

  it("finishes the checksum that a local sender left to the netdev (TCP and UDP, IPv4 and IPv6)", async function () {
    this.timeout(10_000);
    await serving({}, [rule({ match: { l4_dst_port: 5001 }, action: "copy" })], async (_datapath, punted) => {
      for (const version of [4, 6] as const)
        for (const protocol of [tcp, udp]) {
          const before = punted.length;
          const family = version === 4 ? "AF_INET" : "AF_INET6";
          const to = `('${hosts[version].right}',5001)`;
          const act = protocol === tcp ? `s.connect_ex(${to})` : `s.sendto(b'odd',${to})`;
          const kind = protocol === tcp ? "SOCK_STREAM" : "SOCK_DGRAM";
          lab.left.run("python3", "-c", `import socket;s=socket.socket(socket.${family},socket.${kind});${act}`);
          await until(`IPv${version}, protocol ${protocol}`, () => punted.length > before);
          const packets = punted.slice(before).map(({ frame }) => checkedPacket(frame));
          assert.deepEqual([packets[0]?.version, packets[0]?.protocol], [version, protocol]);
        }
    });
  });
});
