/** `arbitration`: who becomes primary. */
import { defaultConfig } from "./defaults.js";
import { oneOf } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.arbitration;

/** The section `arbitration`. */
export const arbitration = section({ promotion: oneOf(["spec", "next-highest"]).default(defaults.promotion) });
