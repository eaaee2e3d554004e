/** `keepalive`: how soon a silently dead controller is noticed. */
import { defaultConfig } from "./defaults.js";
import { duration } from "./scalars.js";
import { section } from "./sections.js";

export interface Keepalive {
  /** A ping goes out on each connection every so often; 100 … 7,200,000. */
  readonly timeMs: number;
  /** A connection whose ping is not answered within this time is closed; 100 … 600,000. */
  readonly timeoutMs: number;
}

const defaults = defaultConfig.keepalive;

export const keepalive = section({
  time: duration("100ms", "2h").default(defaults.timeMs),
  timeout: duration("100ms", "10m").default(defaults.timeoutMs),
}).transform((raw): Keepalive => ({ timeMs: raw.time, timeoutMs: raw.timeout }));
