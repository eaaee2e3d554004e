/** What keeps punted frames from flooding the CPU. */
import { defined } from "../../base/invariant.js";
import type { DropReason } from "../drop-reason.js";
import type { QueueSpec } from "../rule.js";
import type { Ticks } from "./ticks.js";
import { Policer } from "./policer.js";
import type { PolicerSpec } from "./policer.js";

/** The policers a punted frame passes: of its rule's queue, of its port, of the device. */
export class Policers {
  readonly #ticks: Ticks;
  readonly #queues: readonly Policer[];
  readonly #port: PolicerSpec | undefined;
  readonly #device: Policer | undefined;

  constructor(
    ticks: Ticks,
    specs: {
      readonly queues: readonly QueueSpec[];
      readonly port: PolicerSpec | undefined;
      readonly device: PolicerSpec | undefined;
    },
  ) {
    this.#ticks = ticks;
    const nowNs = ticks.nowNs();
    this.#queues = specs.queues.map((queue) => new Policer(queue, nowNs));
    this.#port = specs.port;
    this.#device = specs.device && new Policer(specs.device, nowNs);
  }

  /** A policer of its own for a new port; undefined: ports are not policed. */
  forPort(): Policer | undefined {
    return this.#port && new Policer(this.#port, this.#ticks.nowNs());
  }

  /**
   * Asks queue, port and device in this order; the first that has no token left is the reason to drop. Tokens are
   * taken only if all of them have one, so a frame that is dropped costs nothing.
   */
  refuse(queue: number | undefined, port: Policer | undefined): DropReason | undefined {
    if (queue === undefined && port === undefined && this.#device === undefined) return undefined;
    const nowNs = this.#ticks.nowNs();
    const ofQueue = queue === undefined ? undefined : defined(this.#queues[queue], "a rule names a queue there is");
    if (ofQueue?.admits(nowNs) === false) return "queue-policer";
    if (port?.admits(nowNs) === false) return "port-policer";
    if (this.#device?.admits(nowNs) === false) return "device-policer";
    ofQueue?.take();
    port?.take();
    this.#device?.take();
    return undefined;
  }
}
