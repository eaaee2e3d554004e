/** What leaves nothing open: TAP devices, bpffs, the tcx probe; and name locks. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmdirSync, statfsSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { loadAddon } from "../../src/addon/load.js";
import { noLeaks } from "../support/no-leaks.js";
import { inProcess, inWorker } from "../support/addon-environments.js";
import { Namespace } from "../support/namespace.js";
import { describeNeeding } from "../support/needs.js";
import { sendFrames } from "../support/send-frames.js";

const addon = loadAddon();

describeNeeding(["root", "ip"], "a netdev", () => {
  noLeaks();
  let network: Namespace;
  beforeEach(() => void (network = Namespace.withPair()));
  afterEach(() => network[Symbol.dispose]());

  it("tells what it dropped instead of sending", () => {
    const dropped = () => addon.transmitDrops({ netns: network.path, ifindex: network.ifindex("a") });
    network.ip("link set dev b mtu 1300"); // the kernel's own frames still fit
    const before = dropped();
    const sender = addon.openPacketSender({ netns: network.path, ifindex: network.ifindex("a") });
    // One at a time: of several, the first that is refused is tried twice.
    for (const bytes of [60, 1400, 1400]) sendFrames(sender, [new Uint8Array(bytes)]);
    sender.close();
    assert.equal(dropped() - before, 2);
  });

  it("does whole frames only once its offloads are off, as often as it is asked", () => {
    // ETHTOOL_GTXCSUM, GSG, GTSO, GGSO and GGRO by SIOCETHTOOL.
    const code = `
import ctypes, fcntl, socket, struct
s = socket.socket()
for command in (0x16, 0x18, 0x1e, 0x23, 0x2b):
    value = ctypes.create_string_buffer(struct.pack("II", command, 0))
    fcntl.ioctl(s, 0x8946, struct.pack("16sP16x", b"a", ctypes.addressof(value)))
    print(struct.unpack("II", value.raw[:8])[1], end="")`;
    const offloads = () => network.run("python3", "-c", code);
    assert.match(offloads(), /^1111/);
    for (let i = 0; i < 2; i++) addon.disableOffloads({ netns: network.path, name: "a" });
    assert.equal(offloads(), "00000");
  });

  it("that is not there is ENODEV", () => {
    const netns = network.path;
    assert.throws(() => addon.disableOffloads({ netns, name: "none" }), { code: "ENODEV" });
    assert.throws(() => addon.transmitDrops({ netns, ifindex: 12345 }), { code: "ENODEV" });
  });
});

describeNeeding(["root", "ip"], "a TAP", () => {
  noLeaks();
  let network: Namespace;
  beforeEach(() => void (network = Namespace.withPair()));
  afterEach(() => network[Symbol.dispose]());

  const tap = () => ({ netns: network.path, name: "p4tap0" });
  const links = () => network.netdevs();

  it("stays when it was created, is taken if it is there, and goes when it is deleted", () => {
    addon.createTap(tap());
    assert.ok(links().includes("p4tap0"));
    const before = network.ifindex("p4tap0");
    addon.createTap(tap());
    assert.equal(network.ifindex("p4tap0"), before);
    assert.match(network.ip("-details link show p4tap0"), /tun type tap .*persist on/);
    addon.deleteTap(tap());
    assert.ok(!links().includes("p4tap0"));
  });

  it("that is not there is deleted without an error", () => {
    addon.deleteTap(tap());
  });

  it("is taken and deleted while a virtual machine has it open", async () => {
    addon.createTap(tap());
    // IFF_TAP | IFF_NO_PI, then wait for the end of standard input.
    const holder = spawn(
      "ip",
      [
        "netns",
        "exec",
        network.name,
        "python3",
        "-c",
        `
import fcntl, struct, sys
f = open("/dev/net/tun", "rb+", buffering=0)
fcntl.ioctl(f, 0x400454ca, struct.pack("16sH", b"p4tap0", 0x1002))
print("open", flush=True)
sys.stdin.read()`,
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    addon.createTap(tap());
    addon.deleteTap(tap());
    assert.ok(!links().includes("p4tap0"));
    holder.stdin.end();
    await once(holder, "close");
  });

  it("is refused where the name belongs to a netdev of another kind, which stays", () => {
    for (const name of ["a", "lo"]) {
      for (const act of ["createTap", "deleteTap"] as const)
        assert.throws(() => addon[act]({ netns: network.path, name }), { code: "EINVAL", message: /is no TAP$/ });
      assert.ok(network.ifindex(name) > 0);
    }
    network.ip("tuntap add p4tun mode tun");
    assert.throws(() => addon.createTap({ netns: network.path, name: "p4tun" }), { code: "EINVAL" });
    assert.throws(() => addon.deleteTap({ netns: network.path, name: "p4tun" }), { code: "EINVAL" });
    assert.ok(links().includes("p4tun"));
  });
});

describe("a name lock", () => {
  noLeaks();
  const name = `test-${process.pid}`;

  it("is held by one at a time, until it is closed", () => {
    const lock = addon.lockName({ netns: undefined, name });
    assert.throws(() => addon.lockName({ netns: undefined, name }), {
      code: "EADDRINUSE",
      syscall: `bind(@p4rtd/${name})`,
    });
    addon.lockName({ netns: undefined, name: `${name}-other` }).close();
    lock.close();
    lock.close();
    addon.lockName({ netns: undefined, name }).close();
  });

  it("tells names of 100 bytes apart by their last", () => {
    const [one, other] = ["1", "2"].map((last) => ({ netns: undefined, name: name.padEnd(99, "x") + last }));
    assert.ok(one !== undefined && other !== undefined);
    const locks = [one, other].map((options) => addon.lockName(options));
    assert.throws(() => addon.lockName(one), { code: "EADDRINUSE" });
    for (const lock of locks) lock.close();
  });

  it("ends with its process, also when that is killed", async () => {
    const { ended } = await inProcess(
      `addon.lockName({ netns: undefined, name: "${name}" }); process.kill(process.pid, "SIGKILL");`,
    );
    assert.equal(ended, "SIGKILL");
    addon.lockName({ netns: undefined, name }).close();
  });

  it("keeps no process running, and is not given up by the garbage collector", async () => {
    const { ended, output } = await inProcess(`
      (() => void addon.lockName({ netns: undefined, name: "${name}" }))();
      setTimeout(() => {
        for (let i = 0; i < 5; i++) gc();
        setTimeout(() => {
          try { addon.lockName({ netns: undefined, name: "${name}" }); } catch (error) { console.log(error.code); }
        }, 20);
      }, 20);`);
    assert.deepEqual([ended, output], [0, "EADDRINUSE\n"]);
  });

  it("ends with the worker that holds it", async () => {
    const ended = await inWorker(`addon.lockName({ netns: undefined, name: "${name}" }); post("held");`);
    assert.deepEqual(ended, { code: 0, posted: ["held"], error: undefined });
    addon.lockName({ netns: undefined, name }).close();
  });
});

describeNeeding(["root", "ip"], "a name lock of another namespace", () => {
  noLeaks();

  it("is another lock", () => {
    const network = Namespace.withPair();
    const [here, there] = [undefined, network.path].map((netns) => addon.lockName({ netns, name: "p4rtd-test-two" }));
    assert.throws(() => addon.lockName({ netns: network.path, name: "p4rtd-test-two" }), { code: "EADDRINUSE" });
    here?.close();
    there?.close();
    network[Symbol.dispose]();
  });
});

describeNeeding(["root", "ip"], "bpffs", () => {
  noLeaks();
  const bpffsMagic = 0xcafe4a11;

  it("is mounted on a folder once", () => {
    const folder = mkdtempSync(join(tmpdir(), "p4rtd-test-bpffs-"));
    try {
      addon.mountBpffs(folder);
      addon.mountBpffs(folder);
      assert.equal(statfsSync(folder).type, bpffsMagic);
    } finally {
      execFileSync("umount", [folder]);
    }
    assert.notEqual(statfsSync(folder).type, bpffsMagic);
    rmdirSync(folder);
  });

  it("is not mounted on what is no folder", () => {
    assert.throws(() => addon.mountBpffs("/absent"), { code: "ENOENT", syscall: "statfs(/absent)" });
    assert.throws(() => addon.mountBpffs("/etc/passwd"), { code: "ENOTDIR", syscall: "mount(/etc/passwd)" });
  });

  it("has tcx on kernels from 6.6 on, and not before", () => {
    const [major = 0, minor = 0] = release().split(".").map(Number);
    assert.equal(addon.probeTcx(), major > 6 || (major === 6 && minor >= 6));
  });

  it("cannot tell whether there is tcx without the capabilities: an error, no answer", async () => {
    const { output } = await inProcess(`
      process.setuid(65534);
      try { console.log(addon.probeTcx()); } catch (error) { console.log(error.code, error.syscall); }`);
    assert.equal(output, "EPERM bpf(BPF_PROG_QUERY)\n");
  });
});

describeNeeding(["root", "ip"], "a setting of a network namespace", () => {
  noLeaks();
  let network: Namespace;
  beforeEach(() => void (network = Namespace.withPair()));
  afterEach(() => network[Symbol.dispose]());

  const read = () => network.run("cat", "/proc/sys/net/ipv4/conf/all/rp_filter").trim();

  it("is written there and nowhere else", () => {
    const own = readFileSync("/proc/sys/net/ipv4/conf/all/rp_filter", "utf8");
    for (const value of ["2", "0"]) {
      addon.writeSysctl({ netns: network.path, name: "ipv4/conf/all/rp_filter", value });
      assert.equal(read(), value);
    }
    assert.equal(readFileSync("/proc/sys/net/ipv4/conf/all/rp_filter", "utf8"), own);
  });

  it("that is not there, or lies elsewhere, is refused", () => {
    const write = (name: string) => addon.writeSysctl({ netns: network.path, name, value: "1" });
    assert.throws(() => write("ipv4/nothing"), { code: "ENOENT" });
    assert.throws(() => write("../kernel/sysrq"), TypeError);
    assert.throws(() => write(""), TypeError);
  });
});
