/**
 * Tokens to expressions. From weakest to strongest: `;`, `->`, `||`, `&&`, comparisons, `!` and unary `-`, `::`.
 * `->` and comparisons do not chain. A `;` may also end the text or what is in parentheses.
 */
import type { Comparison, Expression } from "./expression.js";
import { describeToken, type Mark, type Token } from "./lexer.js";
import { addressForms, addressValue, type AddressKind } from "./network-address.js";
import { SourceError, type Span } from "./restriction-error.js";

/** Deepest nesting taken: parentheses, `!` and unary `-`. */
export const maxDepth = 256;

/** The expression that `tokens` make up. @throws SourceError */
export function parse(tokens: readonly Token[]): Expression {
  const parser = new Parser(tokens);
  const expression = parser.sequence();
  parser.expectEnd();
  return expression;
}

const comparisons: Readonly<Partial<Record<Mark, Comparison>>> = {
  "==": "==",
  "!=": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  sequence(): Expression {
    const start = this.#next.start;
    const terms = [this.#implication()];
    let end = this.#end;
    while (this.#take(";") !== undefined && this.#next.kind !== "end" && !this.#sees(")")) {
      terms.push(this.#implication());
      end = this.#end;
    }
    return chain("all", terms, { start, end });
  }

  expectEnd(): void {
    if (this.#next.kind !== "end") throw this.#unexpected("an operator or the end of the text");
  }

  #implication(): Expression {
    const start = this.#next.start;
    const premise = this.#disjunction();
    const arrow = this.#take("->");
    if (arrow === undefined) return premise;
    const conclusion = this.#disjunction();
    this.#refuseChain(this.#take("->"));
    return { kind: "implies", premise, conclusion, start, end: this.#end };
  }

  #disjunction(): Expression {
    const start = this.#next.start;
    const terms = [this.#conjunction()];
    while (this.#take("||") !== undefined) terms.push(this.#conjunction());
    return chain("any", terms, { start, end: this.#end });
  }

  #conjunction(): Expression {
    const start = this.#next.start;
    const terms = [this.#comparison()];
    while (this.#take("&&") !== undefined) terms.push(this.#comparison());
    return chain("all", terms, { start, end: this.#end });
  }

  #comparison(): Expression {
    const start = this.#next.start;
    const left = this.#unary();
    const op = this.#takeComparison()?.op;
    if (op === undefined) return left;
    const right = this.#unary();
    const end = this.#end;
    this.#refuseChain(this.#takeComparison()?.token);
    return { kind: "compare", op, left, right, start, end };
  }

  #unary(): Expression {
    const mark = this.#take("!") ?? this.#take("-");
    if (mark === undefined) return this.#projection();
    const of = this.#nested(mark, () => this.#unary());
    const span = { start: mark.start, end: this.#end };
    return mark.text === "!" ? { kind: "not", of, ...span } : { kind: "negate", of, ...span };
  }

  #projection(): Expression {
    const start = this.#next.start;
    let expression = this.#primary();
    while (this.#take("::") !== undefined) {
      const part = this.#name("the part of a match field after '::'").text;
      expression = { kind: "part", of: expression, part, start, end: this.#end };
    }
    return expression;
  }

  #primary(): Expression {
    const token = this.#next;
    const { start } = token;
    switch (token.kind) {
      case "number":
        this.#at++;
        return { kind: "number", value: token.value, start, end: token.end };
      case "name":
        return this.#named();
      case "string":
        throw new SourceError(
          token,
          "strings are not supported; compare with a number, or write ipv4('…'), ipv6('…') or mac('…')",
        );
      case "end":
        throw this.#unexpected("a condition");
      case "symbol":
        break;
    }
    if (this.#take("::") !== undefined) {
      const name = this.#name("the name of an attribute after '::'").text;
      return { kind: "attribute", name, start, end: this.#end };
    }
    if (this.#take("(") === undefined)
      throw this.#unexpected("a name, a number, 'true', 'false', '::', '!', '-' or '('");
    const inner = this.#nested(token, () => this.sequence());
    if (this.#take(")") === undefined) throw this.#unexpected("an operator or ')'");
    return inner;
  }

  #named(): Expression {
    const first = this.#name("a name");
    const { start } = first;
    if (first.text === "true" || first.text === "false")
      return { kind: "boolean", value: first.text === "true", start, end: first.end };
    if (this.#take("(") !== undefined) return this.#address(first);
    let name = first.text;
    while (this.#take(".") !== undefined) name += `.${this.#name("a name after '.'").text}`;
    return { kind: "name", name, start, end: this.#end };
  }

  #address(kind: Span & { readonly text: string }): Expression {
    if (!isAddressKind(kind.text))
      throw new SourceError(kind, `'${kind.text}(' is none of ipv4('…'), ipv6('…') and mac('…')`);
    const string = this.#next;
    if (string.kind !== "string") throw this.#unexpected(addressForms[kind.text]);
    this.#at++;
    const value = addressValue(kind.text, string.text);
    if (value === undefined)
      throw new SourceError(string, `this is no ${kind.text} address; expected ${addressForms[kind.text]}`);
    if (this.#take(")") === undefined) throw this.#unexpected("')'");
    return { kind: "number", value, start: kind.start, end: this.#end };
  }

  #nested<T>(opening: Span, inside: () => T): T {
    if (++this.#depth > maxDepth) throw new SourceError(opening, `nested more than ${maxDepth} deep`);
    const result = inside();
    this.#depth--;
    return result;
  }

  #refuseChain(again: (Span & { readonly text: string }) | undefined): void {
    if (again !== undefined)
      throw new SourceError(again, `'${again.text}' does not chain; put what belongs together in parentheses`);
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", start: this.#end, end: this.#end };
  }

  /** Where the last token taken ends. */
  get #end(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0;
  }

  #sees(text: Mark): boolean {
    return this.#next.kind === "symbol" && this.#next.text === text;
  }

  #take(text: Mark): (Span & { readonly text: Mark }) | undefined {
    const token = this.#next;
    if (token.kind !== "symbol" || token.text !== text) return undefined;
    this.#at++;
    return token;
  }

  #takeComparison(): { readonly op: Comparison; readonly token: Span & { readonly text: Mark } } | undefined {
    const token = this.#next;
    const op = token.kind === "symbol" ? comparisons[token.text] : undefined;
    if (token.kind !== "symbol" || op === undefined) return undefined;
    this.#at++;
    return { op, token };
  }

  #name(expected: string): Span & { readonly text: string } {
    const token = this.#next;
    if (token.kind !== "name") throw this.#unexpected(expected);
    this.#at++;
    return token;
  }

  #unexpected(expected: string): SourceError {
    return new SourceError(this.#next, `expected ${expected}, found ${describeToken(this.#next)}`);
  }
}

function chain(kind: "all" | "any", terms: readonly Expression[], { start, end }: Span): Expression {
  const [only] = terms;
  return only !== undefined && terms.length === 1 ? only : { kind, terms, start, end };
}

function isAddressKind(text: string): text is AddressKind {
  return Object.hasOwn(addressForms, text);
}
