/** `keepalive`: how soon a silently dead controller is noticed. */
import type { Keepalive } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { duration } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.keepalive;

/** The section `keepalive`. */
export const keepalive = section({
  time: duration("100ms", "2h").default(defaults.timeMs),
  timeout: duration("100ms", "10m").default(defaults.timeoutMs),
}).transform((raw): Keepalive => ({ timeMs: raw.time, timeoutMs: raw.timeout }));
