/** The kernel as a `Datapath`: rules in a tc program on each port's netdev, frames out by packet sockets. */
import type { Addon, BpfDatapath } from "../../addon/addon.js";
import type { Logger } from "../../base/logger.js";
import { silentLogger } from "../../base/logger.js";
import { Mailbox } from "../../base/mailbox.js";
import type { Result } from "../../base/status.js";
import { StatusError, failedPrecondition } from "../../base/status.js";
import type {
  Capabilities,
  Datapath,
  DatapathEvent,
  DatapathStats,
  OutgoingFrame,
  Plan,
  PuntedBatch,
  RuleSet,
  TransmitResult,
} from "../datapath.js";
import { dropReasons } from "../drop-reason.js";
import type { DropReason } from "../drop-reason.js";
import { maxFrameBytes, minFrameBytes } from "../frame-size.js";
import { keyFields } from "../frame-key.js";
import type { KeyFieldName } from "../frame-key.js";
import { cpuPort } from "../port.js";
import type { PortId, WantedPortState, PortStatus } from "../port.js";
import { replaceAll } from "../resync.js";
import type { InstalledRule, QueueSpec, RuleHandle, Verdict } from "../rule.js";
import { CpuPair } from "./cpu-pair.js";
import { KernelPorts, cpuSlot } from "./kernel-ports.js";
import type { KernelPortSpec } from "./kernel-port.js";
import { LocalAddresses } from "./local-addresses.js";
import { NetworkView } from "./network-view.js";
import { PuntSlabs, slabFrames } from "./punt-slabs.js";
import { RuleSteps } from "./rule-steps.js";
import { Segmenter } from "./segmenter.js";
import { isSystemError } from "./system-error.js";

/** How a kernel datapath is set up. */
export interface KernelOptions {
  readonly addon: Addon;
  /** The compiled tc program, ELF. */
  readonly object: Uint8Array;
  /** Path of the network namespace of all ports; the process's own by default. */
  readonly netns?: string;
  /** Folder on a bpffs for what outlives the process; nothing does by default. */
  readonly pins?: string;
  /** Tells devices of one network namespace apart, 0 … 9,999; 0 by default. */
  readonly ordinal?: number;
  /** How the program is attached; `auto` by default: by tcx links if the kernel has them. */
  readonly attach?: "auto" | "tcx" | "clsact";
  /** Keys of all tables at most; 16,384 by default. */
  readonly capacity?: number;
  /** Distinct masks of all tables at most; 256 by default. */
  readonly maxTuples?: number;
  /** Memory for punted frames that the kernel holds, a power of two; 16 MiB by default. */
  readonly ringBytes?: number;
  /** Queues that actions name by index. */
  readonly queues?: readonly QueueSpec[];
  /** Polices what each ingress port sends to the CPU; off by default. */
  readonly portPolicer?: { readonly pps: number; readonly burst: number };
  /** Polices what the device sends to the CPU; off by default. */
  readonly devicePolicer?: { readonly pps: number; readonly burst: number };
  /** `pass` by default. */
  readonly unparsable?: "pass" | "drop";
  /** True by default: rules that name no EtherType do not take frames addressed to the box. */
  readonly excludeLocal?: boolean;
  /** What stays in the kernel after closing; `flush` by default: nothing. `keep` needs `pins`. */
  readonly rulesOnExit?: "flush" | "keep";
  readonly log?: Logger;
}

/** Events that may wait for their reader; one more is a reader that does not read, and an error to it. */
const maxEvents = 65_536;
const verdicts: readonly Verdict[] = ["forward", "drop", "trap", "copy", "deny", "copy-cancel"];
/** Numbers of `BpfDatapath.stats` before the drop reasons. */
const statsHead = 3;

/** What is open, in the order of opening. */
interface Parts {
  readonly bpf: BpfDatapath;
  readonly network: NetworkView;
  readonly rules: RuleSteps;
  readonly slabs: PuntSlabs;
  readonly ports: KernelPorts;
  readonly cpu: CpuPair;
  readonly segmenter: Segmenter;
  readonly locals: LocalAddresses;
  readonly events: Mailbox<DatapathEvent>;
  /** By position in `BpfDatapath.stats`. */
  readonly reasons: readonly DropReason[];
  readonly links: "flush" | "keep";
}

/**
 * Frames that no rule takes go on through the kernel as if there were no program. What `transmit` accepts is sent at
 * the end of the event loop's turn. Frames that `transmit` refuses are not in `stats().drops`.
 */
export class KernelDatapath implements Datapath {
  readonly capabilities: Capabilities = {
    backend: "kernel",
    keyFields: new Set(Object.keys(keyFields) as KeyFieldName[]),
    verdicts: new Set(verdicts),
    meters: true,
    meterCounters: true,
    redirects: false,
    replicates: false,
    selectors: false,
    maxFrameBytes,
  };
  readonly #parts: Parts;
  readonly #stats: Float64Array;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#stats = new Float64Array(statsHead + parts.reasons.length);
  }

  /**
   * Opens a device without ports. What an earlier process left of it is taken over or removed.
   * @throws StatusError FAILED_PRECONDITION, with a sentence that says what to change, if it cannot be had here
   */
  static async open(options: KernelOptions): Promise<KernelDatapath> {
    const opening = new Opening(options);
    try {
      return new KernelDatapath(await opening.run());
    } catch (error) {
      await opening.undo();
      if (!isSystemError(error)) throw error;
      throw new StatusError(failedPrecondition(`the kernel datapath cannot start: ${error.message}`).status, {
        cause: error,
      });
    }
  }

  plan(): Plan {
    return this.#parts.rules.plan();
  }

  resync(desired: RuleSet, signal: AbortSignal): Promise<Result> {
    return replaceAll(this.plan(), desired, signal);
  }

  counters(rules: readonly RuleHandle[], into: Float64Array): Promise<void> {
    this.#parts.rules.counters(rules, into);
    return Promise.resolve();
  }

  meterCounters(rules: readonly RuleHandle[], into: Float64Array): Promise<void> {
    this.#parts.rules.meterCounters(rules, into);
    return Promise.resolve();
  }

  transmit(frames: readonly OutgoingFrame[]): readonly TransmitResult[] {
    const { cpu, ports } = this.#parts;
    return frames.map(({ port, frame, token }) => {
      if (port === cpuPort) return cpu.submit(frame, token);
      if (frame.length < minFrameBytes) return "runt";
      return ports.get(port)?.transmit(frame, token) ?? "unknown-port";
    });
  }

  punted(signal: AbortSignal): AsyncIterable<PuntedBatch> {
    return this.#parts.slabs.read(signal);
  }

  events(signal: AbortSignal): AsyncIterable<DatapathEvent> {
    return this.#parts.events.read(signal);
  }

  /** FAILED_PRECONDITION if the netdev is there and cannot be had, RESOURCE_EXHAUSTED beyond 1,023 ports. */
  addPort(port: KernelPortSpec): Result {
    return this.#parts.ports.add(port);
  }

  /** Removes links that an earlier process left on netdevs that are none of the ports'. @throws SystemError */
  detachOthers(): void {
    this.#parts.bpf.detachOthers();
  }

  removePort(port: PortId): Result {
    return this.#parts.ports.remove(port);
  }

  /** FAILED_PRECONDITION for `no-carrier`, and for a port whose netdev is missing. */
  setPortState(port: PortId, state: WantedPortState): Result {
    return this.#parts.ports.setState(port, state);
  }

  port(port: PortId): PortStatus | undefined {
    return this.#parts.ports.get(port)?.status();
  }

  /** In addition to those that the kernel takes for its own. */
  setLocalAddresses(addresses: readonly Uint8Array[]): void {
    this.#parts.locals.give(addresses);
  }

  /** What the maps of the tc program hold; read at once. */
  dump(): Iterable<InstalledRule> {
    return this.#parts.rules.dump();
  }

  /** The kernel tells nobody what it would do. */
  classify(): undefined {
    return undefined;
  }

  stats(): DatapathStats {
    const { bpf, cpu, ports, reasons, segmenter } = this.#parts;
    bpf.stats(this.#stats);
    const [classified = 0, taken = 0, lost = 0] = this.#stats;
    return {
      ports: [...Array.from(ports.all(), (port) => port.status()), cpu.status()],
      drops: this.#drops(reasons, lost + segmenter.lost()),
      classified,
      punted: taken - lost,
    };
  }

  /** Ends every reading, releases the ports and removes what is not to stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await closeParts(this.#parts, this.#parts.links);
  }

  /** Reasons with their counts. @param lost frames that no slab reached after the program was done with them: the backlog's too */
  #drops(reasons: readonly DropReason[], lost: number): readonly [DropReason, number][] {
    return reasons
      .map((reason, i): [DropReason, number] => {
        const count = this.#stats[statsHead + i] ?? 0;
        return [reason, reason === "punt-backlog" ? count + lost : count];
      })
      .filter(([, count]) => count > 0);
  }
}

async function closeParts(parts: Partial<Parts>, links: "flush" | "keep"): Promise<void> {
  const { bpf, cpu, events, network, ports, segmenter, slabs } = parts;
  slabs?.close();
  events?.close();
  ports?.close(links === "keep" ? "keep" : "detach");
  try {
    await segmenter?.close();
    await cpu?.close();
  } finally {
    bpf?.close(links);
    network?.close();
  }
}

/** The steps of opening, each undone if a later one fails. */
class Opening {
  readonly #options: KernelOptions;
  readonly #parts: { -readonly [Name in keyof Parts]?: Parts[Name] } = {};

  constructor(options: KernelOptions) {
    this.#options = options;
  }

  async run(): Promise<Parts> {
    const { addon, netns, log = silentLogger, ordinal = 0, excludeLocal = true } = this.#options;
    const hook = chosenHook(addon, this.#options.attach ?? "auto");
    const links = chosenLinks(this.#options);
    const reasons = addon.dropReasons.map(reasonOf);
    const slabs = (this.#parts.slabs = new PuntSlabs());
    const bpf = (this.#parts.bpf = this.#openBpf(slabs));
    slabs.serve(bpf);
    const events = (this.#parts.events = new Mailbox<DatapathEvent>(
      maxEvents,
      (lost) => new Error(`${lost} datapath events were lost`),
    ));
    const changed = (event: DatapathEvent) => events.push(event);
    const rules = new RuleSteps(bpf, this.#limits(), (reason) => changed({ kind: "lost", reason }));
    const locals = new LocalAddresses((addresses) => bpf.setLocalAddresses(addresses));
    const network = await NetworkView.open({ addon, netns, log, locals: excludeLocal ? locals : undefined });
    this.#parts.network = network;
    const onRefused = (token: object, reason: TransmitResult) => {
      if (reason !== "accepted") changed({ kind: "transmit-refused", token, reason });
    };
    const shared = { addon, bpf, netns, hook, links: network.links, socket: network.socket, log, onRefused };
    const ports = (this.#parts.ports = new KernelPorts({ ...shared, changed }));
    network.onLinks = () => ports.follow();
    const cpu = (this.#parts.cpu = await CpuPair.open({ ...shared, ordinal, slot: cpuSlot }));
    const segmenter = (this.#parts.segmenter = await Segmenter.open({ ...shared, ordinal }));
    return { bpf, network, rules, slabs, ports, cpu, segmenter, locals, events, reasons, links };
  }

  undo(): Promise<void> {
    return closeParts(this.#parts, "flush");
  }

  #limits() {
    const { capacity = 16_384, maxTuples = 256, queues = [] } = this.#options;
    return { capacity, maxTuples, queues: queues.length };
  }

  #openBpf(slabs: PuntSlabs): BpfDatapath {
    const { addon, object, netns, pins, ringBytes = 16 * 1024 * 1024, queues = [] } = this.#options;
    const { portPolicer, devicePolicer, unparsable = "pass", excludeLocal = true } = this.#options;
    if (addon.openBpf === undefined)
      throw failedPrecondition(
        "the kernel datapath needs an addon built with libbpf: install libbpf-dev and libelf-dev, then `npm rebuild`",
      );
    const { capacity, maxTuples } = this.#limits();
    return addon.openBpf({
      ...{ object, netns, pins, capacity, maxTuples, ringBytes, queues, portPolicer, devicePolicer },
      ...{ unparsable, excludeLocal, slabs: slabs.memory, slabFrames, onPunted: () => slabs.ring() },
    });
  }
}

function chosenHook(addon: Addon, attach: "auto" | "tcx" | "clsact"): "tcx" | "clsact" {
  if (attach === "clsact") return attach;
  if (addon.probeTcx()) return "tcx";
  if (attach === "auto") return "clsact";
  throw failedPrecondition(
    "datapath.attach: tcx: the kernel has no tcx links, which came with Linux 6.6; set it to auto or clsact to use tc filters",
  );
}

function chosenLinks({ pins, rulesOnExit = "flush" }: KernelOptions): "flush" | "keep" {
  if (rulesOnExit === "keep" && pins === undefined)
    throw failedPrecondition("restart.rules_on_exit: keep: nothing can be kept without a folder on a bpffs");
  return rulesOnExit;
}

/** The drop reason of a name of native code. */
function reasonOf(name: string): DropReason {
  const reason = name.replaceAll("_", "-");
  if (reason in dropReasons) return reason as DropReason;
  throw new TypeError(`native code drops for '${name}', which is no drop reason`);
}
