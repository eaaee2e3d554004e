/** Restriction text to tokens. */
import { SourceError, type Span } from "./restriction-error.js";

const marks = ["&&", "||", "->", "::", "==", "!=", "<=", ">=", "<", ">", "!", "-", "(", ")", ".", ";"] as const;
export type Mark = (typeof marks)[number];

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
const quoted = /'([^']*)'/y;
const symbol = /&&|\|\||->|::|[=!<>]=|[<>!\-().;]/y;

/** All tokens of `source`, the last one `end`. Comments and blanks separate tokens. @throws SourceError */
export function tokenize(source: string): readonly Token[] {
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
  return from + (matchAt(blank, source, from)?.[0].length ?? 0);
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function tokenAt(source: string, start: number): Token {
  const found = (text: string): Span => ({ start, end: start + text.length });
  const name = matchAt(word, source, start)?.[0];
  if (name !== undefined) return { kind: "name", text: name, ...found(name) };
  const digits = matchAt(numeral, source, start)?.[0];
  if (digits !== undefined) return { kind: "number", value: numberOf(digits, found(digits)), ...found(digits) };
  const mark = matchAt(symbol, source, start)?.[0];
  const known = marks.find((each) => each === mark);
  if (known !== undefined) return { kind: "symbol", text: known, ...found(known) };
  const string = matchAt(quoted, source, start);
  if (string?.[1] !== undefined) return { kind: "string", text: string[1], ...found(string[0]) };
  if (source.startsWith("/*", start)) throw new SourceError(found("/*"), "this comment is never closed with '*/'");
  if (source.startsWith("'", start)) throw new SourceError(found("'"), `this string is never closed with "'"`);
  const char = String.fromCodePoint(source.codePointAt(start) ?? 0);
  throw new SourceError(found(char), `unexpected character ${JSON.stringify(char)}`);
}

function numberOf(digits: string, span: Span): bigint {
  if (/^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+)$/.test(digits)) return BigInt(digits);
  if (/^0[dD][0-9]+$/.test(digits)) return BigInt(digits.slice(2));
  throw new SourceError(
    span,
    `'${digits.slice(0, 40)}' is no number; numbers are decimal, or 0d, 0x, 0o or 0b and digits of that base`,
  );
}
