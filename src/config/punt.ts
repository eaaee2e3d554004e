/** `punt`: what protects the box and its CPU from punt rules. */
import type { Punt, PuntQueue } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { rate } from "./rate.js";
import { flag, oneOf, text } from "./scalars.js";
import { mapping, section } from "./sections.js";

const defaults = defaultConfig.punt;
const queueName = text("a queue name", /^[\w.:-]{1,64}$/, "1 to 64 letters, digits, or any of . : _ -");

/** The section `punt`. */
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
