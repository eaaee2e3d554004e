/** What one action profile holds: members, groups, and who uses them. */
import { absurd } from "../base/invariant.js";
import type { ActionGroup, Selection } from "../entity/action-profile.js";
import type { ProfileSchema } from "../entity/schema.js";
import { Collection, isLive } from "./collection.js";
import type { TableStore } from "./table-store.js";
import { Users } from "./users.js";
import type { Version } from "./version.js";

/** The keys of one table's live entries by what they select. */
export interface SelectingEntries {
  readonly table: TableStore;
  readonly byMember: Users<string>;
  readonly byGroup: Users<string>;
}

/** Members have their action record in `Version.action` and nothing else. All counts include what is staged. */
export class ProfileStore {
  readonly schema: ProfileSchema;
  /** By id in decimal. */
  readonly members: Collection<undefined>;
  /** By id in decimal. */
  readonly groups: Collection<ActionGroup>;
  readonly entries: readonly SelectingEntries[];
  /** Keys of live groups by the member they list. */
  readonly groupsByMember = new Users<string>();
  /** Size of all groups and action sets together. */
  size = 0;
  /** Entries with an action set of their own. */
  sets = 0;

  /** @param tables those that the profile implements */
  constructor(schema: ProfileSchema, tables: readonly TableStore[]) {
    this.schema = schema;
    const label = { owner: `action profile '${schema.profile.name}'`, capacity: schema.capacity };
    this.members = new Collection({ ...label, noun: "members", describe: (key) => `member ${key}` });
    this.groups = new Collection({ ...label, noun: "groups", describe: (key) => `group ${key}` });
    this.groups.index = {
      enter: (group) => this.#enterGroup(group),
      leave: (group) => this.#leaveGroup(group),
      replace: (before, group) => {
        if (before.extras === group.extras) return; // only touched
        this.#leaveGroup(before);
        this.#enterGroup(group);
      },
    };
    this.entries = tables.map((table) => ({ table, byMember: new Users<string>(), byGroup: new Users<string>() }));
    for (const entries of this.entries) entries.table.index = this.#indexOf(entries);
  }

  /** True if members or groups are there, so that action sets may not be (ONE-12). */
  get hasMembers(): boolean {
    return this.members.entries > 0 || this.groups.entries > 0;
  }

  /** The action record of a live member in latin1; undefined: there is no such member. */
  memberAction(id: number): string | undefined {
    const head = this.members.heads.get(id.toString());
    return isLive(head) ? head.action : undefined;
  }

  /** The live group `id`. */
  group(id: number): Version<ActionGroup> | undefined {
    const head = this.groups.heads.get(id.toString());
    return isLive(head) ? head : undefined;
  }

  #enterGroup(group: Version<ActionGroup>): void {
    this.size += group.extras.size;
    for (const { memberId } of group.extras.members) this.groupsByMember.add(memberId, group.key);
  }

  #leaveGroup(group: Version<ActionGroup>): void {
    this.size -= group.extras.size;
    for (const { memberId } of group.extras.members) this.groupsByMember.delete(memberId, group.key);
  }

  #indexOf({ byMember, byGroup }: SelectingEntries): Collection["index"] {
    const change = (selection: Selection | undefined, key: string, by: "add" | "delete") => {
      switch (selection?.kind) {
        case undefined:
          return;
        case "member":
          byMember[by](selection.id, key);
          return;
        case "group":
          byGroup[by](selection.id, key);
          return;
        case "set":
          this.size += by === "add" ? selection.size : -selection.size;
          this.sets += by === "add" ? 1 : -1;
          return;
        default:
          absurd(selection);
      }
    };
    return {
      enter: ({ key, extras: { selection } }) => change(selection, key, "add"),
      leave: ({ key, extras: { selection } }) => change(selection, key, "delete"),
      replace: ({ key, extras: { selection: before } }, { extras: { selection } }) => {
        if (before === selection) return;
        change(before, key, "delete");
        change(selection, key, "add");
      },
    };
  }
}
