/** `ActionProfileMember` and `ActionProfileGroup` messages → updates and queries. @see P4Runtime §9.2 */
import { refusal } from "../base/situation.js";
import { groupSize, type ActionGroup, type GroupMember } from "../entity/action-profile.js";
import type { ProfileQuery } from "../entity/read-query.js";
import type { EntitySchema, ProfileSchema } from "../entity/schema.js";
import type { UpdateType } from "../entity/table-entry.js";
import type { ProfileUpdate } from "../entity/update.js";
import type { ByteReader } from "./byte-reader.js";
import type { ActionDecoder } from "./decode-action.js";
import { checkWeight, groupLimit, readWatch, tooLarge, WatchParts } from "./decode-weighted.js";
import { Span } from "./span.js";
import { unknownObject } from "./unknown-object.js";

const noGroup: ActionGroup = { members: [], maxSize: 0, size: 0 };

/** Both messages have the profile's id in field 1 and their own in field 2. */
export class ActionProfileDecoder {
  readonly #reader: ByteReader;
  readonly #actions: ActionDecoder;
  readonly #action = new Span();
  readonly #watch = new WatchParts();

  constructor(reader: ByteReader, actions: ActionDecoder) {
    this.#reader = reader;
    this.#actions = actions;
  }

  /** @throws StatusError INVALID_ARGUMENT, PERMISSION_DENIED (APM-04 … APM-06) */
  member(at: Span, type: UpdateType, schema: EntitySchema): ProfileUpdate {
    const { profile, id } = this.#key(at, schema, "member");
    const base = { kind: "action-member", type, profile, id } as const;
    if (type === "delete") return { ...base, action: "" };
    const reader = this.#reader;
    this.#action.clear();
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x1a) this.#action.take(reader);
      else reader.skip();
    }
    if (!this.#action.present) throw refusal("action-missing", `member ${id} needs an action`);
    const [table] = profile.tables;
    if (table === undefined)
      throw refusal(
        "unknown-action",
        `action profile '${profile.profile.name}' implements no table, so it has no actions`,
      );
    return { ...base, action: this.#actions.record(this.#action, table, schema) };
  }

  /** @throws StatusError INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED (APG rows) */
  group(at: Span, type: UpdateType, schema: EntitySchema): ProfileUpdate {
    const { profile, id } = this.#key(at, schema, "group");
    const { name, withSelector, semantics } = profile.profile;
    if (!withSelector) throw refusal("no-selector", `action profile '${name}' has no selector, so it has no groups`);
    const base = { kind: "action-group", type, profile, id } as const;
    if (type === "delete") return { ...base, group: noGroup };
    const what = `group ${id}`;
    const reader = this.#reader;
    const members: GroupMember[] = [];
    let maxSize = 0;
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x1a) members.push(this.#groupMember(schema, profile, `${what}: member ${members.length + 1}`));
      else if (tag === 0x20) maxSize = reader.int32();
      else reader.skip();
    }
    const limit = groupLimit(maxSize, profile.profile, what);
    checkDistinct(members, what);
    const size = groupSize(semantics, members);
    if (size > limit) throw tooLarge(size, semantics, limit, what);
    return { ...base, group: { members, maxSize, size } };
  }

  /** APM-14, APG-25. @throws StatusError INVALID_ARGUMENT for an id that is no profile's, or of no profile */
  query(at: Span, kind: ProfileQuery["kind"], schema: EntitySchema): ProfileQuery {
    const { profileId, id } = this.#ids(at);
    if (profileId === 0) {
      if (id !== 0) throw refusal("bad-filter", `action_profile_id 0 reads all action profiles and takes no other id`);
      return { kind, profiles: [...schema.profiles.values()], id };
    }
    return { kind, profiles: [profileSchema(profileId, schema)], id };
  }

  #key(at: Span, schema: EntitySchema, noun: "member" | "group") {
    const { profileId, id } = this.#ids(at);
    const profile = profileSchema(profileId, schema);
    if (id === 0) throw refusal("id-out-of-range", `${noun}_id is 0, which is no id`);
    return { profile, id };
  }

  #ids(at: Span): { readonly profileId: number; readonly id: number } {
    const reader = this.#reader;
    let profileId = 0;
    let id = 0;
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) profileId = reader.uint32();
      else if (tag === 0x10) id = reader.uint32();
      else reader.skip();
    }
    return { profileId, id };
  }

  #groupMember(schema: EntitySchema, { profile }: ProfileSchema, what: string): GroupMember {
    const reader = this.#reader;
    const watch = this.#watch.clear();
    let memberId = 0;
    let weight = 0;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) memberId = reader.uint32();
      else if (tag === 0x10) weight = reader.int32();
      else if (!readWatch(reader, tag, watch)) reader.skip();
    }
    reader.leave(outer);
    if (memberId === 0) throw refusal("id-out-of-range", `${what}: member_id is 0, which is no id`);
    checkWeight(weight, profile, profile.semantics, what);
    return { memberId, weight, watch: watch.port(schema, what) };
  }
}

/** APG-05. */
function checkDistinct(members: readonly GroupMember[], what: string): void {
  const seen = new Set<number>();
  for (const { memberId } of members) {
    if (seen.has(memberId)) throw refusal("duplicate-member", `${what} lists member ${memberId} twice`);
    seen.add(memberId);
  }
}

/** @throws StatusError INVALID_ARGUMENT naming what the id is, if anything (APM-05, APG-31) */
function profileSchema(id: number, entities: EntitySchema): ProfileSchema {
  const schema = entities.profiles.get(id);
  if (schema !== undefined) return schema;
  const known = new Map([...entities.profiles].map(([profileId, { profile }]) => [profileId, profile.name]));
  throw unknownObject(id, { field: "action_profile_id", noun: "an action profile", known }, entities.pipeline);
}
