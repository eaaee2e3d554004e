/** Updates of members and groups of action profiles, and what they mean for the entries that name them. */
import { refusal } from "../base/situation.js";
import { absurd, defined, invariant, InvariantError } from "../base/invariant.js";
import { explain } from "../constraints/restriction.js";
import type { Plan } from "../datapath/datapath.js";
import type { ActionGroup } from "../entity/action-profile.js";
import { describeSlots } from "../entity/describe-key.js";
import { headNumber } from "../entity/record-layout.js";
import type { ProfileUpdate } from "../entity/update.js";
import type { ProfileStore, SelectingEntries } from "../store/profile-store.js";
import type { Stage } from "../store/stage.js";
import type { Version } from "../store/version.js";
import type { CounterWrites } from "./counters.js";
import type { Program, ProgramTable } from "./program.js";
import { ruleOf, type Realiser } from "./realise.js";
import type { Rehearsal } from "./rehearsal.js";

/** Where rules of entries go: the plan, or what stands for it. */
export interface RuleTarget {
  readonly realiser: Realiser;
  readonly plan: Plan | undefined;
  readonly rehearsal: Rehearsal | undefined;
  readonly counters: CounterWrites;
}

/** An entry whose rule may have to change. */
interface User {
  readonly table: ProgramTable;
  readonly version: Version;
}

/**
 * Part of one Write. Everything is staged, so it is undone with the batch. A change of a member or group costs what the
 * groups that list it and the entries that select it are in number.
 */
export class ProfileWrites {
  readonly #program: Program;
  readonly #stage: Stage;
  readonly #target: RuleTarget;

  constructor(program: Program, stage: Stage, target: RuleTarget) {
    this.#program = program;
    this.#stage = stage;
    this.#target = target;
  }

  /** @throws StatusError (APM, APG rows); then nothing of the update stays */
  apply(update: ProfileUpdate): void {
    const store = defined(this.#program.store.profiles.get(update.profile.profile.id), "every profile has a store");
    const begun = this.#stage.size;
    try {
      if (update.kind === "action-member") this.#member(store, update);
      else this.#group(store, update);
    } catch (error) {
      this.#stage.unwind(begun);
      throw error;
    }
  }

  /**
   * Checks what a staged entry selects.
   * @throws StatusError NOT_FOUND (ACT-14), INVALID_ARGUMENT (ONE-12) or RESOURCE_EXHAUSTED (ONE-09)
   */
  check(store: ProfileStore, { extras: { selection } }: Version): void {
    switch (selection?.kind) {
      case undefined:
        return;
      case "member":
        if (store.memberAction(selection.id) === undefined) throw this.#missing(store, "member", selection.id);
        return;
      case "group":
        if (store.group(selection.id) === undefined) throw this.#missing(store, "group", selection.id);
        return;
      case "set":
        if (store.hasMembers)
          throw refusal(
            "mixed-selection",
            `${store.members.label.owner} has members or groups, so no entry can have an action set of its own`,
          );
        for (const { action } of selection.actions) this.#restrict(store, action);
        checkSize(store);
        return;
      default:
        absurd(selection);
    }
  }

  #member(store: ProfileStore, update: ProfileUpdate & { readonly kind: "action-member" }): void {
    const { type, id, action } = update;
    const key = id.toString();
    switch (type) {
      case "insert":
        checkStyle(store);
        this.#restrict(store, action);
        this.#stage.insert(store.members, key, action, undefined);
        return;
      case "modify": {
        this.#restrict(store, action);
        if (this.#stage.require(store.members, key).action === action) return;
        const groups = [...store.groupsByMember.of(id)];
        const users = this.#users(store, (entries) => [
          ...entries.byMember.of(id),
          ...groups.flatMap((group) => [...entries.byGroup.of(Number(group.key))]),
        ]);
        this.#change(users, () => {
          this.#stage.modify(store.members, key, action, undefined);
          for (const group of groups) this.#stage.touch(store.groups, group);
        });
        return;
      }
      case "delete": {
        this.#stage.require(store.members, key);
        const groups = store.groupsByMember.of(id);
        const [group] = groups;
        if (group !== undefined)
          throw refusal(
            "referenced",
            `member ${id} of ${store.members.label.owner} is in ${plural(groups.size, "group", "groups")}, such as group ${group.key}; take it out first`,
          );
        checkUnused(store, `member ${id} of ${store.members.label.owner}`, ({ byMember }) => byMember.of(id));
        this.#stage.delete(store.members, key);
      }
    }
  }

  #group(store: ProfileStore, update: ProfileUpdate & { readonly kind: "action-group" }): void {
    const { type, id, group } = update;
    const key = id.toString();
    switch (type) {
      case "insert":
        checkStyle(store);
        this.#checkMembers(store, group);
        this.#stage.insert(store.groups, key, "", group);
        checkSize(store);
        return;
      case "modify": {
        const { maxSize } = this.#stage.require(store.groups, key).extras;
        if (group.maxSize !== maxSize)
          throw refusal("bad-group-size", `group ${id} was inserted with max_size ${maxSize}, which cannot be changed`);
        this.#checkMembers(store, group);
        this.#change(
          this.#users(store, ({ byGroup }) => byGroup.of(id)),
          () => {
            this.#stage.modify(store.groups, key, "", group);
            checkSize(store);
          },
        );
        return;
      }
      case "delete":
        this.#stage.require(store.groups, key);
        checkUnused(store, `group ${id} of ${store.members.label.owner}`, ({ byGroup }) => byGroup.of(id));
        this.#stage.delete(store.groups, key);
    }
  }

  #checkMembers(store: ProfileStore, { members }: ActionGroup): void {
    for (const { memberId } of members)
      if (store.memberAction(memberId) === undefined) throw this.#missing(store, "member", memberId);
  }

  #missing(store: ProfileStore, noun: "member" | "group", id: number) {
    return refusal("dangling-reference", `${store.members.label.owner} has no ${noun} ${id}`);
  }

  /** @throws StatusError INVALID_ARGUMENT naming action, clause and values */
  #restrict(store: ProfileStore, record: string): void {
    const bytes = Buffer.from(record, "latin1");
    const broken = this.#program.actionRestrictions.get(headNumber(record))?.violated(bytes);
    if (broken === undefined) return;
    const schema = store.schema.tables[0]?.actions.get(headNumber(record));
    const args = schema === undefined ? "" : describeSlots(schema.layout, bytes).join(", ");
    throw refusal("restricted", explain(broken, `action '${schema?.action.alias ?? ""}': ${args}`), {
      clause: broken.clause,
    });
  }

  /** The entries that `of` gives, of tables with rules; the eldest first, as rules that are added take their age from the order. */
  #users(store: ProfileStore, of: (entries: SelectingEntries) => Iterable<Version>): readonly User[] {
    const users: User[] = [];
    for (const entries of store.entries) {
      const table = defined(this.#program.tables.get(entries.table.schema.table.id), "a table of the program");
      if (table.bound === undefined) continue;
      for (const version of of(entries)) users.push({ table, version });
    }
    return users.sort((a, b) => a.version.born - b.version.born);
  }

  /**
   * Does `stageIt` and makes the rules of `users` what they are then.
   * @throws StatusError as `stageIt` or if the datapath does not take a rule; then the rules are as before, and what is
   *   staged is for the caller to unwind
   */
  #change(users: readonly User[], stageIt: () => void): void {
    const { plan } = this.#target;
    if (plan === undefined) this.#rehearse(users, stageIt);
    else {
      const begun = this.#stage.size;
      stageIt();
      this.#renew(plan, users, begun);
    }
  }

  /** @param begun size of the stage when the rules were as they are on the plan */
  #renew(plan: Plan, users: readonly User[], begun: number): void {
    const { realiser, counters } = this.#target;
    const renewed: Version[] = [];
    try {
      for (const { table, version } of users) {
        const next = this.#stage.touch(table.store, version);
        realiser.renew(plan, table, next, version);
        renewed.push(next);
      }
    } catch (error) {
      this.#stage.unwind(begun);
      for (const [i, next] of renewed.entries()) this.#restore(plan, defined(users[i], "renewed in order"), next);
      throw error;
    }
    for (const [i, next] of renewed.entries()) counters.carry(defined(users[i], "renewed in order").version, next);
  }

  /** Gives the rule of `user` back what it was before `next`. */
  #restore(plan: Plan, { table, version }: User, next: Version): void {
    const { realiser } = this.#target;
    const [before, after] = [ruleOf(version), ruleOf(next)];
    if (before === undefined && after !== undefined) plan.remove(after);
    if (before === undefined) return;
    // All users of what is changed lose their rules or none does, and removing cannot fail.
    invariant(after !== undefined, "no rule is removed in a step that fails");
    try {
      realiser.renew(plan, table, version, next);
    } catch (cause) {
      throw new InvariantError("a datapath gives a rule back what it had", { cause });
    }
  }

  /** The rehearsal knows entries by the actions they have: it forgets the users and takes them anew. */
  #rehearse(users: readonly User[], stageIt: () => void): void {
    const { rehearsal } = this.#target;
    const mark = rehearsal?.mark ?? 0;
    try {
      for (const { table, version } of users) rehearsal?.remove(table, version);
      stageIt();
      for (const { table, version } of users) rehearsal?.add(table, version);
    } catch (error) {
      rehearsal?.rewind(mark);
      throw error;
    }
  }
}

/** ONE-12. */
function checkStyle({ sets, members }: ProfileStore): void {
  if (sets > 0)
    throw refusal(
      "mixed-selection",
      `${members.label.owner} has ${plural(sets, "entry", "entries")} with an action set of its own, so no members or groups`,
    );
}

/** APG-20, ONE-09. */
function checkSize({ size, schema: { capacity }, members }: ProfileStore): void {
  if (size > capacity)
    throw refusal(
      "full",
      `${members.label.owner} is full: groups and action sets of ${size} together, its size is ${capacity}`,
      {
        capacity,
      },
    );
}

const plural = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`;

/** APM-12, APG-23. */
function checkUnused(
  store: ProfileStore,
  what: string,
  users: (entries: SelectingEntries) => ReadonlySet<Version>,
): void {
  for (const entries of store.entries) {
    const { size } = users(entries);
    if (size > 0)
      throw refusal(
        "referenced",
        `${what} is used by ${plural(size, "entry", "entries")} of ${entries.table.label.owner}; change or delete them first`,
      );
  }
}
