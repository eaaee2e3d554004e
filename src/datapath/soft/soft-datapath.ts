/** The in-process software switch: a whole `Datapath` without kernel, root or wires, for labs, CI and development. */
import type { Clock } from "../../base/clock.js";
import { systemClock } from "../../base/clock.js";
import { invariant } from "../../base/invariant.js";
import { Mailbox } from "../../base/mailbox.js";
import type { Result } from "../../base/status.js";
import type {
  Capabilities,
  Classification,
  Datapath,
  DatapathEvent,
  DatapathStats,
  OutgoingFrame,
  Plan,
  PuntedBatch,
  RuleSet,
  TransmitResult,
} from "../datapath.js";
import { DropCounts } from "../drop-reason.js";
import type { TransmitRefusal } from "../drop-reason.js";
import { keyFields } from "../frame-key.js";
import type { KeyFieldName } from "../frame-key.js";
import type { FrameResult, Injector, ResultBacklog } from "../injector.js";
import { SubscriberTooSlow } from "../injector.js";
import { maxFrameBytes, minFrameBytes } from "../frame-size.js";
import { cpuPort, cpuPortName } from "../port.js";
import type { PortId, PortSpec, PortStatus, WantedPortState } from "../port.js";
import { replaceAll } from "../resync.js";
import type { InstalledRule, QueueSpec, RuleHandle, Verdict } from "../rule.js";
import { AddressSet } from "./address-set.js";
import { FramePath } from "./frame-path.js";
import { Ingress } from "./ingress.js";
import type { PolicerSpec } from "./policer.js";
import { Policers } from "./policers.js";
import { Port, PortTable } from "./port-table.js";
import { PuntQueue } from "./punt-queue.js";
import type { PuntBacklog } from "./punt-queue.js";
import { Replicator } from "./replicator.js";
import { Routes } from "./routes.js";
import type { Route } from "./routes.js";
import { RuleBase, ruleOf } from "./rule-base.js";
import { Chooser } from "./selector.js";
import { Ticks } from "./ticks.js";

/** How a software switch is set up; everything has a default. */
export interface SoftOptions {
  readonly clock?: Clock;
  /** Up from the start. */
  readonly ports?: readonly PortSpec[];
  /** Where frames leave that no rule takes; none by default. */
  readonly routes?: readonly Route[];
  /** Queues that actions name by index. */
  readonly queues?: readonly QueueSpec[];
  /** Polices what each ingress port sends to the CPU; off by default. */
  readonly portPolicer?: PolicerSpec;
  /** Polices what the device sends to the CPU; off by default. */
  readonly devicePolicer?: PolicerSpec;
  /** `pass` by default. */
  readonly unparsable?: "pass" | "drop";
  /** True by default: rules that name no EtherType do not take frames addressed to the box. */
  readonly excludeLocal?: boolean;
  /** 0 up to, not including, 1: what random selectors draw. `Math.random` by default. */
  readonly random?: () => number;
  /** 16,384 frames and 32 MiB by default. */
  readonly puntBacklog?: PuntBacklog;
}

/** Events that may wait for their reader; one more is a reader that does not read, and an error to it. */
const maxEvents = 65_536;
const verdicts: readonly Verdict[] = ["forward", "drop", "trap", "copy", "deny", "copy-cancel"];

/**
 * Frames are processed within the call that brings them. A frame that no rule takes leaves unchanged by the port that
 * `routes` gives, if that is up. What `inject` returns refers to the frame it was given; subscribers get a copy.
 * Frames that `transmit` refuses are not in `stats().drops`: the answer is the caller's to count.
 */
export class SoftDatapath implements Datapath, Injector {
  readonly capabilities: Capabilities = {
    backend: "soft",
    keyFields: new Set(Object.keys(keyFields) as KeyFieldName[]),
    verdicts: new Set(verdicts),
    meters: true,
    meterCounters: true,
    redirects: true,
    replicates: true,
    selectors: true,
    maxFrameBytes,
  };
  readonly #rules: RuleBase;
  readonly #path: FramePath;
  readonly #ingress: Ingress;
  readonly #policers: Policers;
  readonly #cpu: Port;
  readonly #drops = new DropCounts();
  readonly #punted: PuntQueue;
  readonly #events = new Mailbox<DatapathEvent>(maxEvents, (lost) => new Error(`${lost} datapath events were lost`));
  readonly #ports = new PortTable((event) => this.#events.push(event));
  readonly #subscribers = new Set<Mailbox<FrameResult>>();

  constructor(options: SoftOptions = {}) {
    const ticks = new Ticks(options.clock ?? systemClock);
    const queues = options.queues ?? [];
    this.#rules = new RuleBase(ticks, queues.length);
    const chooser = new Chooser(this.#ports, options.random ?? Math.random);
    this.#path = new FramePath(this.#rules, ticks, this.#drops, chooser, {
      unparsable: options.unparsable ?? "pass",
      localFrames: (options.excludeLocal ?? true) ? "exclude" : "match",
    });
    this.#policers = new Policers(ticks, { queues, port: options.portPolicer, device: options.devicePolicer });
    this.#cpu = new Port({ id: cpuPort, name: cpuPortName }, this.#policers.forPort());
    this.#punted = new PuntQueue(options.puntBacklog ?? { frames: 16_384, bytes: 32 * 1024 * 1024 });
    this.#ingress = new Ingress({
      path: this.#path,
      replicator: new Replicator(this.#rules, this.#ports, this.#drops),
      policers: this.#policers,
      routes: new Routes(options.routes ?? []),
      ports: this.#ports,
      punted: this.#punted,
      drops: this.#drops,
    });
    for (const port of options.ports ?? [])
      invariant(this.addPort(port).ok, `port '${port.name}' has id and name to itself`);
  }

  plan(): Plan {
    return this.#rules.plan();
  }

  resync(desired: RuleSet, signal: AbortSignal): Promise<Result> {
    return replaceAll(this.plan(), desired, signal);
  }

  counters(rules: readonly RuleHandle[], into: Float64Array): Promise<void> {
    rules.forEach((handle, i) => {
      const rule = ruleOf(handle);
      into[2 * i] = rule.packets;
      into[2 * i + 1] = rule.bytes;
    });
    return Promise.resolve();
  }

  meterCounters(rules: readonly RuleHandle[], into: Float64Array): Promise<void> {
    rules.forEach((handle, i) => {
      const { packets, bytes, meter } = ruleOf(handle);
      const { yellowPackets = 0, yellowBytes = 0, redPackets = 0, redBytes = 0 } = meter?.counts ?? {};
      const green = [packets - yellowPackets - redPackets, bytes - yellowBytes - redBytes];
      into.set([...green, yellowPackets, yellowBytes, redPackets, redBytes], 6 * i);
    });
    return Promise.resolve();
  }

  dump(): Iterable<InstalledRule> {
    return this.#rules.dump();
  }

  transmit(frames: readonly OutgoingFrame[]): readonly TransmitResult[] {
    return frames.map(({ port, frame }) => {
      const refusal = port === cpuPort ? submitRefusal(frame) : sendRefusal(this.#ports.get(port), frame);
      if (refusal !== undefined) {
        this.#publish({ ingressPort: cpuPort, frame, outputs: [], dropped: refusal });
        return refusal;
      }
      if (port === cpuPort) this.#publish(this.#ingress.process(this.#cpu, frame));
      else this.#send(port, frame);
      return "accepted";
    });
  }

  inject(port: PortId, frame: Uint8Array): FrameResult | "unknown-port" {
    const from = this.#ports.get(port);
    if (from === undefined) return "unknown-port";
    const result = from.state === "up" ? this.#ingress.process(from, frame) : this.#arrivedDown(from, frame);
    this.#publish(result);
    return result;
  }

  results(signal: AbortSignal, backlog: ResultBacklog): AsyncIterable<FrameResult> {
    const limit = { items: backlog.results, bytes: backlog.bytes, bytesOf: ({ frame }: FrameResult) => frame.length };
    const box = new Mailbox<FrameResult>(limit, (lost) => new SubscriberTooSlow(lost));
    this.#subscribers.add(box);
    return box.read(signal, () => this.#subscribers.delete(box));
  }

  punted(signal: AbortSignal): AsyncIterable<PuntedBatch> {
    return this.#punted.read(signal);
  }

  events(signal: AbortSignal): AsyncIterable<DatapathEvent> {
    return this.#events.read(signal);
  }

  addPort(port: PortSpec): Result {
    return this.#ports.add(new Port(port, this.#policers.forPort()));
  }

  removePort(port: PortId): Result {
    return this.#ports.remove(port);
  }

  setPortState(port: PortId, state: WantedPortState): Result {
    return this.#ports.setState(port, state);
  }

  port(port: PortId): PortStatus | undefined {
    return this.#ports.get(port)?.status();
  }

  setLocalAddresses(addresses: readonly Uint8Array[]): void {
    this.#path.localAddresses = new AddressSet(addresses);
  }

  classify(port: PortId, frame: Uint8Array): Classification {
    return this.#ingress.classify(port, frame);
  }

  stats(): DatapathStats {
    return {
      ports: Array.from([...this.#ports.all(), this.#cpu], (port) => port.status()),
      drops: this.#drops.entries(),
      classified: this.#ingress.classified,
      punted: this.#ingress.puntedFrames,
    };
  }

  /** Ends every reading once what waits is read. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#punted.close();
    this.#events.close();
    for (const box of this.#subscribers) box.close();
    return Promise.resolve();
  }

  #send(port: PortId, frame: Uint8Array): void {
    const to = this.#ports.get(port);
    if (to !== undefined) to.framesOut++;
    this.#publish({ ingressPort: cpuPort, frame, outputs: [{ port, frame }] });
  }

  #arrivedDown(port: Port, frame: Uint8Array): FrameResult {
    this.#drops.add("ingress-port-down");
    port.framesDropped++;
    return { ingressPort: port.id, frame, outputs: [], dropped: "ingress-port-down" };
  }

  #publish(result: FrameResult): void {
    if (this.#subscribers.size === 0) return;
    const kept = withOwnFrame(result);
    for (const box of this.#subscribers) box.push(kept);
  }
}

/** `result` with a copy of its frame, which may be a view of a whole message: a backlog holds what it counts. */
function withOwnFrame(result: FrameResult): FrameResult {
  const frame = new Uint8Array(result.frame);
  const own = (kept: Uint8Array) => (kept.length === frame.length ? frame : frame.subarray(0, kept.length));
  return { ...result, frame, outputs: result.outputs.map((output) => ({ ...output, frame: own(output.frame) })) };
}

function submitRefusal(frame: Uint8Array): TransmitRefusal | undefined {
  if (frame.length < minFrameBytes) return "runt";
  return frame.length > maxFrameBytes ? "mtu-exceeded" : undefined;
}

function sendRefusal(port: Port | undefined, frame: Uint8Array): TransmitRefusal | undefined {
  if (frame.length < minFrameBytes) return "runt";
  if (port === undefined) return "unknown-port";
  if (frame.length > port.maxBytes(frame)) return "mtu-exceeded";
  if (port.state === "down") return "port-down";
  return port.state === "no-carrier" ? "no-carrier" : undefined;
}
