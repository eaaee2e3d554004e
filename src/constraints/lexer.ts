/** Restriction text to tokens. */
import type { Steps } from "../base/steps.js";
import { SourceError, type Span } from "./restriction-error.js";

const markTexts = ["&&", "||", "->", "::", "==", "!=", "<=", ">=", "<", ">", "!", "-", "(", ")", ".", ";"] as const;
export type Mark = (typeof markTexts)[number];
const marks: ReadonlyMap<string, Mark> = new Map(markTexts.map((text) => [text, text]));

export type Token = Span &
  (
    | { readonly kind: "symbol"; readonly text: Mark }
    | { readonly kind: "name"; readonly text: string }
    | { readonly kind: "number"; readonly value: bigint }
    /** `text` is what stands between the quotes. */
    | { readonly kind: "string"; readonly text: string }
    /** Lies right after the last token. */
    | { readonly kind: "end" }
  );

/** Longest text taken, in UTF-16 units. */
export const maxSourceLength = 65536;

const blank = /(?:[ \t\r\n]|\/\/[^\r\n]*|\/\*[^]*?\*\/)*/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const numeral = /[0-9][A-Za-z0-9_]*/y;
const quoted = /'[^']*'/y;
const slash = 0x2f;

/** Tokens between two steps. */
const stride = 256;

/** All tokens of `source`, the last one `end`. Comments and blanks separate tokens. @throws SourceError */
export function* tokenize(source: string): Steps<readonly Token[]> {
  if (source.length > maxSourceLength)
    throw new SourceError(
      { start: maxSourceLength, end: maxSourceLength },
      `the text has ${source.length} characters; at most ${maxSourceLength} are taken`,
    );
  const tokens: Token[] = [];
  let end = 0;
  for (let at = skip(source, 0); at < source.length; at = skip(source, end)) {
    const token = tokenAt(source, at);
    tokens.push(token);
    end = token.end;
    if (tokens.length % stride === 0) yield;
  }
  tokens.push({ kind: "end", start: end, end });
  return tokens;
}

/** `token` as an error message names it. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case "symbol":
    case "name":
      return `'${token.text}'`;
    case "number":
      return "a number";
    case "string":
      return "a string";
    case "end":
      return "the end of the text";
  }
}

function skip(source: string, from: number): number {
  const code = source.charCodeAt(from);
  return code > 0x20 && code !== slash ? from : endOf(blank, source, from);
}

/** Where what `pattern` matches at `at` ends; `at` itself if it does not match. */
function endOf(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}

function tokenAt(source: string, start: number): Token {
  const code = source.charCodeAt(start);
  if (isDigit(code)) {
    const end = endOf(numeral, source, start);
    return { kind: "number", value: numberOf(source.slice(start, end), { start, end }), start, end };
  }
  if (isLetter(code)) {
    const end = endOf(word, source, start);
    return { kind: "name", text: source.slice(start, end), start, end };
  }
  const mark = marks.get(source.slice(start, start + 2)) ?? marks.get(source.charAt(start));
  if (mark !== undefined) return { kind: "symbol", text: mark, start, end: start + mark.length };
  const end = endOf(quoted, source, start);
  if (end > start) return { kind: "string", text: source.slice(start + 1, end - 1), start, end };
  const found = (text: string): Span => ({ start, end: start + text.length });
  if (source.startsWith("/*", start)) throw new SourceError(found("/*"), "this comment is never closed with '*/'");
  if (source.startsWith("'", start)) throw new SourceError(found("'"), `this string is never closed with "'"`);
  const char = String.fromCodePoint(source.codePointAt(start) ?? 0);
  throw new SourceError(found(char), `unexpected character ${JSON.stringify(char)}`);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x5f;
}

function numberOf(digits: string, span: Span): bigint {
  if (/^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+)$/.test(digits)) return BigInt(digits);
  if (/^0[dD][0-9]+$/.test(digits)) return BigInt(digits.slice(2));
  throw new SourceError(
    span,
    `'${digits.slice(0, 40)}' is no number; numbers are decimal, or 0d, 0x, 0o or 0b and digits of that base`,
  );
}
