/** What a program asks of its platform, against what the device has. */
import { invalidArgument } from "../base/status.js";
import type { Capabilities } from "../datapath/datapath.js";
import { maxMulticastGroups, maxReplicas, maxTotalReplicas } from "../entity/replication.js";
import type { PlatformPropertiesSpec } from "../pipeline/p4info.js";

export interface PlatformOptions {
  readonly capabilities: Pick<Capabilities, "backend" | "replicates">;
  /** `store`: what nothing realises may be control-plane state. */
  readonly unboundTables: "refuse" | "store";
}

/** @throws StatusError INVALID_ARGUMENT with all that is too much (SFP-31) */
export function checkPlatform(wanted: PlatformPropertiesSpec | undefined, options: PlatformOptions): void {
  if (wanted === undefined) return;
  const { backend, replicates } = options.capabilities;
  const reasons: string[] = [];
  for (const [noun, asked, limit] of [
    ["multicast_group_table_size", wanted.multicastGroups, maxMulticastGroups],
    ["multicast_group_table_total_replicas", wanted.multicastReplicas, maxTotalReplicas],
    ["multicast_group_table_max_replicas_per_entry", wanted.replicasPerGroup, maxReplicas],
  ] as const) {
    if (asked > limit) reasons.push(`${noun} is ${asked}, the device has room for ${limit}`);
    else if (asked > 0 && !replicates && options.unboundTables === "refuse")
      reasons.push(`${noun} is ${asked}, and backend ${backend} makes no copies of frames`);
  }
  if (reasons.length === 0) return;
  throw invalidArgument(`platform_properties: ${reasons.join("; ")}`, { reasons: reasons.length, backend });
}
