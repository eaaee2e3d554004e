/**
 * Expressions to conditions: resolves names, checks types, casts. A literal or another `int` becomes a number of the other
 * side's width modulo 2^width (so −1 is all ones); a number compared with a whole match field means a match on exactly that number.
 */
import { absurd, defined } from "../base/invariant.js";
import * as condition from "./condition.js";
import type { Condition, Term } from "./condition.js";
import type { Comparison, Expression } from "./expression.js";
import { pinned, typeName, type Match, type Operand, type Scalar, type Value, type Width } from "./operand.js";
import { SourceError } from "./restriction-error.js";

/** The names a restriction may use. */
export interface Scope {
  /** What `names` are, in the singular. */
  readonly noun: "match field" | "parameter";
  /** undefined: known, but of a type that no restriction can use. */
  readonly names: ReadonlyMap<string, Value | undefined>;
  /** What may follow a leading `::`. */
  readonly attributes: ReadonlyMap<string, Value>;
}

export interface Checked {
  readonly condition: Condition;
  /** What the expression speaks of, by the name it is written with, in source order. */
  readonly mentions: ReadonlyMap<string, Value>;
}

/** @throws SourceError if a name is unknown or types do not fit */
export function check(expression: Expression, scope: Scope): Checked {
  const checker = new Checker(scope);
  return { condition: checker.condition(expression), mentions: checker.mentions };
}

type Compare = Extract<Expression, { kind: "compare" }>;

/** Names shown when an unknown one is used. */
const namesShown = 24;

class Checker {
  readonly #scope: Scope;
  readonly mentions = new Map<string, Value>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  condition(expression: Expression): Condition {
    const operand = this.#operand(expression);
    if (operand.kind !== "condition") throw new SourceError(expression, `expected a bool, found ${typeName(operand)}`);
    return operand.condition;
  }

  #operand(expression: Expression): Operand {
    switch (expression.kind) {
      case "number":
        return { kind: "scalar", width: "int", term: condition.constant(expression.value) };
      case "name":
        return this.#mention(expression.name, this.#named(expression));
      case "attribute":
        return this.#attribute(expression);
      case "part":
        return this.#part(expression);
      case "negate":
        return this.#negated(expression);
      case "boolean":
        return bool(expression.value ? condition.always : condition.never);
      case "not":
        return bool(condition.not(this.condition(expression.of)));
      case "all":
        return bool(condition.all(expression.terms.map((term) => this.condition(term))));
      case "any":
        return bool(condition.any(expression.terms.map((term) => this.condition(term))));
      case "implies": {
        const premise = condition.not(this.condition(expression.premise));
        return bool(condition.any([premise, this.condition(expression.conclusion)]));
      }
      case "compare":
        return bool(this.#compare(expression));
      default:
        return absurd(expression);
    }
  }

  #mention<T extends Value>(name: string, value: T): T {
    this.mentions.set(name, value);
    return value;
  }

  #named(expression: Extract<Expression, { kind: "name" }>): Value {
    const { name } = expression;
    const { noun, names } = this.#scope;
    const value = names.get(name);
    if (value !== undefined) return value;
    if (names.has(name))
      throw new SourceError(
        expression,
        `${noun} '${name}' is a prefix or range of texts, which restrictions cannot use`,
      );
    throw new SourceError(expression, `unknown ${noun} '${name}'; known: ${list(names)}`);
  }

  #attribute(expression: Extract<Expression, { kind: "attribute" }>): Value {
    const value = this.#scope.attributes.get(expression.name);
    if (value === undefined)
      throw new SourceError(
        expression,
        `unknown attribute '::${expression.name}'; known: ${list(this.#scope.attributes, "::")}`,
      );
    return this.#mention(`::${expression.name}`, value);
  }

  #part(expression: Extract<Expression, { kind: "part" }>): Scalar {
    const { of, part } = expression;
    const whole = of.kind === "name" ? this.#named(of) : this.#operand(of);
    const value = whole.kind === "match" ? whole.parts.get(part) : undefined;
    if (of.kind === "name" && value !== undefined) return this.#mention(`${of.name}::${part}`, value);
    const known = list(whole.kind === "match" ? whole.parts : new Map(), "::");
    throw new SourceError(expression, `${typeName(whole)} has no part '::${part}'; known: ${known}`);
  }

  #negated({ of }: Extract<Expression, { kind: "negate" }>): Scalar {
    const operand = this.#operand(of);
    if (operand.kind !== "scalar" || operand.width !== "int")
      throw new SourceError(of, `expected an int after '-', found ${typeName(operand)}`);
    return { kind: "scalar", width: "int", term: condition.negated(operand.term) };
  }

  #compare(expression: Compare): Condition {
    const left = this.#operand(expression.left);
    const right = this.#operand(expression.right);
    if (expression.op !== "==" && expression.op !== "!=") {
      const culprit = [left, right].find((operand) => orderable(operand) === undefined);
      if (culprit !== undefined)
        throw new SourceError(expression, `${typeName(culprit)} has no order${orderHint(culprit)}`);
    }
    const result = compareOperands(expression.op, left, right);
    if (result === undefined)
      throw new SourceError(expression, `${typeName(left)} and ${typeName(right)} cannot be compared`);
    return result;
  }
}

function bool(of: Condition): Operand {
  return { kind: "condition", condition: of };
}

/** undefined if `op` cannot compare the two types. */
function compareOperands(op: Comparison, left: Operand, right: Operand): Condition | undefined {
  switch (op) {
    case "==":
      return equalOperands(left, right);
    case "!=": {
      const equal = equalOperands(left, right);
      return equal === undefined ? undefined : condition.not(equal);
    }
    case "<":
      return compareScalars(orderable(left), orderable(right), (a, b) => condition.ordered("<", a, b));
    case "<=":
      return compareScalars(orderable(left), orderable(right), (a, b) => condition.ordered("<=", a, b));
    case ">":
      return compareOperands("<", right, left);
    case ">=":
      return compareOperands("<=", right, left);
    default:
      return absurd(op);
  }
}

function equalOperands(left: Operand, right: Operand): Condition | undefined {
  if (left.kind === "condition" && right.kind === "condition") return condition.same(left.condition, right.condition);
  if (left.kind === "condition" || right.kind === "condition") return undefined;
  if (left.kind === "match") return equalsMatch(left, right);
  if (right.kind === "match") return equalsMatch(right, left);
  return compareScalars(left, right, condition.equal);
}

/** `scalar` as a number of `width`; undefined if there is no such cast. */
function cast({ width: from, term }: Scalar, width: Width | "int"): Term | undefined {
  if (from === width) return term;
  if (from !== "int") return undefined;
  return typeof width === "number" ? condition.wrapped(term, width) : term;
}

function compareScalars(
  left: Scalar | undefined,
  right: Scalar | undefined,
  compare: (a: Term, b: Term) => Condition,
): Condition | undefined {
  if (left === undefined || right === undefined) return undefined;
  const width = left.width === "int" ? right.width : left.width;
  const a = cast(left, width);
  const b = cast(right, width);
  return a === undefined || b === undefined ? undefined : compare(a, b);
}

function equalsMatch(match: Match, other: Value): Condition | undefined {
  if (other.kind === "match") {
    if (other.match !== match.match || other.width !== match.width) return undefined;
    const peer = (name: string): Term => defined(other.parts.get(name), "equal types have equal parts").term;
    return condition.all([...match.parts].map(([name, { term }]) => condition.equal(term, peer(name))));
  }
  const value = cast(other, match.width);
  if (value === undefined) return undefined;
  return condition.all([...match.parts].map(([name, { term }]) => condition.equal(term, pinned(match, name, value))));
}

/** What `<` compares: a number itself, or the value of an exact match. */
function orderable(operand: Operand): Scalar | undefined {
  if (operand.kind === "scalar") return operand;
  return operand.kind === "match" && operand.match === "exact" ? operand.parts.get("value") : undefined;
}

function orderHint(operand: Operand): string {
  return operand.kind === "match" ? `; compare ${list(operand.parts, "::")}` : "";
}

function list(names: ReadonlyMap<string, unknown>, prefix = ""): string {
  const all = [...names.keys()];
  const shown = all.slice(0, namesShown).map((name) => prefix + name);
  if (all.length > namesShown) shown.push("…");
  return shown.length === 0 ? "none" : shown.join(", ");
}
