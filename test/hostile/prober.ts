/** The second controller: what its Writes take while somebody else misbehaves. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Order, ProberData, Probes } from "./prober-worker.js";

export class Prober implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #failed: Promise<never>;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#failed = once(worker, "error").then(([error]) => Promise.reject(error as Error));
    this.#failed.catch(() => {}); // raced with all that waits for the worker
  }

  /** Becomes primary of the default role, pushes the program of test/support/acl-program and waits. */
  static async start(workerData: ProberData): Promise<Prober> {
    const worker = new Worker(new URL("./prober-worker.js", import.meta.url), { workerData });
    await once(worker, "message");
    return new Prober(worker);
  }

  /** Writes while `work` runs. @throws if one of the Writes fails */
  async during(work: () => Promise<void>): Promise<Probes> {
    this.#order("go");
    try {
      await Promise.race([work(), this.#failed]);
    } catch (error) {
      await this.#pause();
      throw error;
    }
    return this.#pause();
  }

  async #pause(): Promise<Probes> {
    const answer = once(this.#worker, "message");
    this.#order("pause");
    const [probes] = (await Promise.race([answer, this.#failed])) as [Probes];
    return probes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }
}

/** The value that 99 of 100 do not exceed. */
export function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Infinity;
}
