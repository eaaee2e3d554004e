/** A token bucket in packets per second. */
import { integer } from "./scalars.js";
import { section } from "./sections.js";

const most = 1_000_000_000;

/** `{pps, burst}`, both required. */
export const rate = () =>
  section({
    pps: integer("a rate in packets per second", 1, most),
    burst: integer("a burst in packets", 1, most),
  });
