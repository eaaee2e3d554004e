/** `restart`: what outlives the process. */
import type { Restart } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { oneOf } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.restart;

/** The section `restart`. */
export const restart = section({
  mode: oneOf(["cold"], ["warm"]).default(defaults.mode),
  rules_on_exit: oneOf(["flush", "keep"]).default(defaults.rulesOnExit),
}).transform((raw): Restart => ({ mode: raw.mode, rulesOnExit: raw.rules_on_exit }));
