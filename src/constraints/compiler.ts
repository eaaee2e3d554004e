/** Conditions to closures over records. */
import { absurd } from "../base/invariant.js";
import { bigintAt, numberAt, textOf, type RecordLayout } from "../entity/record-layout.js";
import { bytesOf, type Condition, type Term } from "./condition.js";

/** Whether a record fulfils a condition. Allocates nothing where numbers have at most 48 bits. */
export type Predicate = (record: Uint8Array) => boolean;

/** Widest number that is read as a double, in bits and bytes. */
const exactBits = 48;
const exactBytes = exactBits / 8;

/** @param layout of the records the predicate will see */
export function compile(condition: Condition, layout: RecordLayout): Predicate {
  switch (condition.kind) {
    case "constant":
      return condition.holds ? () => true : () => false;
    case "bytes":
      return compileBytes(condition.offset, condition.want);
    case "compare":
      return compileCompare(condition, layout);
    case "not": {
      const of = compile(condition.of, layout);
      return (record) => !of(record);
    }
    case "same": {
      const left = compile(condition.left, layout);
      const right = compile(condition.right, layout);
      return (record) => left(record) === right(record);
    }
    case "all":
      return compileAll(condition.terms.map((term) => compile(term, layout)));
    case "any":
      return compileAny(condition.terms.map((term) => compile(term, layout)));
    default:
      return absurd(condition);
  }
}

/** The number that `term` stands for, whatever its size. For messages and rare comparisons. */
export function bigintReader(term: Term, layout: RecordLayout): (record: Uint8Array) => bigint {
  switch (term.kind) {
    case "constant":
      return () => term.value;
    case "number":
      return (record) => bigintAt(record, term.offset, term.bytes);
    case "text":
      return (record) => {
        const text = textOf(record, layout, term.index);
        return bigintAt(text, 0, text.length);
      };
    case "present":
      return (record) => (numberAt(record, term.offset, term.bytes) === 0 ? 0n : term.value);
    case "negated": {
      const of = bigintReader(term.of, layout);
      return (record) => -of(record);
    }
    case "wrapped": {
      const of = bigintReader(term.of, layout);
      return (record) => BigInt.asUintN(term.width, of(record));
    }
    default:
      return absurd(term);
  }
}

function compileAll(terms: readonly Predicate[]): Predicate {
  const [first, second, third] = terms;
  if (first !== undefined && second !== undefined) {
    if (terms.length === 2) return (record) => first(record) && second(record);
    if (third !== undefined && terms.length === 3) return (record) => first(record) && second(record) && third(record);
  }
  return (record) => {
    for (const term of terms) if (!term(record)) return false;
    return true;
  };
}

function compileAny(terms: readonly Predicate[]): Predicate {
  const [first, second, third] = terms;
  if (first !== undefined && second !== undefined) {
    if (terms.length === 2) return (record) => first(record) || second(record);
    if (third !== undefined && terms.length === 3) return (record) => first(record) || second(record) || third(record);
  }
  return (record) => {
    for (const term of terms) if (term(record)) return true;
    return false;
  };
}

function compileBytes(at: number, want: Uint8Array): Predicate {
  const [a, b, c, d] = want;
  switch (want.length) {
    case 1:
      return (record) => record[at] === a;
    case 2:
      return (record) => record[at] === a && record[at + 1] === b;
    case 4:
      return (record) => record[at] === a && record[at + 1] === b && record[at + 2] === c && record[at + 3] === d;
    default:
      return (record) => {
        for (let i = 0; i < want.length; i++) if (record[at + i] !== want[i]) return false;
        return true;
      };
  }
}

function compileCompare({ op, left, right }: Extract<Condition, { kind: "compare" }>, layout: RecordLayout): Predicate {
  if (isSmall(left) && isSmall(right)) {
    const a = doubleReader(left);
    const b = doubleReader(right);
    switch (op) {
      case "==":
        return (record) => a(record) === b(record);
      case "<":
        return (record) => a(record) < b(record);
      case "<=":
        return (record) => a(record) <= b(record);
    }
  }
  const a = bytesReader(left, layout);
  const b = bytesReader(right, layout);
  if (a !== undefined && b !== undefined) {
    switch (op) {
      case "==":
        return (record) => compareBytes(a(record), b(record)) === 0;
      case "<":
        return (record) => compareBytes(a(record), b(record)) < 0;
      case "<=":
        return (record) => compareBytes(a(record), b(record)) <= 0;
    }
  }
  const x = bigintReader(left, layout);
  const y = bigintReader(right, layout);
  switch (op) {
    case "==":
      return (record) => x(record) === y(record);
    case "<":
      return (record) => x(record) < y(record);
    case "<=":
      return (record) => x(record) <= y(record);
  }
}

/** True if a double holds every value of `term`; a constant may lose digits where only its side of a small number counts. */
function isSmall(term: Term): boolean {
  switch (term.kind) {
    case "constant":
      return true;
    case "number":
      return term.bytes <= exactBytes;
    case "text":
      return false;
    case "present":
      return term.value >> BigInt(exactBits) <= 0n;
    case "negated":
      return isSmall(term.of);
    case "wrapped":
      return term.width <= exactBits && isSmall(term.of);
  }
}

/** @precondition isSmall(term) */
function doubleReader(term: Term): (record: Uint8Array) => number {
  switch (term.kind) {
    case "constant": {
      const value = Number(term.value);
      return () => value;
    }
    case "number":
      return compileNumber(term.offset, term.bytes);
    case "present": {
      const value = Number(term.value);
      return (record) => (numberAt(record, term.offset, term.bytes) === 0 ? 0 : value);
    }
    case "negated": {
      const of = doubleReader(term.of);
      return (record) => -of(record);
    }
    case "wrapped": {
      const of = doubleReader(term.of);
      const size = 2 ** term.width;
      return (record) => ((of(record) % size) + size) % size;
    }
    case "text":
      throw new RangeError("a text is no small number");
  }
}

function compileNumber(at: number, bytes: number): (record: Uint8Array) => number {
  switch (bytes) {
    case 1:
      return (record) => record[at] ?? 0;
    case 2:
      return (record) => ((record[at] ?? 0) << 8) | (record[at + 1] ?? 0);
    default:
      return (record) => {
        let value = 0;
        for (let i = at; i < at + bytes; i++) value = value * 256 + (record[i] ?? 0);
        return value;
      };
  }
}

/** The big-endian bytes of `term`, borrowed; undefined if it may be negative or is computed. */
function bytesReader(term: Term, layout: RecordLayout): ((record: Uint8Array) => Uint8Array) | undefined {
  switch (term.kind) {
    case "number":
      return (record) => record.subarray(term.offset, term.offset + term.bytes);
    case "text":
      return (record) => textOf(record, layout, term.index);
    case "constant": {
      if (term.value < 0n) return undefined;
      const bytes = bytesOf(term.value, Math.ceil(term.value.toString(16).length / 2));
      return () => bytes;
    }
    case "present":
    case "negated":
    case "wrapped":
      return undefined;
  }
}

/** Negative, zero or positive as the number `a` is less than, equal to or greater than `b`. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const skip = (bytes: Uint8Array): number => {
    let at = 0;
    while (bytes[at] === 0) at++;
    return at;
  };
  let i = skip(a);
  let j = skip(b);
  if (a.length - i !== b.length - j) return a.length - i - (b.length - j);
  for (; i < a.length; i++, j++) {
    const difference = (a[i] ?? 0) - (b[j] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
