/** Two devices of one p4rtd, as the line cards of a chassis: what the loss of one does to the other. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { loadAddon } from "../../src/addon/load.js";
import { etherType } from "../conformance/wbb.js";
import { Daemon, Folder } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { is } from "../support/capture.js";
import { run } from "../support/commands.js";
import { Controller } from "./controller.js";
import { lldpFrame } from "./frames.js";
import { Namespace, removeLeftovers } from "../support/namespace.js";
import { noteFolder, noteProgramsOf, noTraces } from "./no-traces.js";
import { Wire } from "./wire.js";

/** Code of our space in a StreamError. @see src/packetio/stream-error.ts */
const portDown = 3;

/** A device whose only port is `swp1` of a namespace of its own. */
class Card implements Disposable {
  readonly box: Namespace;
  readonly host: Namespace;

  constructor(readonly deviceId: bigint) {
    this.box = Namespace.add(`card${deviceId}`);
    this.host = Namespace.add(`host${deviceId}`);
    this.powerOn();
  }

  powerOn(): void {
    this.box.ip(`link add swp1 type veth peer name eth0 netns ${this.host.name}`);
    this.box.ip("link set swp1 up");
    this.host.ip("link set eth0 up");
  }

  /** Takes its netdevs away. */
  powerOff(): void {
    this.box.ip("link del swp1");
  }

  /** Shows that `frame` is trapped: tries until it is, as the kernel tells of new netdevs a moment later. */
  async traps(controller: Controller, frame: Uint8Array): Promise<void> {
    using wire = new Wire(loadAddon(), this.host, "eth0");
    const came = controller.packetIn(is(frame));
    let waits = true;
    void came.finally(() => (waits = false)).catch(() => {});
    while (waits) {
      wire.sendAnyway([frame]);
      await delay(20);
    }
    assert.equal((await came).ingress, "1");
    await controller.drain();
  }

  [Symbol.dispose](): void {
    this.box[Symbol.dispose]();
    this.host[Symbol.dispose]();
  }
}

/** A folder for pins and locks that is gone afterwards, with what is mounted in it. */
class RunTimeFolder implements Disposable {
  readonly #folder = new Folder();
  readonly path = this.#folder.at("run");

  [Symbol.dispose](): void {
    const bpffs = `${this.path}/bpf`;
    if (readFileSync("/proc/self/mountinfo", "utf8").includes(` ${bpffs} `)) run("umount", [bpffs]);
    this.#folder[Symbol.dispose]();
  }
}

/** p4rtd with the devices of `cards`; `folder` is its run-time folder. */
async function start(cards: readonly Card[], folder: string): Promise<Daemon> {
  const devices = cards.map(
    ({ deviceId, box }) => `{ device_id: ${deviceId}, datapath: { type: kernel, netns: ${box.path} } }`,
  );
  const ports = cards.map(({ deviceId }) => `p${deviceId}: { device: ${deviceId}, port_id: 1, netdev: swp1 }`);
  const yaml = `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [${devices.join(", ")}]
interfaces: { ${ports.join(", ")} }`;
  const daemon = await Daemon.start({ yaml, environment: { P4RTD_RUN_DIR: folder } });
  noteProgramsOf(daemon.pid);
  noteFolder(folder);
  return daemon;
}

describeInNetns("one of two devices that loses all its interfaces", () => {
  noLeaks();
  noTraces();

  it("refuses PacketOuts and takes entries, the other goes on, and both trap when they are back", async () => {
    removeLeftovers();
    using first = new Card(111n);
    using second = new Card(222n);
    using folder = new RunTimeFolder();
    await using daemon = await start([first, second], folder.path);
    const stays = await Controller.connect(daemon, undefined, 111n);
    const goes = await Controller.connect(daemon, [etherType("88cc")], 222n);
    await first.traps(stays, lldpFrame("first"));
    await second.traps(goes, lldpFrame("second"));

    second.powerOff();
    const refused = goes.streamError();
    let waits = true;
    void refused.finally(() => (waits = false)).catch(() => {});
    while (waits) {
      goes.packetOut("1", lldpFrame("out"));
      await delay(200); // below the rate of StreamErrors
    }
    assert.equal(await refused, portDown);
    await goes.install([etherType("6007")]);
    await first.traps(stays, lldpFrame("first alone"));

    second.powerOn();
    await second.traps(goes, lldpFrame("second again"));
    const gdp = Buffer.from(lldpFrame("second's new entry"));
    gdp.writeUInt16BE(0x6007, 12);
    await second.traps(goes, gdp);
    await first.traps(stays, lldpFrame("first as before"));
    assert.equal((await daemon.stop()).code, 0);
  });
});
