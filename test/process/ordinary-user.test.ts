/** A kernel datapath with no more than four capabilities. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { kernelLayout } from "../../src/daemon/pins.js";
import { run } from "../support/commands.js";
import { Daemon } from "../support/daemon.js";
import { KernelBox } from "../support/kernel-box.js";
import { describeNeeding } from "../support/needs.js";
import { noLeaks } from "../support/no-leaks.js";

const pins = `device-1-v${kernelLayout}`;

/** Of an ordinary user with the four capabilities; without one of them where `lacking` names it. */
function asOrdinaryUser(lacking?: string): readonly string[] {
  const capabilities = ["net_admin", "net_raw", "bpf", "perfmon"].filter((name) => name !== lacking);
  const list = capabilities.map((name) => `+${name}`).join(",");
  const ids = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
  return ["setpriv", ...ids, `--inh-caps=-all,${list}`, `--ambient-caps=-all,${list}`, `--bounding-set=-all,${list}`];
}

describeNeeding(["root", "libbpf", "ip", "nsenter", "setpriv", "mount"], "p4rtd as an ordinary user", () => {
  noLeaks();

  /** A box without `netns`, in which p4rtd is started, and a folder with a bpffs of that user. */
  function ordinaryBox(): { readonly box: KernelBox; readonly yaml: string } {
    const box = new KernelBox();
    mkdirSync(`${box.run}/bpf`, { recursive: true });
    chmodSync(box.run.slice(0, -"/run".length), 0o755);
    run("mount", ["-t", "bpf", "-o", "mode=0700", "p4rtd", `${box.run}/bpf`]);
    for (const path of [box.run, `${box.run}/bpf`]) chownSync(path, 65534, 65534);
    return { box, yaml: box.yaml().replace(`, netns: ${box.netns.path}`, "") };
  }

  it("serves with CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_PERFMON", async () => {
    const { box, yaml } = ordinaryBox();
    using _ = box;
    const within = ["nsenter", `--net=${box.netns.path}`, ...asOrdinaryUser()];
    await using daemon = await Daemon.start(box.options(yaml, { within }));
    assert.match(readFileSync(`/proc/${daemon.pid}/status`, "utf8"), /^CapEff:\t000000c000003000$/m);
    assert.equal((await daemon.stop()).code, 0);
    assert.deepEqual(box.left(), ["bpf"]);
  });

  for (const lacking of ["net_admin", "net_raw", "bpf", "perfmon"])
    it(`ends with 77 without CAP_${lacking.toUpperCase()}, and names it`, async () => {
      using box = new KernelBox();
      const yaml = box.yaml().replace(`, netns: ${box.netns.path}`, "");
      chmodSync(box.run.slice(0, -"/run".length), 0o755);
      const { code, stderr } = await Daemon.outcome(box.options(yaml, { within: asOrdinaryUser(lacking) }));
      assert.equal(code, 77);
      const name = `CAP_${lacking.toUpperCase()}`;
      assert.match(stderr, new RegExp(`"datapath.not_permitted".*the kernel datapath lacks ${name}: run`));
      assert.equal(existsSync(box.run), false);
    });

  it("ends with 77 where nobody mounted a bpffs for it, and says how", async () => {
    using box = new KernelBox();
    const yaml = box.yaml().replace(`, netns: ${box.netns.path}`, "");
    mkdirSync(box.run);
    chownSync(box.run, 65534, 65534);
    chmodSync(box.run.slice(0, -"/run".length), 0o755);
    const { code, stderr } = await Daemon.outcome(box.options(yaml, { within: asOrdinaryUser() }));
    assert.equal(code, 77);
    assert.match(stderr, /no bpffs of its own on .*: mount -t bpf -o mode=0700 p4rtd .*EPERM/);
  });

  it("changes from clsact to tcx without CAP_SYS_ADMIN", async () => {
    const { box, yaml } = ordinaryBox();
    using _ = box;
    const within = ["nsenter", `--net=${box.netns.path}`, ...asOrdinaryUser()];
    for (const attach of ["clsact", "tcx"]) {
      const one = `${yaml.replace("type: kernel", `type: kernel, attach: ${attach}`)}\nrestart: { rules_on_exit: keep }\n`;
      await using daemon = await Daemon.start(box.options(one, { within }));
      assert.equal((await daemon.stop()).code, 0);
      const filters = box.netns.run("tc", "filter", "show", "dev", "swp1", "ingress");
      assert.equal(filters.includes("p4rtd"), attach === "clsact");
    }
    assert.ok(box.left(`/bpf/${pins}`).includes("link_swp1"));
  });

  it("ends with 77 for a TAP where /dev/net/tun is not for it", async () => {
    const { box, yaml } = ordinaryBox();
    using _ = box;
    const hidden = 'mount -t tmpfs -o mode=755 none /dev/net && mknod -m 0600 /dev/net/tun c 10 200 && exec "$@"';
    const within = [
      "unshare",
      "-m",
      "nsenter",
      `--net=${box.netns.path}`,
      "sh",
      "-c",
      hidden,
      "sh",
      ...asOrdinaryUser(),
    ];
    const taps = yaml.replace("swp2: { port_id: 2 }", "tap2: { port_id: 2, type: tap }");
    const { code, stderr } = await Daemon.outcome(box.options(taps, { within }));
    assert.equal(code, 77);
    assert.match(stderr, /"datapath.not_permitted".*ports of type tap need \/dev\/net\/tun: EACCES/);
    assert.deepEqual(box.left(), ["bpf"]);
  });

  it("asks for CAP_SYS_ADMIN too where the ports are in another network namespace", async () => {
    using box = new KernelBox();
    chmodSync(box.run.slice(0, -"/run".length), 0o755);
    const { code, stderr } = await Daemon.outcome(box.options(box.yaml(), { within: asOrdinaryUser() }));
    assert.equal(code, 77);
    assert.match(stderr, /lacks CAP_SYS_ADMIN: run/);
  });
});
