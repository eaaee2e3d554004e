/** `stream_errors`: answers to stream messages that were refused. */
import { defaultConfig } from "./defaults.js";
import { flag, integer } from "./scalars.js";
import { section } from "./sections.js";

export interface StreamErrors {
  /** False: refused messages are dropped and counted without an answer. */
  readonly enabled: boolean;
  /** Answers per stream and second, 1 … 10^6; refusals beyond are only counted. */
  readonly perStreamPerSecond: number;
  /** How much of a refused packet's payload comes back in the answer, in bytes; 0 … 65,536. */
  readonly echoBytes: number;
}

const defaults = defaultConfig.streamErrors;

export const streamErrors = section({
  enabled: flag().default(defaults.enabled),
  per_stream_per_second: integer("a number of answers", 1, 1_000_000).default(defaults.perStreamPerSecond),
  echo_bytes: integer("a number of bytes", 0, 65536).default(defaults.echoBytes),
}).transform((raw): StreamErrors => ({
  enabled: raw.enabled,
  perStreamPerSecond: raw.per_stream_per_second,
  echoBytes: raw.echo_bytes,
}));
