/** A rule as the software switch holds it: action, meter, counter, and where its keys are. */
import type { PuntAction, PuntRule, TableIndex } from "../rule.js";
import type { Meter } from "./meter.js";
import type { SoftSelector } from "./selector.js";

/** What a rule knows of a tuple that holds one of its keys. @see Tuple */
export interface RuleTuple {
  readonly namesEtherType: boolean;
  readonly linked: number;
  readonly unsettled: boolean;
  planned: number;
  remove(cell: number, rule: SoftRule): void;
}

/** Where one key of a rule is. */
export interface Place {
  readonly tuple: RuleTuple;
  readonly cell: number;
}

const noPlaces: readonly Place[] = [];

export type HeldAction = PuntAction | SoftSelector;

/** What `Plan.replace` changes, for when the plan is committed. */
export interface RuleChange {
  readonly action: HeldAction;
  readonly cookie: PuntRule["cookie"];
  readonly meter: Meter | undefined;
}

/**
 * One rule, which is also its handle. Frames of generation `from` and later see it, until it is unlinked. Without meter it takes about 130 bytes, and 32 more once its counters leave 31 bits.
 */
export class SoftRule {
  /** True once a plan removes it. */
  leaving = false;
  packets = 0;
  bytes = 0;
  action: HeldAction;
  cookie: PuntRule["cookie"];
  meter: Meter | undefined;
  /** The change of the open plan, if it has one. */
  pending: RuleChange | undefined = undefined;
  /** Where the first key is. */
  tuple: RuleTuple | undefined = undefined;
  cell = 0;
  /** Where the keys after the first are. */
  rest: readonly Place[] = noPlaces;

  /**
   * @param table position of the table whose rule it is
   * @param priority the highest wins
   * @param age position in the order of adding; the lowest wins at equal priority
   */
  constructor(
    readonly table: TableIndex,
    readonly priority: number,
    readonly age: number,
    readonly from: number,
    change: RuleChange,
  ) {
    this.action = change.action;
    this.cookie = change.cookie;
    this.meter = change.meter;
  }

  livesIn(generation: number): boolean {
    return this.from <= generation;
  }

  /** True if this rule wins over `other`. */
  outranks(other: SoftRule): boolean {
    return this.priority > other.priority || (this.priority === other.priority && this.age < other.age);
  }

  /** Goes on for a rule that is dropped in the same step. */
  succeed(before: SoftRule): void {
    this.packets = before.packets;
    this.bytes = before.bytes;
    if (this.meter !== undefined && before.meter?.marksAs(this.meter) === true) this.meter = before.meter;
  }

  /** Makes the open plan's change the rule's own. */
  settle(): void {
    const change = this.pending;
    if (change === undefined) return;
    this.action = change.action;
    this.cookie = change.cookie;
    this.meter = change.meter;
    this.pending = undefined;
  }
}
