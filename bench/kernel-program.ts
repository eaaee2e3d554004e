/** The kernel datapath in this process, on the ports of the benchmark's box, with rules of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Addon, BpfDatapath } from "../src/addon/addon.js";
import { loadAddon } from "../src/addon/load.js";
import { defined } from "../src/base/invariant.js";
import { KernelDatapath } from "../src/datapath/kernel/kernel-datapath.js";
import type { PortId } from "../src/datapath/port.js";
import type { PuntRule } from "../src/datapath/rule.js";
import { until } from "../test/support/until.js";
import { always, rule } from "../test/support/key-rules.js";
import { root } from "../test/support/repository.js";
import { randomWords } from "./entries.js";
import { boxNetdevs, type KernelBenchLab } from "./kernel-lab.js";

/** Rule sets of the floors, with their distinct masks and the shares of frames that must be kept: classified, and forwarded. */
export const ruleSets = [
  { rules: 8, masks: 7, classified: 80, forwarded: 90 },
  { rules: 64, masks: 16, classified: 65, forwarded: 80 },
  { rules: 500, masks: 32, classified: 45, forwarded: 70 },
  { rules: 4096, masks: 32, classified: 45, forwarded: undefined },
] as const;

const table = { name: "bench", maxMasks: 256 };
const sourcePrefixes = [32, 30, 28, 26, 24, 22, 20, 18];
const destinationPrefixes = [32, 28, 24, 20];

/** Rules on IPv4 addresses and the UDP port that match no frame of the sources, but whose headers those frames have. */
export function missingRules(rules: number, masks: number): readonly PuntRule[] {
  const random = randomWords(rules);
  return Array.from({ length: rules }, (_, i) => {
    const mask = i % masks;
    const address = (bits: number) => [0xc0000000 + (random() & 0xfffffff), prefixMask(bits)] as const;
    return rule({
      priority: 1 + (random() & 0xffff),
      match: {
        src_ipv4: address(sourcePrefixes[mask & 7] ?? 32),
        dst_ipv4: address(destinationPrefixes[mask >> 3] ?? 32),
        l4_dst_port: random() & 0xffff,
      },
      action: always("trap"),
    });
  });
}

function prefixMask(bits: number): number {
  return (-1 << (32 - bits)) >>> 0;
}

/** A rule that every frame of the sources matches. */
export function hitRule(verdict: "drop" | "trap"): PuntRule {
  return rule({ match: { dst_ipv4: 0x0a000202 }, action: always(verdict) });
}

export class KernelProgram implements AsyncDisposable {
  private constructor(
    readonly datapath: KernelDatapath,
    readonly bpf: BpfDatapath,
    readonly ports: readonly PortId[],
  ) {}

  /** Attached to both ports of the box, without rules. */
  static async open(lab: KernelBenchLab): Promise<KernelProgram> {
    const addon = loadAddon();
    let opened: BpfDatapath | undefined;
    const openBpf = defined(addon.openBpf, "the addon is built with libbpf");
    const watched: Addon = { ...addon, openBpf: (options) => (opened = openBpf(options)) };
    const object = readFileSync(join(root, "native/bpf/p4rtd.bpf.o"));
    const datapath = await KernelDatapath.open({ addon: watched, object, netns: lab.path("box") });
    const ports = boxNetdevs.map((name, i) => {
      const id = (i + 1) as PortId;
      const added = datapath.addPort({ id, name });
      if (!added.ok) throw new Error(added.status.message);
      return id;
    });
    await until("ports up", () => ports.every((id) => datapath.port(id)?.state === "up"));
    return new KernelProgram(datapath, defined(opened, "the datapath opened its program"), ports);
  }

  /** Replaces all rules; without any there is no table. */
  async use(rules: readonly PuntRule[]): Promise<void> {
    const plan = this.datapath.plan();
    plan.reset(rules.length === 0 ? [] : [table]);
    for (const each of rules) {
      const added = plan.add(each);
      if (!added.ok) throw new Error(added.status.message);
    }
    const done = await plan.commit();
    if (!done.ok) throw new Error(done.status.message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.datapath[Symbol.asyncDispose]();
  }
}
