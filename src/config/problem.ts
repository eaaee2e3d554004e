/** What is wrong with a configuration, in words an operator can act on. */

/** Where a value is in the file: mapping keys and list indexes from the top. */
export type KeyPath = readonly (string | number)[];

/** One fault. `line` and `column` count from 1; undefined if the fault is not in the text (an unreadable file). */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Such as `listeners[0].port`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, and what would be allowed. */
  readonly reason: string;
}

/** The file cannot be used. Holds every problem, in the order of the file; the message has a line for each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join("\n"), options);
    this.problems = problems;
  }
}

/** `file:line:column: key.path: reason`, without the parts that are unknown. */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, path, reason } = problem;
  const where = line === undefined || column === undefined ? file : `${file}:${line}:${column}`;
  return path === "" ? `${where}: ${reason}` : `${where}: ${path}: ${reason}`;
}

/** `path` as text: `listeners[0].port`, `devices[0].pipeline.bindings["acl.ether_type"]`. */
export function formatPath(path: KeyPath): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[\w/-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/** `value` as it is named in a message: short, on one line. */
export function showValue(value: unknown): string {
  if (typeof value === "string") {
    const text = JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value).slice(1, -1);
    return `'${text.replaceAll('\\"', '"')}'`;
  }
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  const text = String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
