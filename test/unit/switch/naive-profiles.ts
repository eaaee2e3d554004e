/** What batches of members, groups and entries do, once more: maps that are copied before each batch. */

/** `set` is realised by nothing, `copy` is refused by the datapath, queue 9 is none. */
export type NaiveAction = "trap" | "drop" | "copy" | "set" | "queue 1" | "queue 9";

export interface NaiveChoice {
  readonly weight: number;
  /** 0: none. */
  readonly watch: number;
}
export type NaiveMember = NaiveChoice & { readonly id: number };
export type NaiveSelection =
  | { readonly kind: "member" | "group"; readonly id: number }
  | { readonly kind: "set"; readonly actions: readonly (NaiveChoice & { readonly action: NaiveAction })[] };

export type NaiveUpdate = { readonly type: "insert" | "modify" | "delete"; readonly id: number } & (
  | { readonly kind: "member"; readonly action: NaiveAction }
  | { readonly kind: "group"; readonly members: readonly NaiveMember[] }
  | { readonly kind: "entry"; readonly selection: NaiveSelection | undefined }
);

export interface NaiveState {
  readonly members: Map<number, NaiveAction>;
  readonly groups: Map<number, readonly NaiveMember[]>;
  /** In the order of insertion. */
  readonly entries: Map<number, NaiveSelection>;
}

export const groupLimit = 4;
export const profileSize = 8;

const sizeOf = (choices: readonly NaiveChoice[]) => choices.reduce((sum, { weight }) => sum + weight, 0);
const copyOf = ({ members, groups, entries }: NaiveState): NaiveState => ({
  members: new Map(members),
  groups: new Map(groups),
  entries: new Map(entries),
});

/** What a selection means: its choices, one action, a code, or nothing that is realised. */
export type Meaning =
  | { readonly kind: "one"; readonly action: NaiveAction }
  | { readonly kind: "many"; readonly choices: readonly (NaiveChoice & { readonly action: NaiveAction })[] }
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: "unrealised" };

export function meaningOf({ members, groups }: NaiveState, selection: NaiveSelection): Meaning {
  const actionOf = (id: number) => members.get(id) ?? "set";
  const choices =
    selection.kind === "set"
      ? selection.actions
      : selection.kind === "member"
        ? [{ weight: 1, watch: 0, action: actionOf(selection.id) }]
        : (groups.get(selection.id) ?? []).map((member) => ({ ...member, action: actionOf(member.id) }));
  for (const { action } of choices) {
    if (action === "set") return { kind: "unrealised" };
    if (action === "queue 9") return { kind: "refused", code: "INVALID_ARGUMENT" };
  }
  if (choices.some(({ action }) => action === "copy")) return { kind: "refused", code: "OUT_OF_RANGE" };
  const [only] = choices;
  return selection.kind === "member" && only !== undefined
    ? { kind: "one", action: only.action }
    : { kind: "many", choices };
}

export class NaiveProfiles {
  state: NaiveState = { members: new Map(), groups: new Map(), entries: new Map() };

  batch(
    updates: readonly NaiveUpdate[],
    mode: { readonly atomic: boolean; readonly lost: boolean },
  ): readonly string[] {
    let next = copyOf(this.state);
    const results: string[] = [];
    for (const update of updates) {
      const tried = copyOf(next);
      const code = this.#apply(tried, update);
      results.push(code);
      if (code === "OK") next = tried;
      else if (mode.atomic) return updates.map((_, i) => (i === results.length - 1 ? code : "ABORTED"));
    }
    if (
      mode.lost &&
      results.includes("OK") &&
      updates.some((update, i) => results[i] === "OK" && stages(this.state, update))
    )
      return updates.map(() => "UNAVAILABLE");
    this.state = next;
    return results;
  }

  #apply(state: NaiveState, update: NaiveUpdate): string {
    switch (update.kind) {
      case "member":
        return applyMember(state, update);
      case "group":
        return applyGroup(state, update);
      case "entry":
        return applyEntry(state, update);
    }
  }
}

/** A member that stays the same is the one update that stages nothing. */
function stages({ members }: NaiveState, update: NaiveUpdate): boolean {
  return !(update.kind === "member" && update.type === "modify" && members.get(update.id) === update.action);
}

type Of<Kind> = Extract<NaiveUpdate, { kind: Kind }>;
const hasSets = ({ entries }: NaiveState) => [...entries.values()].some(({ kind }) => kind === "set");
const isFull = ({ groups, entries }: NaiveState) => {
  const sets = [...entries.values()].map((selection) => (selection.kind === "set" ? sizeOf(selection.actions) : 0));
  return [...[...groups.values()].map(sizeOf), ...sets].reduce((sum, size) => sum + size, 0) > profileSize;
};

/** The code of the first entry, by age, that `uses` and that cannot be realised any more. */
function refusal(state: NaiveState, uses: (selection: NaiveSelection) => boolean): string {
  for (const selection of state.entries.values()) {
    if (!uses(selection)) continue;
    const meaning = meaningOf(state, selection);
    if (meaning.kind === "refused") return meaning.code;
  }
  return "OK";
}

function applyMember(state: NaiveState, { type, id, action }: Of<"member">): string {
  const { members, groups, entries } = state;
  if (type === "insert") {
    if (hasSets(state)) return "INVALID_ARGUMENT";
    if (members.has(id)) return "ALREADY_EXISTS";
    members.set(id, action);
    return "OK";
  }
  const before = members.get(id);
  if (before === undefined) return "NOT_FOUND";
  const inGroup = (group: number) => (groups.get(group) ?? []).some((member) => member.id === id);
  const uses = (selection: NaiveSelection) =>
    selection.kind === "member" ? selection.id === id : selection.kind === "group" && inGroup(selection.id);
  if (type === "delete") {
    const used = [...groups.keys()].some(inGroup) || [...entries.values()].some(uses);
    if (used) return "FAILED_PRECONDITION";
    members.delete(id);
    return "OK";
  }
  if (before === action) return "OK";
  members.set(id, action);
  return refusal(state, uses);
}

function applyGroup(state: NaiveState, { type, id, members }: Of<"group">): string {
  const { groups, entries } = state;
  const uses = (selection: NaiveSelection) => selection.kind === "group" && selection.id === id;
  if (type === "delete") {
    if (!groups.has(id)) return "NOT_FOUND";
    if ([...entries.values()].some(uses)) return "FAILED_PRECONDITION";
    groups.delete(id);
    return "OK";
  }
  if (sizeOf(members) > groupLimit) return "RESOURCE_EXHAUSTED";
  if (type === "insert" && hasSets(state)) return "INVALID_ARGUMENT";
  if (type === "modify" && !groups.has(id)) return "NOT_FOUND";
  if (members.some((member) => !state.members.has(member.id))) return "NOT_FOUND";
  if (type === "insert" && groups.has(id)) return "ALREADY_EXISTS";
  groups.set(id, members);
  return isFull(state) ? "RESOURCE_EXHAUSTED" : refusal(state, uses);
}

function applyEntry(state: NaiveState, { type, id, selection: given }: Of<"entry">): string {
  const { members, groups, entries } = state;
  const before = entries.get(id);
  if (type !== "delete" && given?.kind === "set" && sizeOf(given.actions) > groupLimit) return "INVALID_ARGUMENT";
  if (type === "insert" && given === undefined) return "INVALID_ARGUMENT";
  if (type === "insert" ? before !== undefined : before === undefined)
    return type === "insert" ? "ALREADY_EXISTS" : "NOT_FOUND";
  if (type === "delete") {
    entries.delete(id);
    return "OK";
  }
  const selection = given ?? before;
  if (selection === undefined) return "INVALID_ARGUMENT";
  entries.set(id, selection);
  if (selection.kind === "member" && !members.has(selection.id)) return "NOT_FOUND";
  if (selection.kind === "group" && !groups.has(selection.id)) return "NOT_FOUND";
  if (selection.kind === "set" && members.size + groups.size > 0) return "INVALID_ARGUMENT";
  if (selection.kind === "set" && isFull(state)) return "RESOURCE_EXHAUSTED";
  const meaning = meaningOf(state, selection);
  return meaning.kind === "refused" ? meaning.code : "OK";
}
