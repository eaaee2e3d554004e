/** The tc program on netdevs: tags, routes, links and filters, steps while frames come. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { PacketSender } from "../../src/addon/addon.js";
import { loadAddon } from "../../src/addon/load.js";
import { ethernet, hex, ipv4, lldp, tag, udp } from "../support/frame-builder.js";
import { always, rule } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { BpfBed, packed, plain } from "./bpf-bed.js";
import { Namespace } from "../support/namespace.js";
import { describeNeeding } from "../support/needs.js";
import { sendFrames } from "../support/send-frames.js";

const addon = loadAddon();
const hooks = addon.probeTcx() ? (["tcx", "clsact"] as const) : (["clsact"] as const);
/** `lldp`, long enough for a wire, behind the tags. */
const long = (...tags: readonly number[][]) =>
  ethernet(
    ...tags,
    hex("88cc"),
    Array.from({ length: 46 }, (_, i) => i),
  );

describeNeeding(["root", "ip", "libbpf"], "the tc program on a netdev", () => {
  noLeaks();
  let network: Namespace;
  let sender: PacketSender;
  let beds: BpfBed[] = [];
  let ifindex = 0;
  beforeEach(() => {
    network = Namespace.withPair();
    ifindex = network.ifindex("a");
    sender = addon.openPacketSender({ netns: network.path, ifindex: network.ifindex("b") });
  });
  afterEach(() => {
    for (const bed of beds) bed.close();
    beds = [];
    sender.close();
    network[Symbol.dispose]();
  });

  function open(hook: "tcx" | "clsact", options: ConstructorParameters<typeof BpfBed>[0] = {}): BpfBed {
    const bed = new BpfBed({ netns: network.path, ...options });
    beds.push(bed);
    bed.bpf.setPort(ifindex, { portId: 1, slot: 1, flags: 0 });
    bed.bpf.attach(ifindex, { hook, name: "a.1/x" });
    return bed;
  }

  function close(bed: BpfBed, links: "keep" | "flush"): void {
    beds = beds.filter((other) => other !== bed);
    bed.bpf.close(links);
  }

  function send(...frames: readonly Uint8Array[]): void {
    assert.deepEqual(
      [...sendFrames(sender, frames)],
      frames.map(() => 0),
    );
  }

  for (const hook of hooks) {
    it(`punts frames as they were on the wire, with their tags (${hook})`, async () => {
      const bed = open(hook);
      const frames = [
        long(),
        long(tag(5)),
        long(tag(0)),
        long(tag(4095, 7)),
        long(hex("8100 3005")), // DEI
        long(tag(7, 1, 0x88a8)),
        long(tag(7, 1, 0x88a8), tag(8, 2)),
        long(tag(7, 0, 0x9100), tag(8)),
        long(...Array.from({ length: 9 }, (_, i) => tag(i))),
      ];
      bed.install([rule({ match: { dst_mac: 0x0200_0000_000bn } })]);
      send(...frames);
      await delay(20);
      assert.deepEqual(
        (await bed.allPunted()).map(({ frame }) => frame),
        frames,
      );
    });

    it(`matches VLAN and PCP of the outer tag, which VID 0 has too (${hook})`, async () => {
      const bed = open(hook);
      const numbers = bed.install([
        rule({ match: { vlan_id: 5, ether_type: 0x88cc } }),
        rule({ match: { vlan_id: 0, vlan_pcp: 3, ether_type: 0x88cc } }),
      ]);
      send(long(), long(tag(5)), long(tag(5), tag(6)), long(tag(6), tag(5)), long(tag(0, 3)), long(tag(0, 2)));
      await delay(20);
      assert.deepEqual(bed.counters(numbers), [
        [2, 64 + 68],
        [1, 64],
      ]);
    });

    it(`sees no frame once detached, and leaves what others put there (${hook})`, async () => {
      const b = network.ifindex("b");
      network.run("tc", "qdisc", "add", "dev", "b", "clsact");
      const before = [filters("a"), filters("b")];
      const bed = open(hook);
      bed.bpf.attach(b, { hook, name: "b" });
      send(long());
      await delay(20);
      assert.deepEqual(bed.totals(), [1, 0, 0]);
      bed.bpf.detach(ifindex);
      bed.bpf.detach(b);
      bed.bpf.detach(ifindex);
      send(long());
      await delay(20);
      assert.deepEqual(bed.totals(), [1, 0, 0]);
      assert.deepEqual([filters("a"), filters("b")], before);
    });

    it(`is not confused by a netdev that vanished (${hook})`, () => {
      const bed = open(hook);
      network.ip("link del dev a");
      bed.bpf.detach(ifindex);
    });
  }

  /** The tc filters of a netdev. */
  function filters(netdev: string): string {
    const shown = ["qdisc", "filter"].map((kind) =>
      network.run("tc", kind, "show", "dev", netdev, ...(kind === "filter" ? ["ingress"] : [])),
    );
    return shown.join("").replace(/id \d+|tag \w+|jited|\[\d+\]/g, "");
  }

  it("finishes the checksum that a local sender left to the netdev", async () => {
    const bed = open(hooks[0]);
    bed.install([rule({ match: { ip_protocol: 17 } })]);
    network.ip("addr add 192.0.2.1/24 dev b");
    const multicast = "s.setsockopt(socket.IPPROTO_IP,socket.IP_MULTICAST_IF,socket.inet_aton('192.0.2.1'))";
    const code = `import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);${multicast};s.sendto(b'odd',('224.0.0.9',9))`;
    network.run("python3", "-c", code);
    await delay(20);
    const [punted] = await bed.allPunted();
    assert.ok(punted !== undefined);
    const packet = punted.frame.subarray(14);
    const pseudo = [...packet.subarray(12, 20), 0, 17, 0, 11];
    assert.equal(onesSum([...pseudo, ...packet.subarray(20, 31)]), 0xffff);
  });

  it("tells the port of the kernel's route, if it is one of ours", async () => {
    const bed = open(hooks[0]);
    network.ip("addr add 192.0.2.1/24 dev a");
    network.ip("link add name c type veth peer name d");
    for (const netdev of ["c", "d"]) network.ip(`link set dev ${netdev} up`);
    network.ip("addr add 198.51.100.1/24 dev c");
    network.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    const to = (dst: string) =>
      ethernet(ipv4({ src: "192.0.2.2", dst, ttl: 1 }, [...udp(1, 2), ...Array<number>(20).fill(0)]));
    bed.install([rule({ match: { ttl: 1 } })]);
    bed.bpf.setPort(network.ifindex("c"), { portId: 9, slot: 2, flags: 0 });
    send(to("198.51.100.2"), to("203.0.113.1"), to("192.0.2.1"));
    await delay(20);
    bed.bpf.setPort(network.ifindex("c"), { portId: 9, slot: 2, flags: 1 });
    send(to("198.51.100.2"));
    await delay(20);
    assert.deepEqual(
      (await bed.allPunted()).map(({ egressPort }) => egressPort),
      [9, 0, 0, 0],
    );
  });

  describe("with pins", () => {
    let folder = "";
    let pins = "";
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "p4rtd-bpffs-"));
      addon.mountBpffs(folder);
      pins = join(folder, "device1");
    });
    afterEach(() => {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    });

    /** Frames that the program of the pinned maps has seen. */
    function classified(): number {
      const text = execFileSync("bpftool", ["-j", "map", "dump", "pinned", join(pins, "map_stats")], {
        encoding: "utf8",
      });
      const rows = JSON.parse(text) as readonly {
        readonly formatted: { readonly value: { readonly classified: number } };
      }[];
      return rows.reduce((sum, row) => sum + row.formatted.value.classified, 0);
    }

    /** True if the kernel has a link of this id. */
    function isLink(id: number): boolean {
      return spawnSync("bpftool", ["link", "show", "id", String(id)]).status === 0;
    }

    function linkId(): number {
      const path = join(pins, "link_a%2e1%2fx");
      const text = execFileSync("bpftool", ["-j", "link", "show", "pinned", path], { encoding: "utf8" });
      return (JSON.parse(text) as { readonly id: number }).id;
    }

    for (const hook of hooks)
      it(`goes on after it is closed, and its successor takes its place (${hook})`, async () => {
        const bare = filters("a");
        const first = open(hook, { pins });
        first.install([rule({ action: "drop" })]);
        const filter = filters("a");
        const link = hook === "tcx" ? linkId() : 0;
        close(first, "keep");
        send(long(), long());
        await delay(20);
        assert.equal(classified(), 2);
        const second = open(hook, { pins });
        assert.equal(filters("a"), filter);
        if (hook === "tcx") assert.equal(linkId(), link);
        second.install([rule({ match: { ether_type: 0x88cc } })]);
        send(long());
        await delay(20);
        assert.equal((await second.allPunted()).length, 1);
        assert.equal(classified(), 1);
        close(second, "flush");
        assert.equal(filters("a"), bare);
        assert.ok(!existsSync(pins) && !isLink(link));
      });

    if (hooks.length === 2)
      it("says that a link cannot be pinned, and has taken it off the netdev by then", () => {
        const bed = new BpfBed({ netns: network.path, pins });
        beds.push(bed);
        const attach = () => bed.bpf.attach(ifindex, { hook: "tcx", name: "a.1/x" });
        const mounted = (how: "ro" | "rw") => execFileSync("mount", ["-o", `remount,${how}`, folder]);
        for (let i = 0; i < 20; i++) {
          mounted("ro");
          try {
            assert.throws(attach, { code: "EROFS", syscall: "bpf(BPF_OBJ_PIN)", message: /link_a%2e1%2fx/ });
          } finally {
            mounted("rw");
          }
          attach(); // of two links of one program the kernel would refuse the second
          bed.bpf.detach(ifindex);
        }
      });

    if (hooks.length === 2)
      it("replaces the link of a netdev that is no more", async () => {
        const first = open("tcx", { pins });
        const link = linkId();
        close(first, "keep");
        network.ip("link del dev a");
        network.ip("link add name a type veth peer name b");
        for (const netdev of ["a", "b"]) network.ip(`link set dev ${netdev} up`);
        ifindex = network.ifindex("a");
        sender.close();
        sender = addon.openPacketSender({ netns: network.path, ifindex: network.ifindex("b") });
        const second = open("tcx", { pins });
        send(long());
        await delay(20);
        assert.deepEqual(second.totals(), [1, 0, 0]);
        assert.ok(!isLink(link));
      });
  });

  it("shows each frame the whole of a step, whatever comes while it is made", async function () {
    this.timeout(30_000);
    const bed = open(hooks[0]);
    const tables = [plain, plain];
    // Of state A no table asks for a copy, of state B the first cancels what the second asks for: a copy is half of B.
    const stateA = [rule({ action: "forward" }), rule({ table: 1, action: "forward" })];
    const stateB = [rule({ action: "copy-cancel", priority: 2 }), rule({ table: 1, action: "copy", priority: 3 })];
    let numbers = bed.install(stateA, tables);
    const state = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(new URL("./flood-worker.js", import.meta.url), {
      workerData: { netns: network.path, ifindex: network.ifindex("b"), frame: lldp60, state },
    });
    try {
      while (bed.totals()[0] < 1000) await delay(1);
      const end = performance.now() + 3000;
      let steps = 0;
      for (; performance.now() < end; steps += 3) {
        // Other keys, other actions of the same keys, other masks: each way to change.
        const swap = (rules: typeof stateA) => {
          for (const number of numbers) bed.bpf.remove(number);
          numbers = rules.map((one) => bed.add(one));
        };
        bed.step(() => swap(stateB));
        bed.step(() =>
          numbers.forEach((number) => bed.bpf.replace(number, packed(always("forward")), undefined, "keep")),
        );
        bed.step(() => swap(stateA));
        if (steps % 300 === 0) await delay(0);
      }
      const [classified, punted] = bed.totals();
      assert.equal(punted, 0, `of ${classified} frames in ${steps} steps`);
      assert.deepEqual(bed.drops(), {});
      assert.ok(steps > 3000 && classified > 10_000, `${steps} steps, ${classified} frames`);
    } finally {
      Atomics.store(state, 0, 1);
      await once(worker, "exit");
    }
  });
});

/** The sum of RFC 1071: 0xffff of what holds a right checksum. */
function onesSum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

const lldp60 = Uint8Array.from({ length: 60 }, (_, i) => lldp[i] ?? 0);
