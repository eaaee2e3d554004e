/** Members, groups and one-shot action sets of action profiles. @see P4Runtime §9.2 */
import type { SizeSemantics } from "../pipeline/pipeline.js";
import type { PortValue } from "./port-value.js";

/** What a member of a group and an action of a set have in common. */
export interface Weighted {
  /** As written: 0 where the profile disallows weights, else 1 … 2^31 − 1. */
  readonly weight: number;
  /** Left out of the selection while this port is not up. */
  readonly watch: PortValue | undefined;
}

/** A member as a group lists it. */
export interface GroupMember extends Weighted {
  readonly memberId: number;
}

export interface ActionGroup {
  /** In the order written; no member twice. */
  readonly members: readonly GroupMember[];
  /** As written; 0: what the profile allows. */
  readonly maxSize: number;
  /** By the semantics of the profile. */
  readonly size: number;
}

/** One action of a one-shot set. `action` is its record in latin1. */
export interface ActionSetAction extends Weighted {
  readonly action: string;
}

/** A one-shot set. */
export interface ActionSet {
  readonly kind: "set";
  readonly actions: readonly ActionSetAction[];
  /** Enum numbers as sent: `ActionSelectionMode`, `SizeSemantics`; 0: as the selector has it. */
  readonly mode: number;
  readonly sizeSemantics: number;
  /** By its own semantics. */
  readonly size: number;
}

/** What an entry of a table with an action profile names instead of an action. */
export type Selection =
  { readonly kind: "member"; readonly id: number } | { readonly kind: "group"; readonly id: number } | ActionSet;

/** How much of the frames a member gets, beside the weights of the others; without weights all are equal. */
export function shareOf({ weight }: Weighted): number {
  return weight === 0 ? 1 : weight;
}

/** The size of a group or set, which `max_group_size` and `size` of the profile limit. */
export function groupSize(semantics: SizeSemantics, members: readonly Weighted[]): number {
  if (semantics === "sum-of-members") return members.length;
  return members.reduce((sum, member) => sum + shareOf(member), 0);
}
