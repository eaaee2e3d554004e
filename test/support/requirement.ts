/** Ties a test to the requirements it shows to hold. */

/**
 * A mocha test titled `ID1 ID2: title`.
 * @param ids ids of `test/conformance/requirements/`, written out here or in the rows of the same file, where the
 *   report finds them
 * @param title a sentence about behaviour
 */
export function requirement(ids: string | readonly string[], title: string, fn: Mocha.Func | Mocha.AsyncFunc): void {
  it(`${[ids].flat().join(" ")}: ${title}`, fn);
}
