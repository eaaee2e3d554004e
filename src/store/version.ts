/** One state of one entity, in the generations [from, to). */
import type { CounterData, Extras, MeterCounterData } from "../entity/table-entry.js";

/** `to` of a version that nothing has ended. */
export const live = 0x7fffffff;

/** What a Read adds to what the datapath counted for an entry; below zero where less was written than was counted. */
export interface CounterBase extends CounterData {
  /** Undefined: nothing. */
  readonly colours?: MeterCounterData | undefined;
}

/** `E`: what the entity holds beside its key and action. */
export class Version<E = Extras> {
  readonly key: string;
  readonly from: number;
  to = live;
  /** Grows from insertion to insertion; a modified entry keeps it. At equal priority the lower one wins. */
  born: number;
  /** The state before this one, while a reader may still want it. */
  prev: Version<E> | undefined;
  /** Action record in latin1; "" = none. */
  readonly action: string;
  readonly extras: E;
  /** What realises the entry on the datapath; the store only keeps it. */
  rule: object | undefined;
  /** Undefined: nothing was written, and the rule is the first. */
  counterBase: CounterBase | undefined;

  constructor(key: string, from: number, prev: Version<E> | undefined, action: string, extras: E) {
    this.key = key;
    this.from = from;
    this.born = 0;
    this.prev = prev;
    this.action = action;
    this.extras = extras;
    this.rule = undefined;
    this.counterBase = undefined;
  }

  /** The state a reader of `generation` sees, walking back from this one. */
  static visible<E>(head: Version<E> | undefined, generation: number): Version<E> | undefined {
    let version = head;
    while (version !== undefined && version.from > generation) version = version.prev;
    return version !== undefined && version.to > generation ? version : undefined;
  }
}
