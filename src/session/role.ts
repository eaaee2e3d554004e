/** Roles, as arbitration sees them: a name and an opaque definition. */

import type { Branded } from "../base/branded.js";

/** The name of a role; empty is the default role, which may access the whole pipeline. */
export type RoleName = Branded<string, "RoleName">;

/** The name a peer gave; an absent `role` and an empty name both mean the default role (ARB-70). */
export function roleName(name: string | undefined): RoleName {
  return (name ?? "") as RoleName;
}

export const defaultRole: RoleName = roleName(undefined);

/** `role` for people. */
export function roleText(role: RoleName): string {
  return role === defaultRole ? "the default role" : `role '${role}'`;
}

/** `Role.config`, a `google.protobuf.Any` as the controller gave it. Nobody changes `value` afterwards. */
export interface RoleConfig {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}
