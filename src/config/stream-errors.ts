/** `stream_errors`: answers to stream messages that were refused. */
import type { StreamErrors } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { flag, integer } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.streamErrors;

/** The section `stream_errors`. */
export const streamErrors = section({
  enabled: flag().default(defaults.enabled),
  per_stream_per_second: integer("a number of answers", 1, 1_000_000).default(defaults.perStreamPerSecond),
  echo_bytes: integer("a number of bytes", 0, 65536).default(defaults.echoBytes),
}).transform((raw): StreamErrors => ({
  enabled: raw.enabled,
  perStreamPerSecond: raw.per_stream_per_second,
  echoBytes: raw.echo_bytes,
}));
