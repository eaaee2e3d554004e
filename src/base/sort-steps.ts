/** Sorting that can be paused: what peers can make long must not hold the event loop. */
import type { Steps } from "./steps.js";

/** Items that are sorted or merged in one step: about half a millisecond. */
const runLength = 2048;

/** A sorted copy of `items`, equals in the order they had. Sorted parts are taken as they are. */
export function* sortSteps<T extends object>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += runLength) {
    runs.push(items.slice(at, at + runLength).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: (readonly T[])[] = [];
    for (let i = 0; i < runs.length; i += 2) longer.push(yield* merged(runs[i] ?? [], runs[i + 1] ?? [], compare));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merged<T extends object>(
  a: readonly T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<readonly T[]> {
  const [last, first] = [a.at(-1), b[0]];
  if (last === undefined || first === undefined || compare(last, first) <= 0) return a.concat(b);
  const out: T[] = [];
  let [i, j] = [0, 0];
  for (let x = a[i], y = b[j]; x !== undefined && y !== undefined; x = a[i], y = b[j]) {
    const fromA = compare(x, y) <= 0;
    out.push(fromA ? x : y);
    if (fromA) i++;
    else j++;
    if (out.length % runLength === 0) yield;
  }
  return out.concat(a.slice(i), b.slice(j));
}
