/** Results as a Markdown table, which reads well in a terminal too. */
import { median, reached, type Report, type Row } from "./measure.js";

const head = ["", "median", "min – max", "unit", "goal", "daemon CPU", "client CPU"];

/** The table of `report`; CPU times are µs per operation. */
export function renderTable({ rows }: Report): string {
  const lines = [head, ...rows.map(cells)];
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const render = (line: readonly string[]) => `| ${line.map((cell, i) => pad(cell, widths[i] ?? 0, i)).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (isText(i) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [render(head), rule, ...lines.slice(1).map(render)].join("\n");
}

function cells(row: Row): readonly string[] {
  const { what, unit, values, daemonUs, clientUs } = row;
  return [what, shown(median(values)), range(values), unit, goalText(row), cpuText(daemonUs), cpuText(clientUs)];
}

function goalText(row: Row): string {
  const { goal } = row;
  if (goal === undefined) return "";
  const wish = "atLeast" in goal ? `≥ ${shown(goal.atLeast)}` : `≤ ${shown(goal.atMost)}`;
  return reached(row) === true ? wish : `${wish} missed`;
}

function range(values: readonly number[]): string {
  return values.length < 2 ? "" : `${shown(Math.min(...values))} – ${shown(Math.max(...values))}`;
}

function cpuText(us: readonly number[] | undefined): string {
  return us === undefined ? "" : `${shown(median(us))} µs`;
}

function shown(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const isText = (column: number) => column === 0 || column === 3;
const pad = (cell: string, width: number, column: number) =>
  isText(column) ? cell.padEnd(width) : cell.padStart(width);
