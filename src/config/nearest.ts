/** Which known word a mistyped one was meant to be. */
import { defined } from "../base/invariant.js";

/** The word of `known` with the fewest edits to `word`, if at most a third of it (and at least two edits) differ. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const count = edits(word.slice(0, 64), candidate);
    if (count < fewest && count < candidate.length) [best, fewest] = [candidate, count];
  }
  return best;
}

/** Insertions, deletions and replacements that make `b` of `a`. */
function edits(a: string, b: string): number {
  const at = (row: readonly number[], index: number) => defined(row[index], "a row covers the whole word");
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(at(previous, j) + 1, at(row, j - 1) + 1, replaced));
    }
    previous = row;
  }
  return at(previous, b.length);
}
