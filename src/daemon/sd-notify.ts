/** What the service manager hears of us. @see sd_notify(3), sd_watchdog_enabled(3) */
import type { Addon } from "../addon/addon.js";
import type { Logger } from "../base/logger.js";

/** Variables by which a service manager says what it wants. */
export interface ServiceEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/** The service manager cannot be told anything: exit 69. */
export class NotifyError extends Error {
  override readonly name = "NotifyError";
}

/** Tells the service manager how the daemon is. */
export interface ServiceManager extends Disposable {
  /** Everything serves. From now on the watchdog is fed, if there is one. */
  ready(): void;
  stopping(): void;
}

/** For a daemon that nobody asked to say anything. */
const nobody: ServiceManager = { ready: () => {}, stopping: () => {}, [Symbol.dispose]: () => {} };

/**
 * Every how many milliseconds the watchdog of `environment` wants to hear from process `pid`: half of its time.
 * Undefined: there is none, or it watches another process.
 */
export function watchdogMs(environment: ServiceEnvironment, pid: number): number | undefined {
  const { WATCHDOG_USEC: usec = "", WATCHDOG_PID: watched } = environment;
  if (!/^[1-9]\d{0,15}$/.test(usec) || (watched !== undefined && watched !== String(pid))) return undefined;
  return Math.max(1, Math.floor(Number(usec) / 2000));
}

/**
 * The service manager that `environment` names, or one that hears nothing. The addon is loaded only to talk.
 * @param load @throws if there is no addon
 * @throws NotifyError if there is a service manager and no addon
 */
export async function openServiceManager(
  environment: ServiceEnvironment,
  load: () => Promise<Addon>,
  log: Logger,
): Promise<ServiceManager> {
  const { NOTIFY_SOCKET: socket } = environment;
  if (socket === undefined || socket === "") return nobody;
  let addon: Addon;
  try {
    addon = await load();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `NOTIFY_SOCKET is set, but without the addon systemd cannot be told that p4rtd serves: ${why}`;
    throw new NotifyError(message, { cause });
  }
  return new Notifier(socket, watchdogMs(environment, process.pid), addon, log);
}

class Notifier implements ServiceManager {
  readonly #socket: string;
  readonly #watchdogMs: number | undefined;
  readonly #addon: Addon;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #heard = true;

  constructor(socket: string, watchdogMs: number | undefined, addon: Addon, log: Logger) {
    this.#socket = socket;
    this.#watchdogMs = watchdogMs;
    this.#addon = addon;
    this.#log = log;
  }

  ready(): void {
    this.#tell("READY=1");
    if (this.#watchdogMs === undefined) return;
    // A timer of the event loop: when the loop hangs, the watchdog is not fed.
    this.#timer = setInterval(() => this.#tell("WATCHDOG=1"), this.#watchdogMs).unref();
  }

  stopping(): void {
    this.#tell("STOPPING=1");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Logs the first of several failures in a row. */
  #tell(state: string): void {
    try {
      this.#addon.notify(this.#socket, state);
      this.#heard = true;
    } catch (error) {
      if (this.#heard) this.#log.warn("daemon.not_heard", { state, socket: this.#socket, error });
      this.#heard = false;
    }
  }
}
