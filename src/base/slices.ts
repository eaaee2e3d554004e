/** Long work that lets the event loop breathe. */

/** How long one slice of work may hold the event loop, in milliseconds. */
export const sliceMs = 2;

/**
 * Turns of the event loop in one pause. What a socket brings needs a few of them until it has left by another socket:
 * a frame read in one turn is handed on in its check phase and written in the next.
 */
const pauseTurns = 3;

/** Counts time since the last pause; `due` says when the loop should get a chance. */
export class Slices {
  #began = performance.now();

  /** True once a slice is used up. Cheap enough to ask every few updates. */
  get due(): boolean {
    return performance.now() - this.#began >= sliceMs;
  }

  /** Lets timers, sockets and streams run, then begins the next slice. */
  async pause(): Promise<void> {
    for (let turn = 0; turn < pauseTurns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    this.#began = performance.now();
  }
}
