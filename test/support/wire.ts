/** What the ports of an agent's software switch send. */
import { defined } from "../../src/base/invariant.js";
import type { Switch } from "../../src/switch/switch.js";

/** A frame and the port it left by, or was punted from as `cpuPort`. */
export interface SentFrame {
  readonly port: number;
  readonly frame: Buffer;
}

/** Frames that may wait until a test takes them. */
const backlog = 100_000;

export class Wire implements Disposable {
  readonly #stop = new AbortController();
  #frames: SentFrame[] = [];

  /** Listens from now on to what leaves by ports of `device`. */
  constructor(device: Switch) {
    void this.#collect(defined(device.injector, "the device is a software switch"));
  }

  /** What left since the last call, oldest first. Complete for all that an answered RPC or `quiet` came after. */
  taken(): readonly SentFrame[] {
    const taken = this.#frames;
    this.#frames = [];
    return taken;
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #collect(injector: NonNullable<Switch["injector"]>): Promise<void> {
    for await (const { outputs } of injector.results(this.#stop.signal, { results: backlog, bytes: 1e9 }))
      for (const { port, frame } of outputs) this.#frames.push({ port, frame: Buffer.from(frame) });
  }
}
