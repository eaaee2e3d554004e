/** The same rules in the kernel and in the software switch, and frames through both. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { Addon, BpfDatapath } from "../../src/addon/addon.js";
import { defined } from "../../src/base/invariant.js";
import type { Plan } from "../../src/datapath/datapath.js";
import type { DropReason } from "../../src/datapath/drop-reason.js";
import { KernelDatapath } from "../../src/datapath/kernel/kernel-datapath.js";
import { cpuPort } from "../../src/datapath/port.js";
import type { PortId } from "../../src/datapath/port.js";
import type { RuleHandle, TableSpec } from "../../src/datapath/rule.js";
import { SoftDatapath } from "../../src/datapath/soft/soft-datapath.js";
import type { Route } from "../../src/datapath/soft/routes.js";
import type { Change } from "../support/any-rules.js";
import { root } from "../support/repository.js";
import { Namespace } from "../support/namespace.js";
import { until } from "../support/until.js";

/** Ports of both: those that frames of the model come by. */
const portIds = [1, 2, 7].map((id) => id as PortId);
/** The program's answer for a frame that goes nowhere. @see TCX_DROP in linux/bpf.h */
const drop = 2;
const drainMs = 5000;
/** Reasons that both count in the same way; what becomes of forwarded frames is the kernel's own affair. */
const comparable: readonly DropReason[] = ["rule", "rule-meter", "unparsable", "local-address", "oversized"];
/** Reasons by which the software switch has no way for a frame that the kernel would take further. */
const passing: ReadonlySet<string> = new Set(["no-route", "unparsable", "local-address"]);

type Side = "kernel" | "soft";
const sides: readonly Side[] = ["kernel", "soft"];

/** Addresses of the box itself, and where frames leave by their destination, given to both. */
export interface Surroundings {
  readonly locals: readonly Uint8Array[];
  readonly routes: readonly Route[];
}

/** What one of the two made of a frame. */
interface Outcome {
  readonly original: "forward" | "drop";
  /** Punted frames as text: ingress port, egress port, bytes. */
  readonly punted: readonly string[];
}

export class Twins implements AsyncDisposable {
  readonly #handles: Record<Side, RuleHandle>[] = [];
  readonly #waiting: Readonly<Record<Side, string[]>> = { kernel: [], soft: [] };
  readonly #seen: Record<Side, number> = { kernel: 0, soft: 0 };
  readonly #stop = new AbortController();
  readonly #readers: readonly Promise<void>[];
  #dropsBefore: ReadonlyMap<DropReason, Record<Side, number>> = new Map();

  private constructor(
    readonly namespace: Namespace,
    readonly bpf: BpfDatapath,
    readonly kernel: KernelDatapath,
    readonly soft: SoftDatapath,
    readonly ifindexes: ReadonlyMap<PortId, number>,
  ) {
    this.#readers = sides.map((side) => this.#read(side));
  }

  /** Ports on veth pairs of a namespace of their own, whose addresses and routes `wire` sets. */
  static async open(addon: Addon, around: Surroundings, wire: (namespace: Namespace) => void): Promise<Twins> {
    const namespace = Namespace.add("twins");
    for (const id of portIds) {
      namespace.ip(`link add name t${id} type veth peer name f${id}`);
      namespace.ip(`link set t${id} up`);
      namespace.ip(`link set f${id} up`);
    }
    wire(namespace);
    let opened: BpfDatapath | undefined;
    const openBpf = defined(addon.openBpf, "the addon is built with libbpf");
    const watched: Addon = { ...addon, openBpf: (options) => (opened = openBpf(options)) };
    const object = readFileSync(join(root, "native/bpf/p4rtd.bpf.o"));
    const kernel = await KernelDatapath.open({ addon: watched, object, netns: namespace.path });
    const soft = new SoftDatapath({ routes: around.routes });
    for (const datapath of [kernel, soft]) {
      for (const id of portIds) assert.ok(datapath.addPort({ id, name: `t${id}` }).ok);
      datapath.setLocalAddresses(around.locals);
    }
    await until("ports up", () => portIds.every((id) => kernel.port(id)?.state === "up"));
    const ifindexes = new Map(portIds.map((id) => [id, namespace.ifindex(`t${id}`)]));
    return new Twins(namespace, defined(opened, "the datapath opened its program"), kernel, soft, ifindexes);
  }

  /** Replaces everything by empty `tables`. */
  async reset(tables: readonly TableSpec[]): Promise<void> {
    this.#handles.length = 0;
    for (const side of sides) {
      const plan = this[side].plan();
      plan.reset(tables);
      assert.ok((await plan.commit()).ok);
    }
    this.#dropsBefore = this.#drops();
  }

  /** One step of both, or of neither if they disagree. */
  async change(changes: readonly Change[]): Promise<void> {
    const plans = { kernel: this.kernel.plan(), soft: this.soft.plan() };
    try {
      for (const change of changes) this.#plan(plans, change);
    } catch (error) {
      for (const side of sides) plans[side].abandon();
      throw error;
    }
    for (const side of sides) assert.ok((await plans[side].commit()).ok);
  }

  /** Sends `frame` through both. @throws AssertionError where their outcomes differ */
  async compare(port: PortId, frame: Uint8Array): Promise<void> {
    const ifindex = defined(this.ifindexes.get(port), "a port of the twins");
    const { answer } = this.bpf.testRun(frame, ifindex, 1);
    const result = this.soft.inject(port, frame);
    assert.ok(result !== "unknown-port");
    const left = result.outputs.some((output) => output.port !== cpuPort);
    const passed = left || (result.dropped !== undefined && passing.has(result.dropped));
    const soft: Outcome = { original: passed ? "forward" : "drop", punted: await this.#taken("soft") };
    const kernel: Outcome = { original: answer === drop ? "drop" : "forward", punted: await this.#taken("kernel") };
    assert.deepEqual(kernel, soft);
  }

  /** Compares what rules, and drop reasons since `reset`, have counted. */
  async compareCounts(): Promise<void> {
    const [kernel, soft] = await Promise.all(
      sides.map(async (side) => {
        const into = new Float64Array(2 * this.#handles.length);
        const handles = this.#handles.map((each) => each[side]);
        await this[side].counters(handles, into);
        return Array.from(into);
      }),
    );
    assert.deepEqual(kernel, soft, "packets and bytes of each rule");
    for (const [reason, now] of this.#drops()) {
      const before = this.#dropsBefore.get(reason) ?? { kernel: 0, soft: 0 };
      assert.equal(now.kernel - before.kernel, now.soft - before.soft, `drops by ${reason}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#readers);
    await this.kernel[Symbol.asyncDispose]();
    await this.soft[Symbol.asyncDispose]();
    this.namespace[Symbol.dispose]();
  }

  #plan(plans: Readonly<Record<Side, Plan>>, change: Change): void {
    if (change.kind === "add") {
      const added = { kernel: plans.kernel.add(change.rule), soft: plans.soft.add(change.rule) };
      assert.ok(added.kernel.ok && added.soft.ok, "both take the rule");
      this.#handles.push({ kernel: added.kernel.value, soft: added.soft.value });
      return;
    }
    const at = change.which % (this.#handles.length || 1);
    const handles = this.#handles[at];
    if (handles === undefined) return;
    if (change.kind === "remove") {
      this.#handles.splice(at, 1);
      for (const side of sides) plans[side].remove(handles[side]);
      return;
    }
    for (const side of sides) {
      const replaced = plans[side].replace(handles[side], { action: change.action, meter: undefined, cookie: {} });
      assert.ok(replaced.ok);
      handles[side] = replaced.value;
    }
  }

  #drops(): ReadonlyMap<DropReason, Record<Side, number>> {
    const kernel = new Map(this.kernel.stats().drops);
    const soft = new Map(this.soft.stats().drops);
    return new Map(
      comparable.map((reason) => [reason, { kernel: kernel.get(reason) ?? 0, soft: soft.get(reason) ?? 0 }]),
    );
  }

  /** What was punted since the last call, once it is all here. */
  async #taken(side: Side): Promise<readonly string[]> {
    const due = this[side].stats().punted;
    const deadline = performance.now() + drainMs;
    while (this.#seen[side] + this.#waiting[side].length < due) {
      assert.ok(performance.now() < deadline, `${side}: ${due} frames were punted, not all of them came`);
      await turn();
    }
    const taken = this.#waiting[side].splice(0);
    this.#seen[side] += taken.length;
    return taken;
  }

  async #read(side: Side): Promise<void> {
    for await (const batch of this[side].punted(this.#stop.signal)) {
      for (let i = 0; i < batch.count; i++) {
        const at = batch.offsets[i] ?? 0;
        const bytes = Buffer.from(batch.slab.subarray(at, at + (batch.lengths[i] ?? 0))).toString("hex");
        this.#waiting[side].push(`${batch.ingressPorts[i] ?? 0} → ${batch.egressPorts[i] ?? 0}: ${bytes}`);
      }
      batch.release();
    }
  }
}
