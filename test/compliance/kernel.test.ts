/** The kernel datapath on real netdevs: veth pairs in network namespaces. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAddon } from "../../src/addon/load.js";
import { defined } from "../../src/base/invariant.js";
import { KernelDatapath } from "../../src/datapath/kernel/kernel-datapath.js";
import type { PortId, WantedPortState } from "../../src/datapath/port.js";
import { describeInNetns } from "../support/needs.js";
import { noTraces } from "../netns/no-traces.js";
import { until } from "../support/until.js";
import { PortLab, portNetdevs } from "../netns/port-lab.js";
import { noLeaks } from "../support/no-leaks.js";
import { root } from "../support/repository.js";
import type { Bench, BenchOptions } from "./bench.js";
import { port1, port2 } from "./bench.js";
import { datapathCompliance } from "./datapath.js";

/** A frame that marks the end of what left by a port; no frame of the suite is like it. */
const mark = Uint8Array.from([2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 4, 0x98, 0x98, ...new Uint8Array(46)]);
const isMark = (frame: Uint8Array) => frame[12] === 0x98 && frame[13] === 0x98;

class KernelBench implements Bench {
  readonly tagsBesideMtu = 1;

  constructor(
    readonly datapath: KernelDatapath,
    readonly lab: PortLab,
  ) {}

  async receive(port: PortId, frames: readonly Uint8Array[]): Promise<void> {
    const wire = defined(this.lab.wires[port - 1], "ports 1 and 2 have wires");
    if (this.datapath.port(port)?.state !== "up") {
      wire.sendAnyway(frames);
      return;
    }
    const classified = () => this.datapath.port(port)?.framesIn ?? 0;
    const want = classified() + frames.length;
    await wire.send(frames);
    await until(`${frames.length} frames on port ${port}`, () => classified() >= want);
  }

  async left(port: PortId, count: number): Promise<readonly Uint8Array[]> {
    const capture = defined(this.lab.captures[port - 1], "ports 1 and 2 have captures");
    await until(`${count} frames by port ${port}`, () => capture.waiting >= count);
    defined(this.lab.nearWires[port - 1], "ports 1 and 2 have netdevs").sendAnyway([mark]);
    return capture.takeUntil(isMark);
  }

  async bring(port: PortId, state: WantedPortState): Promise<void> {
    this.lab.touch();
    if (state === "no-carrier") this.lab.carrier(port - 1, "off");
    else this.datapath.setPortState(port, state);
    await until(`port ${port} ${state}`, () => this.datapath.port(port)?.state === state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.datapath[Symbol.asyncDispose]();
  }
}

describeInNetns("in network namespaces", () => {
  noLeaks();
  noTraces();
  const addon = loadAddon();
  const object = readFileSync(join(root, "native/bpf/p4rtd.bpf.o"));
  let lab: PortLab | undefined;
  before("namespaces and wires", async () => {
    lab = await PortLab.open(addon);
  });
  after("namespaces and wires", () => lab?.[Symbol.asyncDispose]());

  for (const attach of ["tcx", "clsact"] as const) {
    const open = async (options: BenchOptions): Promise<Bench> => {
      const ready = defined(lab, "the lab is open");
      ready.restore();
      const datapath = await KernelDatapath.open({ ...options, addon, object, netns: ready.box.path, attach });
      const bench = new KernelBench(datapath, ready);
      for (const [i, id] of [port1, port2].entries()) {
        const added = datapath.addPort({ id, name: `ethernet-1/${id}`, netdev: defined(portNetdevs[i], "two ports") });
        if (!added.ok) throw new Error(added.status.message);
        await until(`port ${id} up`, () => datapath.port(id)?.state === "up");
        await bench.left(id, 0); // what an earlier test sent
      }
      return bench;
    };
    datapathCompliance(`kernel (${attach})`, open);
  }
});
