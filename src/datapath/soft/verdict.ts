/** What several tables make of one frame. */
import { absurd } from "../../base/invariant.js";
import type { Verdict } from "../rule.js";
import type { SoftRule } from "./soft-rule.js";

/** True if the verdict sends a copy to the CPU. */
export function copies(verdict: Verdict): boolean {
  return verdict === "trap" || verdict === "copy";
}

/**
 * Gathers verdicts in falling precedence of their tables. Any drop, trap or deny drops the original. The first copy
 * that no table before it cancelled names rule and queue.
 */
export class Fate {
  /** True if a drop or deny was among the verdicts. */
  dropped = false;
  trapped = false;
  /** The rule whose copy goes to the CPU. */
  copy: SoftRule | undefined = undefined;
  /** True if a copy was not made because a meter was not green. */
  metered = false;
  #cancelled = false;

  /** Starts afresh, for the next frame. */
  reset(): void {
    this.dropped = false;
    this.trapped = false;
    this.copy = undefined;
    this.metered = false;
    this.#cancelled = false;
  }

  get forwarded(): boolean {
    return !this.dropped && !this.trapped;
  }

  /** Adds the verdict of the next table's match. `green` is what the rule says of green frames. */
  apply(rule: SoftRule, verdict: Verdict, green: Verdict): void {
    if (copies(green) && !copies(verdict) && !this.#cancelled) this.metered = true;
    switch (verdict) {
      case "forward":
        return;
      case "drop":
        this.dropped = true;
        return;
      case "trap":
        this.trapped = true;
        this.#offer(rule);
        return;
      case "copy":
        this.#offer(rule);
        return;
      case "deny":
        this.dropped = true;
        this.#cancelled = true;
        return;
      case "copy-cancel":
        this.#cancelled = true;
        return;
      default:
        absurd(verdict);
    }
  }

  #offer(rule: SoftRule): void {
    if (!this.#cancelled) this.copy ??= rule;
  }
}
