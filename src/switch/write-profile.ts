/** Updates of members and groups of action profiles, and what they mean for the entries that name them. */
import { refusal } from "../base/situation.js";
import { absurd, defined, invariant, InvariantError } from "../base/invariant.js";
import { sortSteps } from "../base/sort-steps.js";
import type { Steps } from "../base/steps.js";
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
 * Entries and members of groups that one Write renews because of what they depend on. Few bytes can ask for many of
 * them, again and again, and each takes about 5 µs and 200 bytes until the Write is done. The update that goes beyond is
 * still done, so that every single change is possible.
 */
const maxRenewals = 524_288;

/**
 * Part of one Write. Everything is staged, so it is undone with the batch. A change of a member or group costs what the
 * groups that list it and the entries that select it are in number, in small steps.
 */
export class ProfileWrites {
  readonly #program: Program;
  readonly #stage: Stage;
  readonly #target: RuleTarget;
  #renewals = 0;

  constructor(program: Program, stage: Stage, target: RuleTarget) {
    this.#program = program;
    this.#stage = stage;
    this.#target = target;
  }

  /** @throws StatusError (APM, APG rows); then nothing of the update stays */
  *apply(update: ProfileUpdate): Steps<void> {
    const store = defined(this.#program.store.profiles.get(update.profile.profile.id), "every profile has a store");
    const begun = this.#stage.size;
    try {
      if (update.kind === "action-member") yield* this.#member(store, update);
      else yield* this.#group(store, update);
    } catch (error) {
      yield* this.#stage.unwindSteps(begun);
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

  *#member(store: ProfileStore, update: ProfileUpdate & { readonly kind: "action-member" }): Steps<void> {
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
        const groups = store.groupsByMember.of(id);
        if (groups.size > 0 || store.entries.some(({ byMember }) => byMember.of(id).size > 0)) this.#checkRenewals();
        const users = yield* this.#users(store, function* ({ byMember, byGroup }) {
          yield byMember.of(id);
          for (const group of groups) yield byGroup.of(Number(group));
        });
        yield* this.#change(users, () => this.#modifyMember(store, key, action));
        return;
      }
      case "delete": {
        this.#stage.require(store.members, key);
        const groups = store.groupsByMember.of(id);
        const [group] = groups;
        if (group !== undefined)
          throw refusal(
            "referenced",
            `member ${id} of ${store.members.label.owner} is in ${plural(groups.size, "group", "groups")}, such as group ${group}; take it out first`,
          );
        checkUnused(store, `member ${id} of ${store.members.label.owner}`, ({ byMember }) => byMember.of(id));
        this.#stage.delete(store.members, key);
      }
    }
  }

  /** A group whose member changes gets another version: its selector is made anew. */
  *#modifyMember(store: ProfileStore, key: string, action: string): Steps<void> {
    this.#stage.modify(store.members, key, action, undefined);
    for (const group of store.groupsByMember.of(Number(key))) {
      const { extras } = this.#stage.touch(store.groups, this.#stage.require(store.groups, group));
      this.#renewals += isUsed(store, Number(group)) ? extras.members.length : 1;
      yield;
    }
  }

  *#group(store: ProfileStore, update: ProfileUpdate & { readonly kind: "action-group" }): Steps<void> {
    const { type, id, group } = update;
    const key = id.toString();
    switch (type) {
      case "insert":
        checkStyle(store);
        yield* this.#checkMembers(store, group);
        this.#stage.insert(store.groups, key, "", group);
        checkSize(store);
        return;
      case "modify": {
        const { maxSize } = this.#stage.require(store.groups, key).extras;
        if (group.maxSize !== maxSize)
          throw refusal("bad-group-size", `group ${id} was inserted with max_size ${maxSize}, which cannot be changed`);
        yield* this.#checkMembers(store, group);
        if (isUsed(store, id)) this.#checkRenewals();
        const users = yield* this.#users(store, ({ byGroup }) => [byGroup.of(id)]);
        yield* this.#change(users, () => this.#modifyGroup(store, key, group));
        return;
      }
      case "delete":
        this.#stage.require(store.groups, key);
        checkUnused(store, `group ${id} of ${store.members.label.owner}`, ({ byGroup }) => byGroup.of(id));
        this.#stage.delete(store.groups, key);
    }
  }

  *#modifyGroup(store: ProfileStore, key: string, group: ActionGroup): Steps<void> {
    this.#stage.modify(store.groups, key, "", group);
    yield;
    checkSize(store);
  }

  /** @throws StatusError RESOURCE_EXHAUSTED if the Write has renewed too much already */
  #checkRenewals(): void {
    if (this.#renewals < maxRenewals) return;
    throw refusal(
      "full",
      `this Write has renewed ${this.#renewals} entries and members of groups already, as members or groups that they depend on changed; send the rest in another`,
      { limit: maxRenewals },
    );
  }

  *#checkMembers(store: ProfileStore, { members }: ActionGroup): Steps<void> {
    for (const { memberId } of members) {
      if (store.memberAction(memberId) === undefined) throw this.#missing(store, "member", memberId);
      yield;
    }
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

  /**
   * The entries with the keys that `of` gives, of tables with rules; the eldest first, as rules that are added take their
   * age from the order.
   */
  *#users(store: ProfileStore, of: (entries: SelectingEntries) => Iterable<Iterable<string>>): Steps<readonly User[]> {
    const users: User[] = [];
    for (const entries of store.entries) {
      const table = defined(this.#program.tables.get(entries.table.schema.table.id), "a table of the program");
      if (table.bound === undefined) continue;
      for (const keys of of(entries)) {
        yield;
        for (const key of keys) {
          users.push({ table, version: this.#stage.require(entries.table, key) });
          yield;
        }
      }
    }
    return yield* sortSteps(users, (a, b) => a.version.born - b.version.born);
  }

  /**
   * Does `stageIt` and makes the rules of `users` what they are then.
   * @throws StatusError as `stageIt` or if the datapath does not take a rule; then the rules are as before, and what is
   *   staged is for the caller to unwind
   */
  *#change(users: readonly User[], stageIt: () => Steps<void>): Steps<void> {
    const { plan } = this.#target;
    this.#renewals += users.length;
    if (plan === undefined) yield* this.#rehearse(users, stageIt);
    else {
      const begun = this.#stage.size;
      yield* stageIt();
      yield* this.#renew(plan, users, begun);
    }
  }

  /** @param begun size of the stage when the rules were as they are on the plan */
  *#renew(plan: Plan, users: readonly User[], begun: number): Steps<void> {
    const { realiser, counters } = this.#target;
    const renewed: Version[] = [];
    try {
      for (const { table, version } of users) {
        const next = this.#stage.touch(table.store, version);
        realiser.renew(plan, table, next, version);
        renewed.push(next);
        yield;
      }
    } catch (error) {
      yield* this.#stage.unwindSteps(begun);
      for (const [i, next] of renewed.entries()) {
        this.#restore(plan, defined(users[i], "renewed in order"), next);
        yield;
      }
      throw error;
    }
    for (const [i, next] of renewed.entries()) {
      counters.carry(defined(users[i], "renewed in order").version, next);
      yield;
    }
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
  *#rehearse(users: readonly User[], stageIt: () => Steps<void>): Steps<void> {
    const { rehearsal } = this.#target;
    const mark = rehearsal?.mark ?? 0;
    try {
      for (const { table, version } of users) {
        rehearsal?.remove(table, version);
        yield;
      }
      yield* stageIt();
      for (const { table, version } of users) {
        rehearsal?.add(table, version);
        yield;
      }
    } catch (error) {
      rehearsal?.rewind(mark);
      throw error;
    }
  }
}

/** True if entries select the group `id`. */
function isUsed(store: ProfileStore, id: number): boolean {
  return store.entries.some(({ byGroup }) => byGroup.of(id).size > 0);
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
  users: (entries: SelectingEntries) => ReadonlySet<string>,
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
