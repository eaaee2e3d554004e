/** What several tables make of one frame. */
import { absurd } from "../../base/invariant.js";
import type { Redirect } from "../replication.js";
import type { PuntAction, Verdict } from "../rule.js";

/** True if the verdict sends a copy to the CPU. */
export function copies(verdict: Verdict): boolean {
  return verdict === "trap" || verdict === "copy";
}

/**
 * Gathers verdicts in falling precedence of their tables. Any drop, trap or deny drops the original. The first copy
 * that no table before it cancelled names the queue.
 */
export class Fate {
  /** True if a drop or deny was among the verdicts. */
  dropped = false;
  trapped = false;
  /** The action whose copy goes to the CPU. */
  copy: PuntAction | undefined = undefined;
  /** Where the original goes if it is forwarded; undefined: where its route leads. */
  redirect: Redirect | undefined = undefined;
  /** The clone session that is asked for. */
  mirror: number | undefined = undefined;
  /** True if a meter that was not green cost a table its copy. */
  #lostCopy = false;
  /** True if a drop or deny was among the verdicts that no meter made of a copy. */
  #ruledOut = false;
  #cancelled = false;

  /** Starts afresh, for the next frame. */
  reset(): void {
    this.dropped = false;
    this.trapped = false;
    this.copy = undefined;
    this.redirect = undefined;
    this.mirror = undefined;
    this.#lostCopy = false;
    this.#ruledOut = false;
    this.#cancelled = false;
  }

  get forwarded(): boolean {
    return !this.dropped && !this.trapped;
  }

  /** True if no copy is made because a meter was not green. */
  get metered(): boolean {
    return this.#lostCopy && this.copy === undefined;
  }

  /** Why the original goes nowhere. @precondition neither `forwarded` nor trapped with a copy */
  get reason(): "rule" | "rule-meter" {
    return this.metered && this.dropped && !this.#ruledOut ? "rule-meter" : "rule";
  }

  /** Adds the verdict of the next table's match. `green` is what the action says of green frames. */
  apply(action: PuntAction, verdict: Verdict, green: Verdict): void {
    const metered = copies(green) && !copies(verdict) && !this.#cancelled;
    if (metered) this.#lostCopy = true;
    switch (verdict) {
      case "forward":
        return;
      case "drop":
        this.#drop(metered);
        return;
      case "trap":
        this.trapped = true;
        this.#offer(action);
        return;
      case "copy":
        this.#offer(action);
        return;
      case "deny":
        this.#drop(metered);
        this.#cancelled = true;
        return;
      case "copy-cancel":
        this.#cancelled = true;
        return;
      default:
        absurd(verdict);
    }
  }

  /** Adds what the next table's match says of ways and clones; the first to say so decides. */
  steer({ redirect, mirror }: PuntAction): void {
    this.redirect ??= redirect;
    this.mirror ??= mirror;
  }

  #drop(metered: boolean): void {
    this.dropped = true;
    if (!metered) this.#ruledOut = true;
  }

  #offer(action: PuntAction): void {
    if (!this.#cancelled) this.copy ??= action;
  }
}
