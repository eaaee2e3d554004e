/** What a benchmark found: values of repeated runs, and how they read. */

/** What is wished for: at least or at most so much, in the row's unit. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One line of a result: the values of all runs, in `unit`. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly goal?: Goal;
  /** CPU time per operation in µs: of the daemon, and of the client. */
  readonly daemonUs?: readonly number[];
  readonly clientUs?: readonly number[];
}

/** A result of one benchmark. */
export interface Report {
  readonly name: string;
  readonly runs: number;
  readonly rows: readonly Row[];
}

/** What one run of a benchmark measured, by the row it belongs to. */
export interface Sample {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  readonly goal?: Goal;
  readonly daemonUs?: number;
  readonly clientUs?: number;
}

/** Puts the samples of several runs together, rows in order of first appearance. */
export function rowsOf(samples: readonly Sample[]): readonly Row[] {
  return Array.from(new Set(samples.map(({ what }) => what)), (what) => {
    const group = samples.filter((sample) => sample.what === what);
    const daemonUs = group.map((sample) => sample.daemonUs).filter((us) => us !== undefined);
    const clientUs = group.map((sample) => sample.clientUs).filter((us) => us !== undefined);
    const goal = group[0]?.goal;
    return {
      what,
      unit: group[0]?.unit ?? "",
      values: group.map(({ value }) => value),
      ...(goal && { goal }),
      ...(daemonUs.length > 0 && { daemonUs }),
      ...(clientUs.length > 0 && { clientUs }),
    };
  });
}

/** The value below which `share` (0 … 1) of `values` lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** The middle one of `values`, of two the mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}

/** True if the median of `row` is what its goal wants; undefined without goal. */
export function reached({ goal, values }: Row): boolean | undefined {
  if (goal === undefined) return undefined;
  return "atLeast" in goal ? median(values) >= goal.atLeast : median(values) <= goal.atMost;
}
