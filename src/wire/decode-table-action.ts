/** `TableAction` messages → actions and selections. */
import { refusal } from "../base/situation.js";
import { groupSize, type ActionSet, type ActionSetAction } from "../entity/action-profile.js";
import type { EntitySchema, TableSchema } from "../entity/schema.js";
import type { TableEntryDraft } from "../entity/table-entry.js";
import type { ActionProfile, SizeSemantics } from "../pipeline/pipeline.js";
import type { ByteReader } from "./byte-reader.js";
import { ActionDecoder } from "./decode-action.js";
import { checkSetSize, checkWeight, readWatch, WatchParts } from "./decode-weighted.js";
import { Span } from "./span.js";

const styles: Readonly<Record<number, string>> = {
  1: "action",
  2: "action_profile_member_id",
  3: "action_profile_group_id",
  4: "action_profile_action_set",
};

/** `ActionSelectionMode` has as many numbers: DEFAULT, HASH, RANDOM. */
const modes = 3;
/** By the number of `SizeSemantics`; 0 stands for the selector's. */
const semanticsOf: Readonly<Record<number, SizeSemantics>> = { 1: "sum-of-weights", 2: "sum-of-members" };

/** One `ActionProfileAction` as found, before its action is decoded. */
interface SetPart {
  readonly action: Span;
  readonly weight: number;
  readonly watch: ActionSetAction["watch"];
}

export class TableActionDecoder {
  readonly actions: ActionDecoder;
  readonly #reader: ByteReader;
  readonly #value = new Span();
  readonly #watch = new WatchParts();

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.actions = new ActionDecoder(reader);
  }

  /**
   * Decodes a `TableAction` into `draft`.
   * @throws StatusError as `ActionDecoder.decode`; INVALID_ARGUMENT for a style that is not for the table, for id 0 and for
   *   a set that breaks the rules of its selector (ACT-01 … ACT-04, ACT-18, ONE-04 … ONE-08, ONE-16, ONE-21);
   *   UNIMPLEMENTED for a group_action (ONE-17)
   */
  tableAction(span: Span, schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const reader = this.#reader;
    const value = this.#value;
    let style = 0;
    let id = 0;
    value.clear();
    reader.reset(span.bytes, span.start, span.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      const number = reader.fieldNumber;
      if (tag === 0x0a || tag === 0x22) {
        if (style !== number) value.clear();
        value.take(reader);
        style = number;
      } else if (tag === 0x10 || tag === 0x18) {
        style = number;
        id = reader.uint32();
      } else reader.skip();
    }
    const { table } = schema;
    const profile = table.implementation;
    if (style === 0) throw refusal("missing-part", `table '${table.alias}': action is present but names nothing`);
    if (profile === undefined) {
      if (style !== 1)
        throw refusal("wrong-action-style", `table '${table.alias}' takes 'action', not '${styles[style] ?? style}'`);
      this.actions.decode(value, schema, entities, draft);
      return;
    }
    if (style === 1 || (style !== 2 && !profile.withSelector))
      throw refusal(
        "wrong-action-style",
        `table '${table.alias}' is implemented by action profile '${profile.name}', '${styles[style] ?? style}' is not for it`,
      );
    if (style === 4) draft.selection = this.#set(schema, profile, entities);
    else if (id === 0)
      throw refusal("id-out-of-range", `table '${table.alias}': '${styles[style] ?? style}' is 0, which is no id`);
    else draft.selection = { kind: style === 2 ? "member" : "group", id };
  }

  /** Id of the action a Read filters by. @throws StatusError INVALID_ARGUMENT for any other filter (RDT-10) */
  filter(span: Span, schema: TableSchema): number {
    const reader = this.#reader;
    const { table } = schema;
    let style = 0;
    this.#value.clear();
    reader.reset(span.bytes, span.start, span.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (styles[reader.fieldNumber] !== undefined) style = reader.fieldNumber;
      if (tag === 0x0a) this.#value.take(reader);
      else reader.skip();
    }
    if (style === 0) throw refusal("bad-filter", `table '${table.alias}': action filter names nothing`);
    if (style !== 1 || table.implementation !== undefined)
      throw refusal(
        "bad-filter",
        `table '${table.alias}': entries can be filtered by action_id of a direct table only`,
      );
    const { id, params } = this.actions.head(this.#value);
    if (params) throw refusal("bad-filter", `table '${table.alias}': an action filter takes no parameters`);
    this.actions.schemaOf(id, schema);
    return id;
  }

  /** The `ActionProfileActionSet` at `#value`. */
  #set(schema: TableSchema, profile: ActionProfile, entities: EntitySchema): ActionSet {
    const reader = this.#reader;
    const { bytes, start, end } = this.#value;
    const what = `table '${schema.table.alias}': action set`;
    const parts: SetPart[] = [];
    const groupAction = new Span();
    let mode = 0;
    let sizeSemantics = 0;
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) parts.push(this.#part(entities, `${what}: action ${parts.length + 1}`));
      else if (tag === 0x10) mode = reader.int32();
      else if (tag === 0x18) sizeSemantics = reader.int32();
      else if (tag === 0x2a) groupAction.take(reader);
      else reader.skip();
    }
    const semantics = sizeSemantics === 0 ? profile.semantics : semanticsOf[sizeSemantics];
    if (semantics === undefined)
      throw refusal(
        "bad-selection-mode",
        `${what}: size_semantics ${sizeSemantics} is unknown; it must be DEFAULT (0), SUM_OF_WEIGHTS (1) or SUM_OF_MEMBERS (2)`,
      );
    if (mode < 0 || mode >= modes)
      throw refusal(
        "bad-selection-mode",
        `${what}: action_selection_mode ${mode} is unknown; it must be DEFAULT (0), HASH (1) or RANDOM (2)`,
      );
    if (groupAction.present) throw this.#groupAction(groupAction, schema);
    for (const [i, { weight }] of parts.entries()) checkWeight(weight, profile, semantics, `${what}: action ${i + 1}`);
    const size = groupSize(semantics, parts);
    checkSetSize(size, profile, semantics, what);
    const actions = parts.map(({ action, weight, watch }) => ({
      action: this.actions.record(action, schema, entities),
      weight,
      watch,
    }));
    return { kind: "set", actions, mode, sizeSemantics, size };
  }

  #part(entities: EntitySchema, what: string): SetPart {
    const reader = this.#reader;
    const action = new Span();
    const watch = this.#watch.clear();
    let weight = 0;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) action.take(reader);
      else if (tag === 0x10) weight = reader.int32();
      else if (!readWatch(reader, tag, watch)) reader.skip();
    }
    reader.leave(outer);
    if (!action.present) throw refusal("parameter-missing", `${what} is missing`);
    return { action, weight, watch: watch.port(entities, what) };
  }

  /** Why a group_action is refused (ACT-09, ONE-17). */
  #groupAction(at: Span, schema: TableSchema) {
    const { action } = this.actions.schemaOf(this.actions.head(at).id, schema);
    return schema.refs.get(action.id)?.scope === "group-action"
      ? refusal("unsupported", `table '${schema.table.alias}': group_action is not implemented`)
      : refusal("wrong-scope", `action '${action.alias}' is not for groups: its scope is not GROUP_ACTION`);
  }
}
