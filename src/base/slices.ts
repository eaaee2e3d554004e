/** Long work that lets the event loop breathe. */
import type { Steps } from "./steps.js";

/** How long one slice of work may hold the event loop, in milliseconds. */
export const sliceMs = 2;

/**
 * Turns of the event loop in one pause. What a socket brings needs a few of them until it has left by another socket:
 * a frame read in one turn is handed on in its check phase and written in the next.
 */
const pauseTurns = 3;

/** Work that waits for its next slice: one runs per turn of the event loop, so that many hold it no longer than one. */
const line: (() => void)[] = [];

function runNext(): void {
  line.shift()?.();
  if (line.length > 0) setImmediate(runNext);
}

/** Counts time since the last pause; `due` says when the loop should get a chance. */
export class Slices {
  #began = performance.now();

  /** True once a slice is used up. Cheap enough to ask every few updates. */
  get due(): boolean {
    return performance.now() - this.#began >= sliceMs;
  }

  /** True if other work waits for its turn: who begins now should get in line. */
  get crowded(): boolean {
    return line.length > 0;
  }

  /** Lets timers, sockets, streams and other work run for `pauseTurns`, then begins the next slice when its turn comes. */
  async pause(): Promise<void> {
    for (let turn = 1; turn < pauseTurns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      if (line.push(resolve) === 1) setImmediate(runNext);
    });
    this.#began = performance.now();
  }

  /** Takes `steps`, with a pause whenever one is due. */
  async run<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (this.due) await this.pause();
    }
  }
}
