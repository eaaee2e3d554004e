/** Faults between values of a file, above all that two of them claim the same thing. */
import { formatPath, type KeyPath } from "./problem.js";

/** A fault between two values, found at `path`. */
export interface ReferenceProblem {
  readonly path: KeyPath;
  /** Whether the key itself is what is wrong; absent: its value is. */
  readonly part?: "key";
  readonly reason: string;
}

/** Things that only one may have. */
export class Taken {
  readonly #by = new Map<string, KeyPath>();

  /** Claims `key` for the value at `path`; a problem if it was claimed before. @param shown the thing in words */
  *add(key: string, path: KeyPath, shown: string): Iterable<ReferenceProblem> {
    const first = this.#by.get(key);
    if (first === undefined) this.#by.set(key, path);
    else yield { path, reason: `${shown} is taken by ${formatPath(first)}` };
  }
}
