/** The p4-constraints language: restrictions on table entries and action calls, parsed, checked, evaluated, explained. Pure. */
import { finish, type Steps } from "../base/steps.js";
import type { RecordLayout } from "../entity/record-layout.js";
import { annotationBodies, stringPieces, type Annotation } from "../pipeline/annotation.js";
import type { Action, Table } from "../pipeline/pipeline.js";
import { check, type Scope } from "./checker.js";
import { compile, type Predicate } from "./compiler.js";
import { conjuncts } from "./expression.js";
import { tokenize, type Token } from "./lexer.js";
import { operandOf, priority, type Value } from "./operand.js";
import { parse } from "./parser.js";
import { positionOf, RestrictionError, SourceError, type Span } from "./restriction-error.js";
import { showValue } from "./show-value.js";

/** The clause that a record breaks, and what the record has there. */
export interface Violation {
  /** What carries the restriction: `@entry_restriction`, with a number if there are several. */
  readonly restriction: string;
  /** The smallest part of the restriction that must hold and does not, on one line and without comments. */
  readonly clause: string;
  /** Where the clause begins in the restriction's text, counted from 1. */
  readonly line: number;
  readonly column: number;
  /** What the clause speaks of, by the name it uses, in source order. */
  readonly values: readonly { readonly name: string; readonly value: string }[];
}

/** A compiled restriction. */
export interface Restriction {
  /** The first clause that `record` breaks; undefined if it breaks none. The record has the layout compiled for and is only read. */
  violated(record: Uint8Array): Violation | undefined;
}

/** All `@entry_restriction`s of `table` as one; undefined if it has none. @throws RestrictionError */
export function entryRestrictionSteps(table: Table, layout: RecordLayout): Steps<Restriction | undefined> {
  return allOf(table.annotations, entrySubject(table, layout));
}

/** `entryRestrictionSteps` in one go. */
export function entryRestriction(table: Table, layout: RecordLayout): Restriction | undefined {
  return finish(entryRestrictionSteps(table, layout));
}

/** All `@action_restriction`s of `action` as one; undefined if it has none. @throws RestrictionError */
export function actionRestrictionSteps(action: Action, layout: RecordLayout): Steps<Restriction | undefined> {
  return allOf(action.annotations, actionSubject(action, layout));
}

/** `actionRestrictionSteps` in one go. */
export function actionRestriction(action: Action, layout: RecordLayout): Restriction | undefined {
  return finish(actionRestrictionSteps(action, layout));
}

/**
 * Compiles one restriction on the entries of `table`.
 * @throws RestrictionError if `source` does not parse, its types do not fit, or it is too long or too deep
 */
export function compileEntryRestriction(source: string, table: Table, layout: RecordLayout): Restriction {
  return compileOne(source, entrySubject(table, layout));
}

/**
 * Compiles one restriction on the calls of `action`.
 * @throws RestrictionError if `source` does not parse, its types do not fit, or it is too long or too deep
 */
export function compileActionRestriction(source: string, action: Action, layout: RecordLayout): Restriction {
  return compileOne(source, actionSubject(action, layout));
}

function compileOne(source: string, subject: Subject): Restriction {
  return new Clauses(finish(compileClauses(source, subject, `@${subject.annotation}`)));
}

/** What restrictions restrict. */
interface Subject {
  readonly annotation: "entry_restriction" | "action_restriction";
  /** Such as "table 't'". */
  readonly owner: string;
  readonly scope: Scope;
  readonly layout: RecordLayout;
}

function entrySubject(table: Table, layout: RecordLayout): Subject {
  const scope: Scope = { noun: "match field", names: namesOf(layout), attributes: new Map([["priority", priority]]) };
  return { annotation: "entry_restriction", owner: `table '${table.name}'`, scope, layout };
}

function actionSubject(action: Action, layout: RecordLayout): Subject {
  const scope: Scope = { noun: "parameter", names: namesOf(layout), attributes: new Map() };
  return { annotation: "action_restriction", owner: `action '${action.name}'`, scope, layout };
}

function namesOf(layout: RecordLayout): ReadonlyMap<string, Value | undefined> {
  return new Map(layout.slots.map((slot, index) => [slot.name, operandOf(slot, index)]));
}

function* allOf(annotations: readonly Annotation[], subject: Subject): Steps<Restriction | undefined> {
  const bodies = annotationBodies(annotations, subject.annotation);
  if (bodies.length === 0) return undefined;
  const clauses: Clause[] = [];
  for (const [i, body] of bodies.entries()) {
    const name = bodies.length === 1 ? `@${subject.annotation}` : `@${subject.annotation} #${i + 1}`;
    for (const clause of yield* compileClauses(sourceOf(body, subject, name), subject, name)) clauses.push(clause);
  }
  return new Clauses(clauses);
}

/** Each string literal begins a new line, so that a `//` comment ends with its literal. */
function sourceOf(body: string, subject: Subject, name: string): string {
  const pieces = stringPieces(body);
  if (pieces !== undefined) return pieces.join("\n");
  throw new RestrictionError(
    `${subject.owner}: ${name}`,
    body,
    { start: 0, end: body.length },
    "expected text in double quotes",
  );
}

interface Clause {
  readonly holds: Predicate;
  readonly violation: (record: Uint8Array) => Violation;
}

class Clauses implements Restriction {
  readonly #clauses: readonly Clause[];

  constructor(clauses: readonly Clause[]) {
    this.#clauses = clauses;
  }

  violated(record: Uint8Array): Violation | undefined {
    for (const clause of this.#clauses) if (!clause.holds(record)) return clause.violation(record);
    return undefined;
  }
}

function* compileClauses(source: string, subject: Subject, name: string): Steps<readonly Clause[]> {
  try {
    const tokens = yield* tokenize(source);
    const clauses: Clause[] = [];
    for (const expression of conjuncts(parse(tokens))) {
      yield;
      const { condition, mentions } = check(expression, subject.scope);
      clauses.push({
        holds: compile(condition, subject.layout),
        violation: (record) => ({
          restriction: name,
          clause: clauseText(tokens, source, expression),
          ...positionOf(source, expression.start),
          values: [...mentions].map(([mention, value]) => ({
            name: mention,
            value: showValue(value, subject.layout, record),
          })),
        }),
      });
    }
    return clauses;
  } catch (error) {
    if (error instanceof SourceError)
      throw new RestrictionError(`${subject.owner}: ${name}`, source, error.span, error.message);
    throw error;
  }
}

/** The tokens of `source` within `span`, one blank wherever there was any room between them, but none inside parentheses. */
function clauseText(tokens: readonly Token[], source: string, { start, end }: Span): string {
  let text = "";
  let last = start;
  for (const token of tokens) {
    if (token.start < start || token.end > end || token.kind === "end") continue;
    const word = source.slice(token.start, token.end);
    const apart = token.start > last && !text.endsWith("(") && word !== ")";
    text += apart ? ` ${word}` : word;
    last = token.end;
  }
  return text;
}

/** One sentence for the writer of `entry`, which is named first: the clause, where it stands, and what the entry has there. */
export function explain(violation: Violation, entry: string): string {
  const { restriction, clause, line, column, values } = violation;
  const facts = values.map(({ name, value }) => `${name} is ${value}`).join(", ");
  return `${entry} violates ${restriction} (line ${line}, column ${column}): ${clause}${facts === "" ? "" : `; ${facts}`}`;
}
