/** The whole wanted state as one step of a datapath. */
import { Slices } from "../base/slices.js";
import type { Result } from "../base/status.js";
import { Code } from "../base/status.js";
import type { Plan, RuleSet } from "./datapath.js";

/**
 * Fills `plan`, which is fresh, with `desired` and commits it, or abandons it at the first refusal. The event loop gets a
 * chance between slices. CANCELLED if `signal` aborts before the commit.
 */
export async function replaceAll(plan: Plan, desired: RuleSet, signal: AbortSignal): Promise<Result> {
  const slices = new Slices();
  const refused = (result: Result): Result => {
    plan.abandon();
    return result;
  };
  const reset = plan.reset(desired.tables);
  if (!reset.ok) return refused(reset);
  for (const { rule, placed } of desired.rules) {
    const added = plan.add(rule);
    if (!added.ok) return refused(added);
    placed(added.value);
    if (slices.due) await slices.pause();
    if (signal.aborted)
      return refused({ ok: false, status: { code: Code.CANCELLED, message: "the resync was cancelled" } });
  }
  return plan.commit();
}
