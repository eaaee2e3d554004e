/** `punt`: what protects the box and its CPU from punt rules. */
import { defaultConfig } from "./defaults.js";
import { rate, type Rate } from "./rate.js";
import { flag, oneOf, text } from "./scalars.js";
import { mapping, section } from "./sections.js";

/** A class of punted frames that actions name by a QOS_QUEUE parameter, with its policer. */
export interface PuntQueue extends Rate {
  readonly name: string;
}

export interface Punt {
  /** Frames addressed to the box itself are taken only by rules that name an EtherType. */
  readonly excludeLocal: boolean;
  /** What becomes of frames too broken to parse. */
  readonly unparsable: "pass" | "drop";
  /** In the file's order, names unique. */
  readonly queues: readonly PuntQueue[];
  /** Punted frames per second by ingress port and in all; undefined: not policed. */
  readonly policers: { readonly perPort: Rate | undefined; readonly deviceTotal: Rate | undefined };
}

const defaults = defaultConfig.punt;
const queueName = text("a queue name", /^[\w.:-]{1,64}$/, "1 to 64 letters, digits, or any of . : _ -");

export const punt = section({
  exclude_local: flag().default(defaults.excludeLocal),
  unparsable: oneOf(["pass", "drop"]).default(defaults.unparsable),
  queues: mapping(queueName, rate(), "queue names to {pps, burst}")
    .transform((raw) => Object.entries(raw).map(([name, { pps, burst }]): PuntQueue => ({ name, pps, burst })))
    .default([]),
  policers: section({ per_port: rate().optional(), device_total: rate().optional() })
    .transform((raw): Punt["policers"] => ({ perPort: raw.per_port, deviceTotal: raw.device_total }))
    .default(defaults.policers),
}).transform((raw): Punt => ({
  excludeLocal: raw.exclude_local,
  unparsable: raw.unparsable,
  queues: raw.queues,
  policers: raw.policers,
}));
