/** The contract every backend keeps: ports, rules and frames, never P4 ids. `test/compliance/` holds each one to it. */
import type { Result, ResultOf } from "../base/status.js";
import type { DropReason, TransmitRefusal } from "./drop-reason.js";
import type { PortId, PortSpec, PortState, WantedPortState, PortStatus } from "./port.js";
import type { KeyFieldName } from "./frame-key.js";
import type { CloneSpec, Redirect, Replica, Replication } from "./replication.js";
import type {
  InstalledRule,
  PuntRule,
  RuleAction,
  RuleCookie,
  RuleHandle,
  TableIndex,
  TableSpec,
  Verdict,
} from "./rule.js";

/** What a backend can do; a pipeline that needs more is refused at push. */
export interface Capabilities {
  /** Such as `soft` or `kernel`; part of messages. */
  readonly backend: string;
  readonly keyFields: ReadonlySet<KeyFieldName>;
  readonly verdicts: ReadonlySet<Verdict>;
  readonly meters: boolean;
  /** True if it counts frames by the colour that their rule's meter gave them: `Datapath.meterCounters`. */
  readonly meterCounters: boolean;
  /** Whether it sends frames to another port than their route's (`PuntAction.redirect`). */
  readonly redirects: boolean;
  /** Whether it copies frames: multicast groups, clone sessions and the actions that name them. */
  readonly replicates: boolean;
  /** Whether a rule's action may be an `ActionSelector`. */
  readonly selectors: boolean;
  /** Largest frame that can be punted or transmitted, in bytes without FCS. */
  readonly maxFrameBytes: number;
}

/**
 * A step from one published state to the next: all of it or none. At most one plan is open at a time.
 * `add`, `replace` and `remove` answer from the backend's own model of its capacity; nothing is visible to frames
 * until `commit`.
 */
export interface Plan {
  /** Drops every table, rule, multicast group and clone session and declares `tables`, in falling precedence. Only as the first call of a plan. */
  reset(tables: readonly TableSpec[]): Result;
  /** RESOURCE_EXHAUSTED if the table cannot hold another mask or rule; UNIMPLEMENTED for what the backend lacks. */
  add(rule: PuntRule): ResultOf<RuleHandle>;
  /**
   * Gives `rule` another action and meter; table, priority, key and age stay. The counters go on, those by colour too.
   * The meter starts afresh only if its configuration differs. What the rule had when the plan was opened is not refused.
   * @returns the handle to use from now on; the old one answers for readers of older snapshots
   */
  replace(rule: RuleHandle, change: Pick<PuntRule, "action" | "meter" | "cookie">): ResultOf<RuleHandle>;
  remove(rule: RuleHandle): void;
  /**
   * Makes the group's replicas these; undefined: there is no such group. Frames sent to a group that is not there, or
   * empty, are dropped. UNIMPLEMENTED if the backend does not replicate.
   */
  setMulticastGroup(id: number, replicas: readonly Replica[] | undefined): Result;
  /** The same for a clone session: of one that is not there no clone is made. */
  setCloneSession(id: number, session: CloneSpec | undefined): Result;
  /** Makes the step visible to frames at one instant. A failure means a lost datapath: `resync` follows. */
  commit(): Promise<Result>;
  /** Ends the plan without a trace. */
  abandon(): void;
}

/** The whole wanted state, for `resync`. Iterated once. */
export interface RuleSet {
  readonly tables: readonly TableSpec[];
  readonly rules: Iterable<{ readonly rule: PuntRule; readonly placed: (handle: RuleHandle) => void }>;
  /** Absent: no group and no session. */
  readonly replication?: Replication;
}

/** Punted frames in arrival order. Arrays are valid until `release`; frame i is `slab[offsets[i] …][0 … lengths[i])`. */
export interface PuntedBatch {
  readonly count: number;
  readonly slab: Uint8Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly ingressPorts: Uint32Array;
  /** The port the frame would have left by, 0 if unknown. */
  readonly egressPorts: Uint32Array;
  release(): void;
}

/** An Ethernet frame without FCS to send. `port` = `cpuPort`: into the ingress path as if the CPU port received it. */
export interface OutgoingFrame {
  readonly port: PortId;
  readonly frame: Uint8Array;
  /** The caller's own reference, given back when the frame is refused later. */
  readonly token: object;
}

export type TransmitResult = "accepted" | TransmitRefusal;

/** What the datapath reports by itself. */
export type DatapathEvent =
  | { readonly kind: "port-added"; readonly port: PortId }
  | { readonly kind: "port-removed"; readonly port: PortId }
  | { readonly kind: "port-state"; readonly port: PortId; readonly state: PortState }
  | { readonly kind: "transmit-refused"; readonly token: object; readonly reason: TransmitRefusal }
  | { readonly kind: "lost"; readonly reason: string };

/** One table's part in the fate of a frame. */
export interface TableMatch {
  readonly table: TableIndex;
  /** Cookie of the best rule that may take the frame, else of the best one excluded; undefined: no match. */
  readonly cookie: RuleCookie | undefined;
  readonly action: RuleAction | undefined;
  /**
   * Which choice of a selector the frame would take, as its place in the list; undefined: none is left, or the action is
   * no selector. Of a random one a choice drawn now.
   */
  readonly chosen: number | undefined;
  /** True if only rules that name no EtherType match, and those may not take a frame addressed to the box itself. */
  readonly excludedLocal: boolean;
}

/** What would happen to a frame now; nothing is counted or metered (meters are taken as green). */
export interface Classification {
  /** `forward` or `drop`: what becomes of the original. */
  readonly original: "forward" | "drop";
  readonly punted: boolean;
  readonly parsable: boolean;
  readonly matches: readonly TableMatch[];
  /** Where a rule sends the original if it is forwarded; undefined: where its route leads. */
  readonly redirect: Redirect | undefined;
  /** The clone session that a rule asks for. */
  readonly mirror: number | undefined;
  /** The port it would leave by: that of the redirect or the route, if it is up. */
  readonly egressPort: PortId | undefined;
}

export interface DatapathStats {
  /** `cpuPort` comes last: its frames in are those submitted to ingress. */
  readonly ports: readonly PortStatus[];
  readonly drops: Iterable<[DropReason, number]>;
  /** Frames classified, and frames handed to `punted`. */
  readonly classified: number;
  readonly punted: number;
}

/** A switch's forwarding plane as far as punting goes. */
export interface Datapath extends AsyncDisposable {
  readonly capabilities: Capabilities;

  /** Opens a step. @precondition no other plan is open */
  plan(): Plan;
  /** Makes forwarding state equal `desired` after a restart, drift or loss. Idempotent. */
  resync(desired: RuleSet, signal: AbortSignal): Promise<Result>;
  /**
   * Frames and bytes each rule has counted since it was added, read at one instant per rule: packets into
   * `into[2i]`, bytes into `into[2i + 1]`. Bytes are those of the frame as PacketIn carries it.
   */
  counters(rules: readonly RuleHandle[], into: Float64Array): Promise<void>;
  /**
   * What each rule has counted since it was added by the colour of its meter, six numbers a rule: packets and bytes
   * that were green into `into[6i]` and `into[6i + 1]`, then yellow, then red. Whatever a rule counts while it has no
   * meter is green, so the colours of a rule add up to what `counters` gives.
   * @precondition `capabilities.meterCounters`
   */
  meterCounters(rules: readonly RuleHandle[], into: Float64Array): Promise<void>;
  /**
   * What the datapath really holds, key by key in no promised order, asked of the structures that frames meet and not
   * of a note of what was asked for; nothing of an open plan. Costs what is installed. A key may be left out if another
   * rule of its table has the same value and mask and outranks it: no frame can hit it. What a plan commits while this
   * is read may be told or not. Undefined: the backend cannot tell.
   */
  dump?(): Iterable<InstalledRule> | AsyncIterable<InstalledRule>;

  /** Queues frames; one result each. A frame refused only later comes back as an event with its token. */
  transmit(frames: readonly OutgoingFrame[]): readonly TransmitResult[];
  /** Punted frames in batches; the backlog is bounded and its drops are counted. One consumer. */
  punted(signal: AbortSignal): AsyncIterable<PuntedBatch>;
  /** Port and transmit events in order. One consumer. */
  events(signal: AbortSignal): AsyncIterable<DatapathEvent>;

  /** ALREADY_EXISTS if the id or the name is taken; `cpuPortName` always is. */
  addPort(port: PortSpec): Result;
  /** NOT_FOUND if there is no such port. */
  removePort(port: PortId): Result;
  /** Brings a port up or down. NOT_FOUND if there is no such port. */
  setPortState(port: PortId, state: WantedPortState): Result;
  port(port: PortId): PortStatus | undefined;
  /** Replaces the addresses of the box itself (`punt.exclude_local`): IPv4 (4 bytes) and IPv6 (16 bytes), multicast ones too. */
  setLocalAddresses(addresses: readonly Uint8Array[]): void;

  /** What would happen to `frame` if it arrived on `port` now; undefined if the backend cannot tell. */
  classify(port: PortId, frame: Uint8Array): Classification | undefined;
  stats(): DatapathStats;
}
