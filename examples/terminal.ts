/** Text for people: colours on a terminal that wants them, plain text everywhere else. */

type Style = (text: string) => string;

/** How parts of a line look. */
export interface Styles {
  readonly title: Style;
  readonly quiet: Style;
  readonly good: Style;
  readonly bad: Style;
}

const plain: Styles = { title: String, quiet: String, good: String, bad: String };
const sgr =
  (on: number, off: number): Style =>
  (text) =>
    `\x1b[${on}m${text}\x1b[${off}m`;
const coloured: Styles = { title: sgr(1, 22), quiet: sgr(2, 22), good: sgr(32, 39), bad: sgr(31, 39) };

/** @see https://no-color.org */
export function stylesFor(stream: { readonly isTTY?: boolean }, noColor: string | undefined): Styles {
  return stream.isTTY === true && (noColor ?? "") === "" ? coloured : plain;
}

/** `rows` as lines of left-aligned columns, two spaces apart. Measured before styles are put on. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `text` cut between words into lines of at most `width` characters, where its words allow it. */
export function wrapped(text: string, width = 88): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
