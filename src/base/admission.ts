/** How much may wait at a place where only one is served at a time. */

/** What may wait together: so many requests of so many bytes. */
export interface AdmissionLimit {
  readonly requests: number;
  readonly bytes: number;
}

/** Counts what waits; beyond its limit nothing more is let in. */
export class Admission {
  readonly #limit: AdmissionLimit;
  #requests = 0;
  #bytes = 0;

  constructor(limit: AdmissionLimit) {
    this.#limit = limit;
  }

  /** Lets a request of `bytes` in until the answer is disposed; undefined if there is no room for it. One request always fits. */
  enter(bytes: number): Disposable | undefined {
    const full = this.#requests >= this.#limit.requests || this.#bytes + bytes > this.#limit.bytes;
    if (full && this.#requests > 0) return undefined;
    this.#requests++;
    this.#bytes += bytes;
    let inside = true;
    return {
      [Symbol.dispose]: () => {
        if (!inside) return;
        inside = false;
        this.#requests--;
        this.#bytes -= bytes;
      },
    };
  }
}
