/** What the rules make of a frame: parse, match every table, count, meter, resolve. */
import type { Classification, TableMatch } from "../datapath.js";
import type { DropCounts, DropReason } from "../drop-reason.js";
import { keyWords } from "../frame-key.js";
import type { PortId } from "../port.js";
import type { PuntAction, TableIndex } from "../rule.js";
import { AddressSet } from "./address-set.js";
import { parseFrame } from "./parser.js";
import { toldAction, type RuleBase } from "./rule-base.js";
import { SoftSelector, type Chooser } from "./selector.js";
import type { HeldAction, SoftRule } from "./soft-rule.js";
import type { Ticks } from "./ticks.js";
import { Fate } from "./verdict.js";

export interface FramePathOptions {
  /** What becomes of a frame that cannot be parsed. */
  readonly unparsable: "pass" | "drop";
  /** `exclude`: rules that name no EtherType do not take frames addressed to the box; others still may. */
  readonly localFrames: "exclude" | "match";
}

export class FramePath {
  /** The last frame's key. */
  readonly key = new Int32Array(keyWords);
  /** What becomes of the last frame. */
  readonly fate = new Fate();
  localAddresses = new AddressSet([]);

  constructor(
    readonly rules: RuleBase,
    readonly ticks: Ticks,
    readonly drops: DropCounts,
    readonly chooser: Chooser,
    readonly options: FramePathOptions,
  ) {}

  /**
   * Counts and meters `frame` in each table's match and leaves its key in `key` and the outcome in `fate`.
   * @returns what was counted of a frame that not all rules were shown: `unparsable` if none was, or `local-address`
   */
  run(port: PortId, frame: Uint8Array): DropReason | undefined {
    const { fate, key, rules } = this;
    fate.reset();
    if (!parseFrame(port, frame, key)) return this.#count("unparsable");
    let excluded = false;
    for (const table of rules.tables) {
      const rule = table.rules.find(key, rules.generation);
      if (rule === undefined) continue;
      const taker = this.#excludes(rule) ? table.rules.find(key, rules.generation, "naming") : rule;
      if (taker === undefined) excluded = true;
      else this.#take(taker, frame.length);
    }
    return excluded ? this.#count("local-address") : undefined;
  }

  /** What `run` would do, with every meter green, and without a trace. */
  classify(port: PortId, frame: Uint8Array): Omit<Classification, "egressPort"> {
    const { fate, key, rules } = this;
    fate.reset();
    const parsable = parseFrame(port, frame, key);
    if (!parsable) {
      return {
        original: this.options.unparsable === "pass" ? "forward" : "drop",
        punted: false,
        parsable,
        matches: [],
        redirect: undefined,
        mirror: undefined,
      };
    }
    const matches = rules.tables.map((table, index): TableMatch => {
      const best = table.rules.find(key, rules.generation);
      const excluded = best !== undefined && this.#excludes(best);
      const taker = excluded ? table.rules.find(key, rules.generation, "naming") : best;
      const choice = taker?.action instanceof SoftSelector ? this.chooser.choose(taker.action, key) : -1;
      const taken = taker && actionOf(taker.action, choice);
      if (taken !== undefined) {
        fate.apply(taken, taken.green, taken.green);
        fate.steer(taken);
      }
      const match = taker ?? best;
      const excludedLocal = excluded && taker === undefined;
      const action = match && toldAction(match.action);
      const chosen = choice < 0 ? undefined : choice;
      return { table: index as TableIndex, cookie: match?.cookie, action, chosen, excludedLocal };
    });
    return {
      original: fate.forwarded ? "forward" : "drop",
      punted: fate.copy !== undefined,
      parsable,
      matches,
      redirect: fate.redirect,
      mirror: fate.mirror,
    };
  }

  #count(reason: DropReason): DropReason {
    this.drops.add(reason);
    return reason;
  }

  #excludes(rule: SoftRule): boolean {
    return (
      this.options.localFrames === "exclude" &&
      rule.tuple?.namesEtherType === false &&
      this.localAddresses.holdsDestination(this.key)
    );
  }

  #take(rule: SoftRule, bytes: number): void {
    rule.packets++;
    rule.bytes += bytes;
    const { action, meter } = rule;
    const colour = meter === undefined ? "green" : meter.mark(bytes, this.ticks.nowNs());
    const taken = action instanceof SoftSelector ? actionOf(action, this.chooser.choose(action, this.key)) : action;
    if (taken === undefined) return;
    this.fate.apply(taken, taken[colour], taken.green);
    if (taken.redirect !== undefined || taken.mirror !== undefined) this.fate.steer(taken);
  }
}

/** The action of a rule's choice at place `choice`; undefined: a selector without such a choice. */
function actionOf(action: HeldAction, choice: number): PuntAction | undefined {
  return action instanceof SoftSelector ? action.told.choices[choice]?.action : action;
}
