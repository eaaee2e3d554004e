/** `restart`: what outlives the process. */
import { defaultConfig } from "./defaults.js";
import { oneOf } from "./scalars.js";
import { section } from "./sections.js";

export interface Restart {
  /** `cold`: every start begins empty. @see P4Runtime, P4Runtime State Across Restarts */
  readonly mode: "cold";
  /** What becomes of punt rules in the datapath on a clean stop. */
  readonly rulesOnExit: "flush" | "keep";
}

const defaults = defaultConfig.restart;

export const restart = section({
  mode: oneOf(["cold"], ["warm"]).default(defaults.mode),
  rules_on_exit: oneOf(["flush", "keep"]).default(defaults.rulesOnExit),
}).transform((raw): Restart => ({ mode: raw.mode, rulesOnExit: raw.rules_on_exit }));
