/** Expressions as text, every compound in parentheses. */
import { absurd } from "../../../src/base/invariant.js";
import type { Expression } from "../../../src/constraints/expression.js";

/** An expression without its place in a source. */
export type Shape =
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "name" | "attribute"; readonly name: string }
  | { readonly kind: "part"; readonly of: Shape; readonly part: string }
  | { readonly kind: "not" | "negate"; readonly of: Shape }
  | { readonly kind: "compare"; readonly op: string; readonly left: Shape; readonly right: Shape }
  | { readonly kind: "all" | "any"; readonly terms: readonly Shape[] }
  | { readonly kind: "implies"; readonly premise: Shape; readonly conclusion: Shape };

export function shapeOf(expression: Expression): Shape {
  switch (expression.kind) {
    case "boolean":
      return { kind: "boolean", value: expression.value };
    case "number":
      return { kind: "number", value: expression.value };
    case "name":
    case "attribute":
      return { kind: expression.kind, name: expression.name };
    case "part":
      return { kind: "part", of: shapeOf(expression.of), part: expression.part };
    case "not":
    case "negate":
      return { kind: expression.kind, of: shapeOf(expression.of) };
    case "compare":
      return { kind: "compare", op: expression.op, left: shapeOf(expression.left), right: shapeOf(expression.right) };
    case "all":
    case "any":
      return { kind: expression.kind, terms: expression.terms.map(shapeOf) };
    case "implies":
      return { kind: "implies", premise: shapeOf(expression.premise), conclusion: shapeOf(expression.conclusion) };
    default:
      return absurd(expression);
  }
}

export function print(shape: Shape): string {
  switch (shape.kind) {
    case "boolean":
      return shape.value.toString();
    case "number":
      return shape.value % 2n === 0n ? shape.value.toString() : `0x${shape.value.toString(16)}`;
    case "name":
      return shape.name;
    case "attribute":
      return `::${shape.name}`;
    case "part":
      return `${operand(shape.of)}::${shape.part}`;
    case "not":
      return `!${operand(shape.of)}`;
    case "negate":
      return `-${operand(shape.of)}`;
    case "compare":
      return `${operand(shape.left)} ${shape.op} ${operand(shape.right)}`;
    case "all":
      return shape.terms.map(operand).join(" && ");
    case "any":
      return shape.terms.map(operand).join(" || ");
    case "implies":
      return `${operand(shape.premise)} -> ${operand(shape.conclusion)}`;
    default:
      return absurd(shape);
  }
}

function operand(shape: Shape): string {
  const simple = shape.kind === "boolean" || shape.kind === "number" || shape.kind === "name";
  return simple ? print(shape) : `(${print(shape)})`;
}
