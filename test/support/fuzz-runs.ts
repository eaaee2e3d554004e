/** How long properties run: briefly in the suite, `P4RTD_FUZZ_RUNS` times when somebody wants to be sure. */

/** Number of runs of one property: the environment's, else `usual`. */
export function fuzzRuns(usual: number): number {
  const runs = process.env["P4RTD_FUZZ_RUNS"];
  return runs === undefined ? usual : Number(runs);
}
