/** What the gRPC health service says, and since when. */

/** @see grpc.health.v1.HealthCheckResponse.ServingStatus */
export type HealthStatus = "SERVING" | "NOT_SERVING";

/** Where a status goes: the gRPC health service. */
export interface HealthService {
  setStatus(service: string, status: HealthStatus): void;
}

/** Runs `run` after `delayMs` unless the returned function is called before. */
export type After = (delayMs: number, run: () => void) => () => void;

/** What `Health` is made of. */
export interface HealthOptions {
  /** Names whose status is shown; `""` is the server as a whole. */
  readonly services: readonly string[];
  readonly target: HealthService;
  /** A condition counts once it has lasted this long, in milliseconds. */
  readonly holdMs: number;
  readonly after?: After;
}

const afterTimeout: After = (delayMs, run) => {
  const timer = setTimeout(run, delayMs).unref();
  return () => clearTimeout(timer);
};

/**
 * The health of the server: serving between `start` and `stop`, except while a condition (such as a lost datapath)
 * has lasted for its hold time. Every service has the same status; only changes are published.
 */
export class Health implements Disposable {
  readonly #options: HealthOptions;
  readonly #after: After;
  /** Raised conditions that have not lasted long enough, with what cancels their wait. */
  readonly #held = new Map<string, () => void>();
  readonly #shown = new Set<string>();
  #phase: "starting" | "running" | "stopped" = "starting";
  #published: HealthStatus | undefined;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#after = options.after ?? afterTimeout;
    this.#publish();
  }

  get status(): HealthStatus {
    return this.#phase === "running" && this.#shown.size === 0 ? "SERVING" : "NOT_SERVING";
  }

  /** Conditions that have lasted for their hold time, in the order in which they did. */
  get conditions(): readonly string[] {
    return [...this.#shown];
  }

  /** From now on the server serves. No effect after `stop`. */
  start(): void {
    if (this.#phase === "starting") this.#phase = "running";
    this.#publish();
  }

  /** `condition` holds from now on; again without effect while it does. No effect after `stop`. */
  raise(condition: string): void {
    if (this.#phase === "stopped" || this.#held.has(condition) || this.#shown.has(condition)) return;
    const cancel = this.#after(this.#options.holdMs, () => {
      this.#held.delete(condition);
      this.#shown.add(condition);
      this.#publish();
    });
    this.#held.set(condition, cancel);
  }

  /** `condition` holds no more; counts at once. */
  clear(condition: string): void {
    this.#held.get(condition)?.();
    this.#held.delete(condition);
    this.#shown.delete(condition);
    this.#publish();
  }

  /** The server stops: not serving, at once and for good. */
  stop(): void {
    this.#phase = "stopped";
    for (const cancel of this.#held.values()) cancel();
    this.#held.clear();
    this.#publish();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #publish(): void {
    const status = this.status;
    if (status === this.#published) return;
    this.#published = status;
    for (const service of this.#options.services) this.#options.target.setStatus(service, status);
  }
}
