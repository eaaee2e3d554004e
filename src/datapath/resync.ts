/** The whole wanted state as one step of a datapath. */
import { Slices } from "../base/slices.js";
import type { Steps } from "../base/steps.js";
import type { Result } from "../base/status.js";
import { Code, ok } from "../base/status.js";
import type { Plan, RuleSet } from "./datapath.js";
import type { Replication } from "./replication.js";

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
    if (signal.aborted) return refused(cancelled);
  }
  const replicated = await slices.run(replicateSteps(plan, desired.replication));
  if (!replicated.ok) return refused(replicated);
  return signal.aborted ? refused(cancelled) : plan.commit();
}

const cancelled: Result = { ok: false, status: { code: Code.CANCELLED, message: "the resync was cancelled" } };

/** Tells `plan` of all groups and sessions, one between two yields. @returns the first refusal, or ok */
export function* replicateSteps(plan: Plan, wanted: Replication | undefined): Steps<Result> {
  for (const [id, replicas] of wanted?.groups ?? []) {
    const set = plan.setMulticastGroup(id, replicas);
    if (!set.ok) return set;
    yield;
  }
  for (const [id, session] of wanted?.sessions ?? []) {
    const set = plan.setCloneSession(id, session);
    if (!set.ok) return set;
    yield;
  }
  return ok;
}
