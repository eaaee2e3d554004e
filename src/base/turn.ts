/** One holder at a time, in the order of asking. */

export class Turn {
  #tail: Promise<void> = Promise.resolve();
  #holders = 0;

  /** True while somebody holds the turn or waits for it. */
  get busy(): boolean {
    return this.#holders > 0;
  }

  /** Runs `work` when everyone who asked before is done; its result or error is the caller's. */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    const before = this.#tail;
    let release: () => void = () => {};
    this.#tail = new Promise((resolve) => (release = resolve));
    this.#holders++;
    if (this.#holders > 1) await before;
    try {
      return await work();
    } finally {
      this.#holders--;
      release();
    }
  }
}
