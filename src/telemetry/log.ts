/** Log sink, metrics, health: what the daemon tells about itself. This file is the log sink. */
import { Writable } from "node:stream";
import type { Logger as Winston } from "winston";
import { systemClock, type Clock } from "../base/clock.js";
import type { LogFields, Logger, LogLevel } from "../base/logger.js";
import { writeStandardError } from "./standard-error.js";
import { formatJson, formatText, plainFields, type LogLine } from "./log-format.js";

/** The levels in rising severity. */
export const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error", "fatal"];

/** What `createLogger` needs; only the level is required. */
export interface LoggerOptions {
  /** Events below it are not written. */
  readonly level: LogLevel;
  /** Takes each line, newline included; standard error when absent. */
  readonly write?: (line: string) => void;
  /** `json`: a JSON object per line. `text`: for people. When absent: `text` if standard error is a terminal. */
  readonly format?: "json" | "text";
  readonly clock?: Clock;
}

/** A logger with its controls. */
export interface LogSink extends Logger {
  /** Events below it are not written; may change while running. */
  level: LogLevel;
  /** Resolves when every event so far is written; rejects if the log library cannot be loaded. Await it before exit. */
  flushed(): Promise<void>;
}

/** Events that may wait for the log library to load; those beyond are dropped, and their number is logged. */
const maxWaiting = 10_000;

/**
 * A logger on winston, which is loaded by the first event that is written (35 to 45 ms, measured): events wait in
 * order, with their own time, until it is there. From then on each line is written before the call returns.
 */
export function createLogger(options: LoggerOptions): LogSink {
  return new WinstonSink(options);
}

class WinstonSink implements LogSink {
  level: LogLevel;
  readonly #write: (line: string) => void;
  readonly #format: (line: LogLine) => string;
  readonly #clock: Clock;
  readonly #waiting: LogLine[] = [];
  #dropped = 0;
  #winston: Winston | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: LoggerOptions) {
    this.level = options.level;
    this.#write = options.write ?? writeStandardError;
    const format = options.format ?? (process.stderr.isTTY ? "text" : "json");
    this.#format = format === "json" ? formatJson : formatText;
    this.#clock = options.clock ?? systemClock;
  }

  enabled(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= logLevels.indexOf(this.level);
  }

  debug(event: string, fields?: LogFields): void {
    this.#emit("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#emit("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#emit("warn", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#emit("error", event, fields);
  }

  fatal(event: string, fields?: LogFields): void {
    this.#emit("fatal", event, fields);
  }

  async flushed(): Promise<void> {
    await this.#loading;
  }

  #emit(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    const timeMs = Number(this.#clock.realtimeNs() / 1_000_000n);
    const line: LogLine = { timeMs, level, event, fields: plainFields(fields) };
    if (this.#winston !== undefined) this.#pass(this.#winston, line);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(line);
    else this.#dropped++;
    this.#loading ??= this.#load();
  }

  async #load(): Promise<void> {
    const { default: winston } = await import("winston"); // a CommonJS package: a bundle knows it by its default only
    const { createLogger, format, transports } = winston;
    const write = this.#write;
    const stream = new Writable({
      decodeStrings: false,
      write: (chunk: unknown, _encoding, done) => {
        write(String(chunk));
        done();
      },
    });
    const logger = createLogger({
      level: "debug",
      levels: Object.fromEntries(logLevels.toReversed().map((level, severity) => [level, severity])),
      format: format.printf(({ message }) => String(message)),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types its constructors as instances
      transports: [new transports.Stream({ stream, eol: "\n" })],
    });
    this.#winston = logger;
    for (const line of this.#waiting.splice(0)) this.#pass(logger, line);
    if (this.#dropped > 0) this.warn("telemetry.events_dropped", { events: this.#dropped });
  }

  #pass(winston: Winston, line: LogLine): void {
    winston.log({ level: line.level, message: this.#format(line) });
  }
}
