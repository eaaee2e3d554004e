/** Members, groups and one-shot action sets of action profiles. @see P4Runtime §9.2 */
import type { PortValue } from "./port-value.js";

/** A member as a group lists it. `weight` as written: 0 where the profile disallows weights. */
export interface GroupMember {
  readonly memberId: number;
  readonly weight: number;
  readonly watch: PortValue | undefined;
}

export interface ActionGroup {
  /** In the order written. */
  readonly members: readonly GroupMember[];
  /** As written; 0: what the profile allows. */
  readonly maxSize: number;
}

/** One action of a one-shot set. `action` is its record in latin1. */
export interface ActionSetAction {
  readonly action: string;
  readonly weight: number;
  readonly watch: PortValue | undefined;
}

/** What an entry of a table with an action profile names instead of an action. */
export type Selection =
  | { readonly kind: "member"; readonly id: number }
  | { readonly kind: "group"; readonly id: number }
  | {
      readonly kind: "set";
      readonly actions: readonly ActionSetAction[];
      /** Enum numbers as sent: `ActionSelectionMode`, `SizeSemantics`. */
      readonly mode: number;
      readonly sizeSemantics: number;
    };
