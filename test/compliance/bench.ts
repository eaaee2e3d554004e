/** What the compliance suite needs of a backend under test, and how it reads punted frames. */
import type { Datapath, Plan } from "../../src/datapath/datapath.js";
import type { PortId, WantedPortState } from "../../src/datapath/port.js";
import type { PuntRule, QueueSpec, RuleHandle, TableSpec } from "../../src/datapath/rule.js";
import { rule } from "../support/key-rules.js";

export interface BenchOptions {
  readonly queues?: readonly QueueSpec[];
  readonly portPolicer?: { readonly pps: number; readonly burst: number };
  readonly devicePolicer?: { readonly pps: number; readonly burst: number };
  readonly unparsable?: "pass" | "drop";
  readonly excludeLocal?: boolean;
}

/**
 * A datapath with ports 1 and 2, up, MTU 1,500, and their wires. Frames to 10.0.0.2 that arrive on port 1 and that no
 * rule drops leave by port 2.
 */
export interface Bench extends AsyncDisposable {
  readonly datapath: Datapath;
  /** Puts frames on the wire of a port, in order. */
  receive(port: PortId, frames: readonly Uint8Array[]): Promise<void>;
  /** Frames that left by a port since the last call; `count` are awaited, and then a moment for more. */
  left(port: PortId, count: number): Promise<readonly Uint8Array[]>;
  /** Brings a port into a state, from outside where the backend cannot; it is in that state when the promise resolves. */
  bring(port: PortId, state: WantedPortState): Promise<void>;
  /** VLAN tags that the MTU does not count. */
  readonly tagsBesideMtu: number;
}

export type OpenBench = (options: BenchOptions) => Promise<Bench>;

export const port1 = 1 as PortId;
export const port2 = 2 as PortId;

/** A punted frame, copied out of its batch. */
export interface Punted {
  readonly frame: Uint8Array;
  readonly ingress: number;
  readonly egress: number;
}

/** Its frame is trapped by a rule of every bench, so that what came before it has come too. */
const fence = Uint8Array.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x99, 0x99, ...new Uint8Array(46)]);

/** Reads punted frames for as long as the bench is open. */
export class Punts {
  readonly #waiting: Punted[] = [];
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;
  #came: () => void = () => {};

  constructor(readonly bench: Bench) {
    this.#reading = this.#read();
  }

  /** Frames punted since the last call, of those received before this call. */
  async take(port: PortId = port1): Promise<readonly Punted[]> {
    await this.bench.receive(port, [fence]);
    const isFence = ({ frame }: Punted) => frame[12] === 0x99 && frame[13] === 0x99;
    while (!this.#waiting.some(isFence)) await new Promise<void>((resolve) => (this.#came = resolve));
    return this.#waiting.splice(0, this.#waiting.findIndex(isFence) + 1).slice(0, -1);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const batch of this.bench.datapath.punted(this.#stop.signal)) {
      for (let i = 0; i < batch.count; i++) {
        const at = batch.offsets[i] ?? 0;
        const frame = batch.slab.slice(at, at + (batch.lengths[i] ?? 0));
        this.#waiting.push({ frame, ingress: batch.ingressPorts[i] ?? 0, egress: batch.egressPorts[i] ?? 0 });
      }
      batch.release();
      this.#came();
    }
  }
}

/** Adds a rule that must fit. */
export function place(plan: Plan, wanted: PuntRule): RuleHandle {
  const added = plan.add(wanted);
  if (!added.ok) throw new Error(added.status.message);
  return added.value;
}

/** Replaces everything by `tables` and `rules`. The last table holds what `Punts` needs. */
export async function install(
  { datapath }: Pick<Bench, "datapath">,
  rules: readonly PuntRule[],
  tables: readonly TableSpec[] = [{ name: "acl", maxMasks: 64, meter: packetMeter }],
): Promise<readonly RuleHandle[]> {
  const plan = datapath.plan();
  plan.reset([...tables, { name: "fence", maxMasks: 1 }]);
  place(plan, rule({ table: tables.length, match: { ether_type: 0x9999 } }));
  const handles = rules.map((each) => place(plan, each));
  const committed = await plan.commit();
  if (!committed.ok) throw new Error(committed.status.message);
  return handles;
}

/** One step of its own. */
export async function step({ datapath }: Bench, work: (plan: Plan) => void): Promise<void> {
  const plan = datapath.plan();
  work(plan);
  const committed = await plan.commit();
  if (!committed.ok) throw new Error(committed.status.message);
}

export const packetMeter = { type: "two-rate-three-color", unit: "packets" } as const;

/** Packets and bytes that a rule has counted. */
export async function counted({ datapath }: Bench, handle: RuleHandle): Promise<[number, number]> {
  const into = new Float64Array(2);
  await datapath.counters([handle], into);
  return [into[0] ?? NaN, into[1] ?? NaN];
}

/** How often frames were dropped for each reason. */
export function drops({ datapath }: Bench): Record<string, number> {
  return Object.fromEntries(datapath.stats().drops);
}

/** Makes a mocha body of a test that wants a bench of its own. */
export type WithBench = (
  body: (bench: Bench, punts: Punts) => Promise<void>,
  options?: BenchOptions,
) => () => Promise<void>;
