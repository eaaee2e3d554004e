/** `arbitration`: who becomes primary. */
import { defaultConfig } from "./defaults.js";
import { oneOf } from "./scalars.js";
import { section } from "./sections.js";

export interface Arbitration {
  /** `spec`: a lost primary leaves the seat empty until a controller arbitrates. `next-highest`: the best backup takes it. */
  readonly promotion: "spec" | "next-highest";
}

const defaults = defaultConfig.arbitration;

export const arbitration = section({ promotion: oneOf(["spec", "next-highest"]).default(defaults.promotion) });
