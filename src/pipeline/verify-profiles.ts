/** What an action profile of a P4Info must hold. @see P4Runtime §6.4.3 */
import type { ActionProfileSpec, P4InfoSpec, TableInfoSpec } from "./p4info.js";
import { maxGroupSize } from "./pipeline.js";

const hexId = (id: number) => `0x${id.toString(16).padStart(8, "0")}`;

/** The tables of `spec` by the profile that implements them. */
export function implementedTables(spec: P4InfoSpec): ReadonlyMap<number, readonly TableInfoSpec[]> {
  const implemented = new Map<number, TableInfoSpec[]>();
  for (const table of spec.tables) {
    const users = implemented.get(table.implementationId);
    if (users === undefined) implemented.set(table.implementationId, [table]);
    else users.push(table);
  }
  return implemented;
}

/**
 * Checks sizes, and that the tables which `profile` implements, `users`, agree with it and each other.
 * @returns one sentence per problem (INF-16, INF-21, INF-22, SFP-32)
 */
export function* profileProblems(profile: ActionProfileSpec, users: readonly TableInfoSpec[]): Generator<string> {
  const what = `action profile '${profile.preamble.name}'`;
  if (profile.size < 0n || profile.maxGroupSize < 0 || profile.maxMemberWeight < 0) yield `${what}: negative size`;
  if (profile.maxGroupSize > maxGroupSize)
    yield `${what}: max_group_size ${profile.maxGroupSize} is above ${maxGroupSize}, the largest group there can be`;
  const selects = profile.maxGroupSize !== 0 || profile.semantics !== "unset" || profile.weightsDisallowed;
  if (!profile.withSelector && selects) yield `${what} has no selector but selector properties`;
  else if (BigInt(profile.maxGroupSize) > profile.size && profile.size > 0n)
    yield `${what}: max_group_size ${profile.maxGroupSize} exceeds size ${profile.size.toString()}`;
  const named = new Set(profile.tableIds);
  const [first] = users;
  for (const table of users) {
    const { id, name } = table.preamble;
    if (!named.delete(id)) yield `${what}: table '${name}' is not among its table_ids`;
    if (first !== undefined && actionsOf(table) !== actionsOf(first))
      yield `${what}: tables '${first.preamble.name}' and '${name}' share it and list different actions`;
  }
  for (const id of named) yield `${what}: table_ids names ${hexId(id)}, which has another implementation_id`;
}

/** The actions a table lists and their scopes, in one text. */
function actionsOf({ actionRefs }: TableInfoSpec): string {
  return actionRefs
    .map((ref) => `${ref.id} ${ref.scope}`)
    .sort()
    .join();
}
