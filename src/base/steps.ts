/** Work in small steps: whoever runs it may pause between two of them. It knows no clock, so pure code can offer it. */

/** Yields between steps, and returns the outcome. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Takes all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
