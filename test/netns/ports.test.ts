/** Ports whose netdevs and neighbours come and go under a p4rtd that runs. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Daemon } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { listed } from "../support/commands.js";
import { is } from "../support/capture.js";
import { Controller } from "./controller.js";
import { fromLeft, lldpFrame } from "./frames.js";
import { at, Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";
import { ping } from "./program.js";

/** Codes of our space in a StreamError. @see src/packetio/stream-error.ts */
const portDown = 3;
const noCarrier = 4;
const unknownPort = 6;

const out = (text: string) => fromLeft({ to: at.right.mac, type: "88b5" }, text);

describeInNetns("ports that come and go", () => {
  noLeaks();
  noTraces();
  let lab: Neighbourhood;
  let daemon: Daemon;
  let controller: Controller;
  let count = 0;

  before("p4rtd with a controller", async () => {
    lab = await Neighbourhood.build();
    daemon = await lab.start();
    controller = await Controller.connect(daemon);
  });
  after("p4rtd with a controller", () => lab[Symbol.asyncDispose]());

  /** Shows that the host's LLDP is trapped: tries until it is, as what others change is followed a moment later. */
  async function traps(): Promise<void> {
    const wire = lab.wire(lab.left);
    const frame = lldpFrame(`trapped ${++count}`);
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

  /** Sends PacketOuts until one is refused. */
  async function refusal(port: string): Promise<number> {
    const came = controller.streamError();
    let waits = true;
    void came.finally(() => (waits = false)).catch(() => {});
    while (waits) {
      controller.packetOut(port, out("refused"));
      await delay(200); // below the rate of StreamErrors
    }
    return came;
  }

  /** What p4rtd holds: its descriptors by kind, and how often eth1 was asked for foreign frames. */
  function held(): unknown {
    const [link] = listed("ip", ["-n", lab.box.name, "-json", "-d", "link", "show", "dev", "eth1"]);
    return { descriptors: readdirSync(`/proc/${daemon.pid}/fd`).length, promiscuity: link?.["promiscuity"] };
  }

  it("trap and forward after 20 quick flaps at either end, and p4rtd holds no more than before", async () => {
    await traps();
    const before = held();
    for (let i = 0; i < 20; i++) {
      const [namespace, netdev] = i % 2 === 0 ? [lab.left, "eth0"] : [lab.box, "eth1"];
      namespace.ip(`link set ${netdev} down`);
      namespace.ip(`link set ${netdev} up`);
    }
    await lab.running("eth1");
    await traps();
    lab.left.ip(`route replace default via ${at.box.v4}`);
    await ping(lab.left, at.right.v4);
    assert.deepEqual(held(), before);
  });

  it("are adopted anew when their veth pair is deleted and made again", async () => {
    const before = held();
    const ifindex = lab.box.ifindex("eth1");
    lab.box.ip("link del eth1");
    assert.equal(await refusal("1"), portDown);
    lab.join("left");
    assert.notEqual(lab.box.ifindex("eth1"), ifindex);
    await traps();
    assert.deepEqual(held(), before);
  });

  it("are released when they are renamed, and adopted when they are renamed back", async () => {
    const before = held();
    lab.box.ip("link set eth1 name away");
    assert.equal(await refusal("1"), portDown);
    lab.box.ip("link set away name eth1");
    await lab.running("eth1");
    await traps();
    assert.deepEqual(held(), before);
  });

  it("refuse a PacketOut with NO_CARRIER while the neighbour's end is down, and with PORT_DOWN while their own is", async () => {
    lab.right.ip("link set eth0 down");
    assert.equal(await refusal("2"), noCarrier);
    lab.box.ip("link set eth2 down");
    assert.equal(await refusalOf("2", portDown), portDown);
    lab.right.ip("link set eth0 up");
    lab.box.ip("link set eth2 up");
    await lab.running("eth2");
    const right = await lab.capture(lab.right, "eth0");
    controller.packetOut("2", out("sent again"));
    await right.find(is(out("sent again")));
  });

  it("refuse a PacketOut with UNKNOWN_PORT where there is none of that id", async () => {
    controller.packetOut("77", out("nowhere"));
    assert.equal(await controller.streamError(), unknownPort);
  });

  /** Passes over refusals of what was sent before the change was followed. */
  async function refusalOf(port: string, code: number): Promise<number> {
    for (let i = 0; ; i++) {
      const told = await refusal(port);
      if (told === code || i === 10) return told;
    }
  }
});
