/** What every folder may log through; `telemetry/` provides the sink. */

export type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

/** Values of one event; bigints are written in decimal, bytes in hexadecimal. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one event `area.event_name` with its fields. Never call it per packet above `debug`. */
export interface Logger {
  enabled(level: LogLevel): boolean;
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  fatal(event: string, fields?: LogFields): void;
}

const nothing = () => {};

/** Discards everything. */
export const silentLogger: Logger = {
  enabled: () => false,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
};
