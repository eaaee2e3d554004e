import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { neededCapabilities } from "../../src/daemon/privileges.js";
import { Folder } from "../support/daemon.js";
import { describeNeeding } from "../support/needs.js";
import { run } from "../support/commands.js";
import { noLeaks } from "../support/no-leaks.js";
import { root } from "../support/repository.js";

const unit = (name: string) => readFileSync(join(root, "systemd", name), "utf8");
/** The values of `key` in p4rtd's unit. */
const values = (key: string) =>
  Array.from(unit("p4rtd.service").matchAll(new RegExp(`^${key}=(.*)$`, "gm")), ([, value = ""]) => value);

describe("systemd/p4rtd.service", () => {
  it("grants the capabilities that a kernel datapath needs, and no others", () => {
    const needed = neededCapabilities(undefined).join(" ");
    assert.deepEqual(values("AmbientCapabilities"), [needed]);
    assert.deepEqual(values("CapabilityBoundingSet"), [needed]);
  });

  it("waits for READY=1, has a watchdog, and gives up on exit codes that stay as they are", () => {
    assert.deepEqual(values("Type"), ["notify"]);
    assert.match(values("WatchdogSec").join(), /^\d+$/);
    assert.deepEqual(values("RestartPreventExitStatus"), ["64 77 78"]);
  });

  it("cleans up when p4rtd is not started again, not after each stop", () => {
    assert.deepEqual(values("ExecStopPost"), []);
    assert.deepEqual(values("OnFailure"), ["p4rtd-cleanup.service"]);
    assert.match(unit("p4rtd-cleanup.service"), /^ExecStart=\/usr\/bin\/p4rtd --cleanup$/m);
  });
});

describeNeeding(["systemd-analyze"], "the units", () => {
  noLeaks();

  it("are what systemd takes", () => {
    using folder = new Folder();
    const files = ["p4rtd.service", "p4rtd-cleanup.service"].map((name) =>
      folder.write(name, unit(name).replaceAll("/usr/bin/p4rtd", "/bin/true")),
    );
    assert.equal(run("systemd-analyze", ["verify", "--man=no", ...files]), "");
  });
});

describeNeeding(["root", "mount", "mountpoint"], "the command that mounts the bpffs", () => {
  noLeaks();

  it("gives p4rtd's user a bpffs of its own, once", () => {
    using folder = new Folder();
    const [line = ""] = values("ExecStartPre");
    const command = /^-\+\/bin\/sh -c '(.*)'$/.exec(line)?.[1] ?? "";
    const here = command.replaceAll("/run/p4rtd", folder.path).replaceAll("p4rtd:p4rtd", "65534:65534");
    assert.ok(command.includes("/run/p4rtd/bpf") && command.includes("p4rtd:p4rtd"));
    const bpffs = folder.at("bpf");
    try {
      for (let i = 0; i < 2; i++) run("/bin/sh", ["-c", here]);
      assert.equal(run("mount", []).match(new RegExp(`^p4rtd on ${bpffs} type bpf `, "gm"))?.length, 1);
      const { uid, gid, mode } = statSync(bpffs);
      assert.deepEqual([uid, gid, mode & 0o777], [65534, 65534, 0o700]);
    } finally {
      run("umount", [bpffs]);
    }
  });
});
