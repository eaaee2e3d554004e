/** A restriction as parsed. Parentheses leave no trace but the shape. */
import type { Span } from "./restriction-error.js";

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type Expression = Span &
  (
    | { readonly kind: "boolean"; readonly value: boolean }
    | { readonly kind: "number"; readonly value: bigint }
    /** A match field or an action parameter; names may have dots. */
    | { readonly kind: "name"; readonly name: string }
    /** `::name`, a property of the entry itself. */
    | { readonly kind: "attribute"; readonly name: string }
    /** `of::part` */
    | { readonly kind: "part"; readonly of: Expression; readonly part: string }
    | { readonly kind: "not"; readonly of: Expression }
    | { readonly kind: "negate"; readonly of: Expression }
    | { readonly kind: "compare"; readonly op: Comparison; readonly left: Expression; readonly right: Expression }
    /** `&&` and `;`, or `||`; two terms or more. */
    | { readonly kind: "all" | "any"; readonly terms: readonly Expression[] }
    | { readonly kind: "implies"; readonly premise: Expression; readonly conclusion: Expression }
  );

/** The smallest pieces of `expression` that must all hold, in source order. */
export function conjuncts(expression: Expression, into: Expression[] = []): readonly Expression[] {
  if (expression.kind === "all") for (const term of expression.terms) conjuncts(term, into);
  else into.push(expression);
  return into;
}
