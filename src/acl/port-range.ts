/** A range of 16-bit numbers as prefixes. */

/**
 * The fewest value/mask pairs of `width` bits that cover `low` … `high` exactly; at most 2 × width − 2 of them.
 * @precondition 0 <= low <= high < 2 ** width, width <= 16
 */
export function rangePrefixes(
  low: number,
  high: number,
  width: number,
): readonly (readonly [value: number, mask: number])[] {
  const all = 2 ** width - 1;
  const prefixes: (readonly [number, number])[] = [];
  let at = low;
  while (at <= high) {
    let size = 1;
    while ((at & (size * 2 - 1)) === 0 && at + size * 2 - 1 <= high && size <= all) size *= 2;
    prefixes.push([at, all & ~(size - 1)]);
    at += size;
  }
  return prefixes;
}
