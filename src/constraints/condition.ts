/** A restriction as checked: conditions over the bytes of a record. The constructors fold what is known beforehand. */

/** A whole number taken from a record. */
export type Term =
  | { readonly kind: "constant"; readonly value: bigint }
  /** The big-endian number of `bytes` bytes at `offset`. */
  | { readonly kind: "number"; readonly offset: number; readonly bytes: number }
  /** The text of slot `index`, its bytes read as one big-endian number; 0 if absent. */
  | { readonly kind: "text"; readonly index: number }
  /** `value` if one of the bytes is not zero, else 0. */
  | { readonly kind: "present"; readonly offset: number; readonly bytes: number; readonly value: bigint }
  | { readonly kind: "negated"; readonly of: Term }
  /** Modulo 2^width, never negative. */
  | { readonly kind: "wrapped"; readonly of: Term; readonly width: number };

export type Condition =
  | { readonly kind: "constant"; readonly holds: boolean }
  /** The record's bytes at `offset` are `want`. */
  | { readonly kind: "bytes"; readonly offset: number; readonly want: Uint8Array }
  | { readonly kind: "compare"; readonly op: "==" | "<" | "<="; readonly left: Term; readonly right: Term }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "all" | "any"; readonly terms: readonly Condition[] }
  /** Both hold or neither does. */
  | { readonly kind: "same"; readonly left: Condition; readonly right: Condition };

export const always: Condition = { kind: "constant", holds: true };
export const never: Condition = { kind: "constant", holds: false };

export function constant(value: bigint): Term {
  return { kind: "constant", value };
}

export function negated(of: Term): Term {
  return of.kind === "constant" ? constant(-of.value) : { kind: "negated", of };
}

export function wrapped(of: Term, width: number): Term {
  return of.kind === "constant" ? constant(BigInt.asUintN(width, of.value)) : { kind: "wrapped", of, width };
}

export function not(of: Condition): Condition {
  if (of.kind === "constant") return of.holds ? never : always;
  return of.kind === "not" ? of.of : { kind: "not", of };
}

/** Longest piece that neighbouring bytes are joined to: joining copies. */
const maxPiece = 32;

/** Every term holds. Neighbouring bytes are compared as one piece. */
export function all(terms: readonly Condition[]): Condition {
  const kept: Condition[] = [];
  for (const term of flat("all", terms)) {
    if (term.kind === "constant") {
      if (!term.holds) return never;
      continue;
    }
    const last = kept.at(-1);
    if (last?.kind === "bytes" && term.kind === "bytes" && adjoins(last, term))
      kept[kept.length - 1] = { kind: "bytes", offset: last.offset, want: Uint8Array.of(...last.want, ...term.want) };
    else kept.push(term);
  }
  return only(kept) ?? (kept.length === 0 ? always : { kind: "all", terms: kept });
}

/** Most terms that move up into an enclosing `all` or `any`: moving copies, at each level again. */
const maxMoved = 16;

/** `terms` with those of short inner ones in their place. */
function flat(kind: "all" | "any", terms: readonly Condition[]): readonly Condition[] {
  return terms.flatMap((each) => (each.kind === kind && each.terms.length <= maxMoved ? each.terms : [each]));
}

type Bytes = Extract<Condition, { kind: "bytes" }>;

function adjoins(last: Bytes, next: Bytes): boolean {
  return last.offset + last.want.length === next.offset && last.want.length + next.want.length <= maxPiece;
}

/** One of the terms holds. */
export function any(terms: readonly Condition[]): Condition {
  const kept: Condition[] = [];
  for (const term of flat("any", terms)) {
    if (term.kind !== "constant") kept.push(term);
    else if (term.holds) return always;
  }
  return only(kept) ?? (kept.length === 0 ? never : { kind: "any", terms: kept });
}

export function same(left: Condition, right: Condition): Condition {
  if (left.kind === "constant") return left.holds ? right : not(right);
  if (right.kind === "constant") return right.holds ? left : not(left);
  return { kind: "same", left, right };
}

export function equal(left: Term, right: Term): Condition {
  if (left.kind === "constant" && right.kind === "constant") return left.value === right.value ? always : never;
  if (left.kind === "constant") return equal(right, left);
  if (right.kind === "constant" && left.kind === "number") return numberIs(left, right.value);
  if (right.kind === "constant" && left.kind === "present") {
    const absent: Condition = { kind: "bytes", offset: left.offset, want: new Uint8Array(left.bytes) };
    if (right.value === left.value) return left.bytes === 1 ? { ...absent, want: Uint8Array.of(1) } : not(absent);
    return right.value === 0n ? absent : never;
  }
  return { kind: "compare", op: "==", left, right };
}

export function ordered(op: "<" | "<=", left: Term, right: Term): Condition {
  if (left.kind !== "constant" || right.kind !== "constant") return { kind: "compare", op, left, right };
  return (op === "<" ? left.value < right.value : left.value <= right.value) ? always : never;
}

function numberIs({ offset, bytes }: { readonly offset: number; readonly bytes: number }, value: bigint): Condition {
  if (value < 0n || value >> BigInt(8 * bytes) !== 0n) return never;
  return { kind: "bytes", offset, want: bytesOf(value, bytes) };
}

/** `value` as `bytes` big-endian bytes. */
export function bytesOf(value: bigint, bytes: number): Uint8Array {
  const hex = value.toString(16);
  const result = new Uint8Array(bytes);
  for (let i = bytes - 1, end = hex.length; end > 0 && i >= 0; i--, end -= 2)
    result[i] = Number.parseInt(hex.slice(Math.max(0, end - 2), end), 16);
  return result;
}

function only<T>(terms: readonly T[]): T | undefined {
  return terms.length === 1 ? terms[0] : undefined;
}
