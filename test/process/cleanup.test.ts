import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { kernelLayout } from "../../src/daemon/pins.js";
import { DeviceLock } from "../../src/daemon/device-lock.js";
import { Daemon, Folder } from "../support/daemon.js";
import { describeNeeding } from "../support/needs.js";
import { run } from "../support/commands.js";
import { Namespace } from "../support/namespace.js";
import { noLeaks } from "../support/no-leaks.js";

const cleanup = (run: string) => Daemon.outcome({ args: ["--cleanup"], environment: { P4RTD_RUN_DIR: run } });
const nothing = { code: 0, stdout: "nothing of p4rtd's is left\n", stderr: "" };

describe("p4rtd --cleanup", () => {
  noLeaks();

  it("has nothing to do where there is no run-time folder, and makes none", async () => {
    using folder = new Folder();
    assert.deepEqual(await cleanup(folder.at("run")), nothing);
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it("touches nothing while a p4rtd holds a device", async () => {
    using folder = new Folder();
    folder.write("device-2.json", "{}");
    const lock = await DeviceLock.take(folder.at("device-1.lock"));
    assert.ok(lock !== undefined);
    const { code, stdout, stderr } = await cleanup(folder.path);
    assert.deepEqual([code, stdout], [69, ""]);
    assert.equal(stderr, "p4rtd: device 1 is held by a p4rtd that runs: stop it first\n");
    assert.ok(existsSync(folder.at("device-2.json")));
    await lock[Symbol.asyncDispose]();
  });

  it("leaves a record it cannot read, and says so", async () => {
    using folder = new Folder();
    folder.write("device-1.json", "{}");
    const { code, stderr } = await cleanup(folder.path);
    assert.equal(code, 69);
    assert.match(stderr, /^p4rtd: .*device-1\.json: .* is no record of p4rtd's: remove it by hand\n$/);
    assert.deepEqual(readdirSync(folder.path), ["device-1.json"]);
  });

  it("leaves what a newer p4rtd left, and names both versions", async () => {
    using folder = new Folder();
    mkdirSync(folder.at(`bpf/device-1-v${kernelLayout + 1}`), { recursive: true });
    const { code, stderr } = await cleanup(folder.path);
    assert.equal(code, 69);
    assert.match(stderr, new RegExp(`layout ${kernelLayout + 1}; this one knows up to ${kernelLayout}`));
    assert.deepEqual(readdirSync(folder.at("bpf")), [`device-1-v${kernelLayout + 1}`]);
  });

  for (const args of [
    ["--cleanup", "--check"],
    ["--cleanup", "--config", "x"],
    ["--cleanup", "--device-id", "1"],
  ])
    it(`is not mixed with other flags: ${args.join(" ")}`, async () => {
      const { code, stderr } = await Daemon.outcome({ args });
      assert.equal(code, 64);
      assert.match(stderr, /^p4rtd: --cleanup goes with no other flag/);
    });

  it("wants an absolute path for the run-time folder", async () => {
    const { code, stderr } = await cleanup("run");
    assert.deepEqual([code, stderr], [64, "p4rtd: P4RTD_RUN_DIR is no absolute path\n"]);
  });
});

describeNeeding(["root", "ip", "tc", "mount"], "p4rtd --cleanup after a kill", () => {
  noLeaks();

  it("removes CPU port, TAPs, filters, pins and the bpffs, names each, and finds nothing the second time", async () => {
    using folder = new Folder();
    using netns = Namespace.add("box");
    const inode = statSync(netns.path).ino;
    netns.ip("link add p4cpu7 type veth peer name p4rx7");
    netns.ip("link add p4gso7 type veth peer name p4seg7");
    netns.ip("link add p4cpu8 type veth peer name p4rx8");
    for (const tap of ["tap1", "tap2"]) netns.ip(`tuntap add ${tap} mode tap`);
    netns.ip("link add swp1 type veth peer name far1");
    const filter = ["filter", "add", "dev", "swp1", "ingress"];
    netns.run("tc", "qdisc", "add", "dev", "swp1", "clsact");
    netns.run("tc", ...filter, "prio", "1", "bpf", "da", "object-file", "native/bpf/p4rtd.bpf.o", "section", "tc");
    netns.run("tc", ...filter, "prio", "2", "u32", "match", "u32", "0", "0");
    const taps = [
      { name: "tap1", ifindex: netns.ifindex("tap1") },
      { name: "tap2", ifindex: netns.ifindex("tap2") + 100 }, // one of this name that was there before
      { name: "tap9", ifindex: 1 },
    ];
    const record = { layout: 1, netns: netns.path, netnsInode: inode, ordinal: 7, taps };
    folder.write("device-7.json", JSON.stringify(record));
    mkdirSync(folder.at("bpf"));
    run("mount", ["-t", "bpf", "p4rtd", folder.at("bpf")]);
    mkdirSync(folder.at("bpf/device-7-v1"));
    folder.write("p4rtd.sock", "another's");

    const { code, stdout, stderr } = await cleanup(folder.path);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(stdout.split("\n"), [
      `removed the tc filter on swp1 in ${netns.path}`,
      `removed p4gso7 and p4seg7 in ${netns.path}`,
      `removed p4cpu7 and p4rx7 in ${netns.path}`,
      `removed the TAP tap1 in ${netns.path}`,
      `removed ${folder.at("bpf/device-7-v1")}`,
      `removed ${folder.at("device-7.json")}`,
      `removed the bpffs on ${folder.at("bpf")}`,
      "",
    ]);
    assert.deepEqual([...netns.netdevs()].sort(), ["far1", "p4cpu8", "p4rx8", "swp1", "tap2"]);
    const left = netns.run("tc", "filter", "show", "dev", "swp1", "ingress");
    assert.match(left, /pref 2 u32/);
    assert.doesNotMatch(left, /bpf/);
    assert.deepEqual(readdirSync(folder.path), ["p4rtd.sock"]);
    assert.deepEqual(await cleanup(folder.path), nothing);
  });

  it("asks for nothing in a network namespace that is gone, or was made anew", async () => {
    using folder = new Folder();
    using netns = Namespace.add("box");
    netns.ip("tuntap add tap1 mode tap");
    const record = { layout: 1, netnsInode: 1, ordinal: 7, taps: [{ name: "tap1", ifindex: netns.ifindex("tap1") }] };
    folder.write("device-1.json", JSON.stringify({ ...record, netns: netns.path }));
    folder.write("device-2.json", JSON.stringify({ ...record, netns: "/run/netns/p4tc-no-such" }));
    const { code, stdout } = await cleanup(folder.path);
    assert.deepEqual(stdout.split("\n"), [
      `removed ${folder.at("device-1.json")}`,
      `removed ${folder.at("device-2.json")}`,
      "",
    ]);
    assert.equal(code, 0);
    assert.deepEqual(netns.netdevs(), ["tap1"]);
  });

  it("says where to run it when p4rtd ran in another network namespace", async () => {
    using folder = new Folder();
    folder.write("device-1.json", JSON.stringify({ layout: 1, netnsInode: 1, ordinal: 7, taps: [] }));
    const { code, stderr } = await cleanup(folder.path);
    assert.equal(code, 69);
    assert.match(stderr, /device 1 was in another network namespace \(net:\[1\]\): run p4rtd --cleanup there/);
    assert.deepEqual(readdirSync(folder.path), ["device-1.json"]);
  });

  it("leaves a bpffs that is not p4rtd's", async () => {
    using folder = new Folder();
    mkdirSync(folder.at("bpf"));
    run("mount", ["-t", "bpf", "others", folder.at("bpf")]);
    try {
      const { code, stderr } = await cleanup(folder.path);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(run("mount", []), new RegExp(`^others on ${folder.at("bpf")} `, "m"));
    } finally {
      run("umount", [folder.at("bpf")]);
    }
  });
});
