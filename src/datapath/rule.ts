/** Punt rules: what the ACL compiler asks of a datapath, in tables, keys and verdicts, never P4 ids. */
import type { Branded } from "../base/branded.js";
import type { PortId } from "./port.js";
import type { Redirect } from "./replication.js";

/**
 * What happens to a frame. `trap`: to the CPU only. `copy`: to the CPU and onwards. `deny`: drop, and copies of
 * tables of lower precedence are cancelled. `copy-cancel`: forward, and such copies are cancelled.
 */
export type Verdict = "forward" | "drop" | "trap" | "copy" | "deny" | "copy-cancel";

/** The verdict for each colour of the rule's meter; a rule without meter is green. */
export interface PuntAction {
  readonly green: Verdict;
  readonly yellow: Verdict;
  readonly red: Verdict;
  /** Index of the queue (`QueueSpec`) whose policer guards the punted copy; undefined: none. */
  readonly queue?: number;
  /**
   * Where the frame goes if it is forwarded, whatever the colour. Of several tables the first in precedence that says
   * so decides.
   */
  readonly redirect?: Redirect;
  /**
   * The clone session whose replicas get copies of the frame as it came in, whatever the colour and whatever becomes
   * of the original. Of several tables the first in precedence that says so decides.
   */
  readonly mirror?: number;
}

/** One of the actions that an `ActionSelector` picks from. */
export interface ActionChoice {
  readonly action: PuntAction;
  /** Its share of the frames beside the weights of the others; above 0. */
  readonly weight: number;
  /** Left out while this port is not up or not there; undefined: never. */
  readonly watch: PortId | undefined;
}

/**
 * Picks one action for each frame. `hash`: the same one for all frames of a flow (IP addresses, protocol and L4 ports;
 * of other frames MAC addresses and EtherType), as long as its port is up; what happens to other choices does not move
 * the flow. `random`: any one, each time. If no choice is left, nothing is done with the frame: it is counted and
 * metered, and forwarded.
 */
export interface ActionSelector {
  readonly mode: "hash" | "random";
  readonly choices: readonly ActionChoice[];
}

/** What a rule does with its frames. */
export type RuleAction = PuntAction | ActionSelector;

export function isSelector(action: RuleAction): action is ActionSelector {
  return "choices" in action;
}

/** A named class of punted frames with its policer. Shapes packets per second; `burst` in packets. */
export interface QueueSpec {
  readonly name: string;
  readonly pps: number;
  readonly burst: number;
}

/** Which algorithm marks packets: RFC 2698, RFC 2697, or RFC 2697 without excess burst. @see P4Runtime §9.4 */
export type MeterType = "two-rate-three-color" | "single-rate-three-color" | "single-rate-two-color";

export interface MeterSpec {
  readonly type: MeterType;
  readonly unit: "bytes" | "packets";
}

/** Rates per second and bursts, in the unit of the meter's spec; 0 … 2^63 − 1. */
export interface MeterConfig {
  readonly cir: bigint;
  readonly cburst: bigint;
  readonly pir: bigint;
  readonly pburst: bigint;
  readonly eburst: bigint;
}

/** True if a meter of one configuration marks as one of the other does. */
export function sameConfig(a: MeterConfig | undefined, b: MeterConfig | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.cir === b.cir && a.cburst === b.cburst && a.pir === b.pir && a.pburst === b.pburst && a.eburst === b.eburst;
}

/** Position of a table in the list given to `Plan.reset`, which is in falling precedence. */
export type TableIndex = Branded<number, "TableIndex">;

/** A table as the datapath needs it. */
export interface TableSpec {
  /** For diagnostics only. */
  readonly name: string;
  /** Distinct masks the table may hold; one more is RESOURCE_EXHAUSTED. */
  readonly maxMasks: number;
  /** How the table's rules meter; absent: they do not. */
  readonly meter?: MeterSpec;
}

/** What is left of the caller's entry in a rule: given back by `classify`, never looked at. */
export type RuleCookie = object;

/** One entry of a table. Arrays are borrowed for the duration of the call. */
export interface PuntRule {
  readonly table: TableIndex;
  /** 0 … 2^31 − 1; the highest matching one wins, at equal priority the rule added first. */
  readonly priority: number;
  /**
   * `count` keys of `keyWords` words each: value words in `values`, mask words in `masks`, laid out as `frame-key.ts`
   * says, `values & ~masks` zero. A frame matches if it matches one of the keys. More than one only for a RANGE.
   */
  readonly values: Int32Array;
  readonly masks: Int32Array;
  readonly count: number;
  readonly action: RuleAction;
  /** Undefined: every frame is green. */
  readonly meter?: MeterConfig | undefined;
  readonly cookie: RuleCookie;
  /**
   * Only in a plan that began with `reset`: the rule before it that this one goes on for. Its counter goes on. Its meter
   * does as far as the backend can, if it has the same configuration and the tables meter alike.
   */
  readonly succeeds?: RuleHandle | undefined;
}

/**
 * One key of a rule as a backend holds it: what frames can hit. A rule of several keys is told as so many. Arrays are
 * `keyWords` words, borrowed until the next key is asked for.
 */
export interface InstalledRule {
  readonly table: TableIndex;
  readonly priority: number;
  readonly value: Int32Array;
  readonly mask: Int32Array;
  readonly action: RuleAction;
  /** Of the rule it belongs to; undefined: the backend was never asked for it. */
  readonly cookie: RuleCookie | undefined;
}

/** A rule the datapath holds. Opaque; good until the plan that removes it is committed and its readers are done. */
export type RuleHandle = Branded<object, "RuleHandle">;
