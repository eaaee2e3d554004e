/** Why a restriction is refused at push, and where. */
import { boundaryBefore } from "../base/clip.js";
import { Code, StatusError } from "../base/status.js";

/** A piece of source text: offsets in UTF-16 units, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place in a text, both counted from 1. Columns count UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Longest piece of one source line that an excerpt shows. */
const excerptWidth = 100;

/** INVALID_ARGUMENT: the restriction does not parse, or its types do not fit. The message ends with an excerpt of two lines. */
export class RestrictionError extends StatusError {
  readonly line: number;
  readonly column: number;
  /** What is wrong, without position and excerpt. */
  readonly reason: string;
  /** The source line, and below it carets under the piece in question. */
  readonly excerpt: string;

  /** @param where what carries the restriction, such as "table 't': @entry_restriction" */
  constructor(where: string, source: string, span: Span, reason: string) {
    const { line, column } = positionOf(source, span.start);
    const excerpt = excerptOf(source, span);
    const message = `${where}: line ${line}, column ${column}: ${reason}\n${excerpt}`;
    super({ code: Code.INVALID_ARGUMENT, message, fields: { line, column } });
    this.name = "RestrictionError";
    this.line = line;
    this.column = column;
    this.reason = reason;
    this.excerpt = excerpt;
  }
}

/** Something wrong with a piece of source text whose owner the thrower does not know. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly span: Span;

  constructor(span: Span, reason: string) {
    super(reason);
    this.span = span;
  }
}

/** Where `offset` lies in `source`; lines end with LF, CR LF or CR. */
export function positionOf(source: string, offset: number): Position {
  const lines = source.slice(0, offset).split(/\r\n?|\n/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function excerptOf(source: string, { start, end }: Span): string {
  const column = positionOf(source, start).column - 1;
  const line = source.slice(start - column).split(/[\r\n]/, 1)[0] ?? "";
  const from = boundaryBefore(line, Math.max(0, Math.min(column - excerptWidth / 2, line.length - excerptWidth)));
  const to = boundaryBefore(line, Math.min(from + excerptWidth, line.length));
  const shown = line.slice(from, to);
  const before = from > 0 ? "…" : "";
  const after = to < line.length ? "…" : "";
  const pad = (before + shown.slice(0, column - from)).replace(/[^\t]/g, " ");
  const carets = Math.max(1, Math.min(end - start, shown.length - (column - from)));
  return `  ${before}${shown}${after}\n  ${pad}${"^".repeat(carets)}`;
}
