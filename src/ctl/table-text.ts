/** Rows → aligned text. */

export interface Column {
  readonly title: string;
  /** Numbers are aligned right. */
  readonly align: "left" | "right";
}

const gap = "  ";

/** A header and the rows, a line each; columns are as wide as their widest cell. No line ends in spaces. */
export function tableText(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, i) => lines.reduce((width, cells) => Math.max(width, (cells[i] ?? "").length), 0));
  return lines.map((cells) =>
    columns
      .map(({ align }, i) => {
        const [cell, width] = [cells[i] ?? "", widths[i] ?? 0];
        return align === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(gap)
      .trimEnd(),
  );
}

const left = (title: string): Column => ({ title, align: "left" });
const right = (title: string): Column => ({ title, align: "right" });

/** Columns by their titles; those of `numbers` are aligned right. */
export function columns(titles: readonly string[], numbers: readonly string[]): readonly Column[] {
  return titles.map((title) => (numbers.includes(title) ? right(title) : left(title)));
}
