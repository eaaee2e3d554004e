import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Addon, BpfDatapath } from "../../../../src/addon/addon.js";
import { Code } from "../../../../src/base/status.js";
import { silentLogger } from "../../../../src/base/logger.js";
import { KernelPorts } from "../../../../src/datapath/kernel/kernel-ports.js";
import { LinkFlag, LinkMessage } from "../../../../src/datapath/kernel/link-message.js";
import { LinkTable } from "../../../../src/datapath/kernel/link-table.js";
import { attribute, joined, nest, text, u32 } from "../../../../src/datapath/kernel/netlink.js";
import { RouteSocket } from "../../../../src/datapath/kernel/route-socket.js";
import type { PortId } from "../../../../src/datapath/port.js";

const port1 = 1 as PortId;
const port2 = 2 as PortId;
const up = LinkFlag.up | LinkFlag.lowerUp;

/** A kernel that refuses to attach while `refuses`, and lets one at a time have a netdev. */
class ScriptedKernel {
  refuses = false;
  readonly links = new LinkTable();
  readonly attachedTo: number[] = [];
  readonly promiscuous: number[] = [];
  readonly told: string[] = [];
  readonly #locks = new Set<string>();
  readonly ports: KernelPorts;

  constructor() {
    const addon = {
      lockName: ({ name }: { name: string }) => this.#lock(name),
      openPacketSender: ({ ifindex }: { ifindex: number }) => ({
        send: () => {},
        promiscuous: () => void this.promiscuous.push(ifindex),
        close: () => {},
      }),
    };
    const bpf = {
      attach: (ifindex: number) => {
        this.attachedTo.push(ifindex);
        if (this.refuses) throw refusal("EINVAL", "bpf(BPF_LINK_CREATE)");
      },
      detach: () => {},
      setPort: () => {},
      deletePort: () => {},
      resetSlot: () => {},
    };
    const tell = (event: string) => void this.told.push(event);
    this.ports = new KernelPorts({
      addon: addon as unknown as Addon,
      bpf: bpf as unknown as BpfDatapath,
      socket: new RouteSocket({ onChange: () => {}, onSettled: () => {}, onLost: () => {} }),
      netns: undefined,
      hook: "tcx",
      links: this.links,
      onRefused: () => {},
      changed: () => {},
      log: { ...silentLogger, info: tell, warn: tell },
    });
  }

  /** Tells of netdevs, all of which changed before the ports hear of any. */
  tell(...netdevs: readonly { ifindex: number; name: string; flags?: number; kind?: string }[]): void {
    for (const { ifindex, name, flags = up, kind = "veth" } of netdevs) {
      const head = joined([u32(0), u32(ifindex), u32(flags), u32(0)]);
      const body = joined([
        head,
        attribute(3, text(name)),
        attribute(4, u32(1500)),
        nest(18, attribute(1, text(kind))),
      ]);
      this.links.apply({ type: LinkMessage.new, flags: 0, sequence: 0, body });
    }
    this.ports.follow();
  }

  #lock(name: string) {
    if (this.#locks.has(name)) throw refusal("EADDRINUSE", "bind");
    this.#locks.add(name);
    return { close: () => void this.#locks.delete(name) };
  }
}

function refusal(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall}: ${code}`), { code, syscall, errno: -1 });
}

describe("ports of the kernel datapath", () => {
  let kernel: ScriptedKernel;
  beforeEach(() => (kernel = new ScriptedKernel()));
  afterEach(() => kernel.ports.close("detach"));

  it("leave a netdev that cannot be attached to alone until it changes in more than promiscuity", () => {
    kernel.refuses = true;
    kernel.ports.add({ id: port1, name: "a" });
    for (let i = 0; i < 10; i++)
      kernel.tell({ ifindex: 7, name: "a", flags: i % 2 === 0 ? up : up | LinkFlag.promiscuous });
    assert.deepEqual(kernel.attachedTo, [7]);
    kernel.tell({ ifindex: 7, name: "a", flags: LinkFlag.up });
    assert.deepEqual(kernel.attachedTo, [7, 7]);
    assert.deepEqual(kernel.promiscuous, []);
    assert.deepEqual(kernel.told, ["port.not_adopted"]);
  });

  it("ask again after a while, later each time, until they have it", async () => {
    kernel.refuses = true;
    kernel.ports.add({ id: port1, name: "a" });
    kernel.tell({ ifindex: 7, name: "a" });
    await delay(650);
    assert.equal(kernel.attachedTo.length, 2, "after 250 ms, and then not before 750 ms");
    kernel.refuses = false;
    await delay(350);
    assert.equal(kernel.ports.get(port1)?.state, "up");
    assert.deepEqual(kernel.promiscuous, [7]);
    assert.deepEqual(kernel.told, ["port.not_adopted", "port.adopted"]);
  });

  it("ask no more once they are closed", async () => {
    kernel.refuses = true;
    kernel.ports.add({ id: port1, name: "a" });
    kernel.tell({ ifindex: 7, name: "a" });
    kernel.ports.close("detach");
    await delay(350);
    assert.deepEqual(kernel.attachedTo, [7]);
  });

  for (const kind of ["bond", "bridge", "team", "vrf"])
    it(`are no ${kind}, whose members are ports, there already or not`, () => {
      kernel.ports.add({ id: port1, name: "later" });
      kernel.tell({ ifindex: 7, name: "a", kind }, { ifindex: 8, name: "later", kind });
      const refused = kernel.ports.add({ id: port2, name: "p", netdev: "a" });
      assert.ok(!refused.ok);
      assert.equal(refused.status.code, Code.FAILED_PRECONDITION);
      const why = `cannot be had: it is a ${kind}: make its members ports`;
      assert.equal(refused.status.message, `netdev 'a' of port 'p' ${why}`);
      assert.equal(kernel.ports.get(port1)?.problem, `netdev 'later' of port 'later' ${why}`);
      assert.deepEqual([kernel.told, kernel.attachedTo], [["port.not_adopted"], []]);
    });

  it("take each other's netdevs when those swap their names", () => {
    kernel.tell({ ifindex: 7, name: "a" }, { ifindex: 8, name: "b" });
    kernel.ports.add({ id: port1, name: "a" });
    kernel.ports.add({ id: port2, name: "b" });
    kernel.tell({ ifindex: 7, name: "away" }, { ifindex: 8, name: "a" }, { ifindex: 7, name: "b" });
    assert.deepEqual([kernel.ports.get(port1)?.ifindex, kernel.ports.get(port2)?.ifindex], [8, 7]);
    assert.deepEqual(kernel.told, ["port.released", "port.released", "port.adopted", "port.adopted"]);
  });
});
