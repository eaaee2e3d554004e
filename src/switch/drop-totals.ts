/** Frames that went no further on one device: the datapath's drops and our own together. */
import { dropReasons, type DropReason } from "../datapath/drop-reason.js";
import type { Switch } from "./switch.js";

/** Every reason that ever occurred, with its count. */
export function dropTotals({ drops, datapath }: Switch): ReadonlyMap<DropReason, number> {
  const totals = new Map<DropReason, number>();
  for (const counts of [drops.entries(), datapath.stats().drops])
    for (const [reason, count] of counts) totals.set(reason, (totals.get(reason) ?? 0) + count);
  return totals;
}

/** Every reason there is, with its count and what it means. */
export function explainedDrops(
  device: Switch,
): readonly { readonly reason: string; readonly count: number; readonly meaning: string }[] {
  const totals = dropTotals(device);
  const reasons = Object.keys(dropReasons) as DropReason[]; // it has no others
  return reasons.map((reason) => ({ reason, count: totals.get(reason) ?? 0, meaning: dropReasons[reason] }));
}
