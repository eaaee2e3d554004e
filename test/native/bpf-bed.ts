/** The tc program under a test: loaded, fed by BPF_PROG_TEST_RUN, its punted frames gathered. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BpfDatapath, BpfOptions, BpfTable } from "../../src/addon/addon.js";
import { loadAddon } from "../../src/addon/load.js";
import { invariant } from "../../src/base/invariant.js";
import type { MeterConfig, PuntAction, PuntRule, Verdict } from "../../src/datapath/rule.js";
import { plainAction } from "../support/key-rules.js";
import { root } from "../support/repository.js";

/** The answers of the program. */
export const goOn = -1;
export const stop = 2;

/** The loopback device, which is in every network namespace; test runs leave no frame on it. */
export const loopback = 1;
export const portId = 7;

const slabFrames = 256;
const slabBytes = 16 * slabFrames + 256 * 1024;
const verdicts: readonly Verdict[] = ["forward", "drop", "trap", "copy", "deny", "copy-cancel"];

/** An action as `p4rtd_abi.h` packs it. */
export function packed({ green, yellow, red, queue }: PuntAction): number {
  const [g, y, r] = [green, yellow, red].map((verdict) => verdicts.indexOf(verdict)) as [number, number, number];
  return g | (y << 4) | (r << 8) | (queue === undefined ? 0 : (queue + 1) << 16);
}

export function meterWords(config: MeterConfig | undefined): BigUint64Array | undefined {
  return config && BigUint64Array.of(config.cir, config.cburst, config.pir, config.pburst, config.eburst);
}

/** A table without meter. */
export const plain: BpfTable = { maxMasks: 256, meter: undefined };

export interface Punted {
  readonly frame: Uint8Array;
  readonly ingressPort: number;
  readonly egressPort: number;
}

export class BpfBed {
  readonly addon = loadAddon();
  readonly bpf: BpfDatapath;
  readonly punted: Punted[] = [];
  /** While set nobody takes slabs. */
  stalled = false;
  readonly #slabs = Array.from({ length: 4 }, () => new ArrayBuffer(slabBytes));

  constructor(options: Partial<BpfOptions> = {}) {
    invariant(this.addon.openBpf !== undefined, "the addon is built with libbpf");
    this.bpf = this.addon.openBpf({
      object: readFileSync(join(root, "native/bpf/p4rtd.bpf.o")),
      netns: undefined,
      pins: undefined,
      capacity: 4096,
      maxTuples: 256,
      ringBytes: 1 << 20,
      queues: [],
      portPolicer: undefined,
      devicePolicer: undefined,
      unparsable: "pass",
      excludeLocal: true,
      slabs: this.#slabs,
      slabFrames,
      onPunted: () => this.drain(),
      ...options,
    });
    this.bpf.setPort(loopback, { portId, slot: 0, flags: 0 });
    this.bpf.resetSlot(0);
  }

  drain(): void {
    if (this.stalled) return;
    for (let taken = this.bpf.take(); taken >= 0; taken = this.bpf.take()) {
      const slab = this.#slabs[taken & 0xffff];
      invariant(slab !== undefined, "a slab of ours");
      const column = (index: number) => new Uint32Array(slab, 4 * slabFrames * index, slabFrames);
      const [offsets, lengths, ports, egress] = [column(0), column(1), column(2), column(3)];
      for (let i = 0; i < taken >>> 16; i++) {
        const at = offsets[i] ?? 0;
        const frame = new Uint8Array(slab.slice(at, at + (lengths[i] ?? 0)));
        this.punted.push({ frame, ingressPort: ports[i] ?? 0, egressPort: egress[i] ?? 0 });
      }
      this.bpf.release(taken & 0xffff);
    }
  }

  /** One step: `changes` between begin and commit. */
  step(changes: () => void): void {
    this.bpf.begin();
    changes();
    this.bpf.commit();
  }

  /** The number of a rule for which there is room. */
  add({ table, priority, values, masks, count, action, meter }: PuntRule): number {
    const number = this.bpf.add(table, priority, values, masks, count, packed(plainAction(action)), meterWords(meter));
    invariant(number >= 0, `there is room for a rule, but add says ${number}`);
    return number;
  }

  /** A step that leaves exactly these rules; their numbers. */
  install(rules: readonly PuntRule[], tables: readonly BpfTable[] = [plain]): readonly number[] {
    let numbers: readonly number[] = [];
    this.step(() => {
      this.bpf.reset(tables);
      numbers = rules.map((rule) => this.add(rule));
    });
    return numbers;
  }

  /** The program's answer to `frame` on the loopback device. */
  run(frame: Uint8Array, repeat = 1): number {
    return this.bpf.testRun(frame, loopback, repeat).answer;
  }

  /** Packets and bytes of each rule. */
  counters(rules: readonly number[]): readonly (readonly [packets: number, bytes: number])[] {
    const into = new Float64Array(2 * rules.length);
    this.bpf.counters(Uint32Array.from(rules), into);
    return rules.map((_, i) => [into[2 * i] ?? 0, into[2 * i + 1] ?? 0]);
  }

  /** Drops by reason, without those that never occurred. */
  drops(): Readonly<Record<string, number>> {
    const counts = this.#stats().slice(3);
    const rows = this.addon.dropReasons.map((reason, i) => [reason, counts[i] ?? 0] as const);
    return Object.fromEntries(rows.filter(([, count]) => count > 0));
  }

  /** Frames classified, punted, and lost between ring and slabs. */
  totals(): readonly [classified: number, punted: number, lost: number] {
    const [classified = 0, punted = 0, lost = 0] = this.#stats();
    return [classified, punted, lost];
  }

  /** In, punted, dropped. */
  portCounters(slot = 0): readonly number[] {
    const into = new Float64Array(3);
    this.bpf.portCounters(slot, into);
    return [...into];
  }

  /** Every frame that the program has punted, once the last has come. */
  async allPunted(): Promise<readonly Punted[]> {
    const deadline = performance.now() + 5000;
    while (this.punted.length < this.totals()[1] && performance.now() < deadline) await delay(1);
    return this.punted;
  }

  close(): void {
    this.bpf.close("flush");
  }

  #stats(): Float64Array {
    const into = new Float64Array(3 + this.addon.dropReasons.length);
    this.bpf.stats(into);
    return into;
  }
}
