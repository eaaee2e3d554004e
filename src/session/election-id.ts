/** Election ids: who outranks whom. */

import type { Branded } from "../base/branded.js";
import { invariant } from "../base/invariant.js";

/** An election id that is set: an unsigned number of 128 bits, 0 included. Unset is `undefined`, never 0 (AMB-02). */
export type ElectionId = Branded<bigint, "ElectionId">;

/** The id made of the two words of `p4.v1.Uint128`, each 0 <= word < 2 ** 64. */
export function electionId(high: bigint, low: bigint): ElectionId {
  invariant(BigInt.asUintN(64, high) === high && BigInt.asUintN(64, low) === low, "election id: words of 64 bits");
  return ((high << 64n) | low) as ElectionId;
}

/** The two words of `id`, as `p4.v1.Uint128` has them. */
export function electionIdWords(id: ElectionId): { readonly high: bigint; readonly low: bigint } {
  return { high: id >> 64n, low: BigInt.asUintN(64, id) };
}

/** True if `a` beats `b`. An unset id loses to every set id, including 0. */
export function outranks(a: ElectionId | undefined, b: ElectionId | undefined): boolean {
  return a !== undefined && (b === undefined || a > b);
}

/** `id` for people: a decimal number, or both words if the high one is used. */
export function electionIdText(id: ElectionId | undefined): string {
  if (id === undefined) return "unset";
  const { high, low } = electionIdWords(id);
  return high === 0n ? low.toString() : `{high: ${high.toString()}, low: ${low.toString()}}`;
}
