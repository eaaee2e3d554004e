/** `TableAction` and `Action` messages → action records. Every ACT rule is here. */
import { toHex } from "../base/hex.js";
import { invalidArgument, permissionDenied, unimplemented } from "../base/status.js";
import { portFromText } from "../entity/port-number.js";
import { numberAt, type Slot } from "../entity/record-layout.js";
import { maxTextBytes } from "../pipeline/pipeline.js";
import type { ActionSchema, EntitySchema, TableSchema } from "../entity/schema.js";
import type { TableEntryDraft } from "../entity/table-entry.js";
import { checkText, decodeBits } from "../entity/bits.js";
import type { ByteReader } from "./byte-reader.js";
import { Span } from "./span.js";

const what = "parameter";

const styles: Readonly<Record<number, string>> = {
  1: "action",
  2: "action_profile_member_id",
  3: "action_profile_group_id",
  4: "action_profile_action_set",
};

const noGiven = new Uint8Array(0);
const noTexts = new Int32Array(0);

export class ActionDecoder {
  readonly #reader: ByteReader;
  readonly #action = new Span();
  /** Per parameter of the action, in record order: 1 once it was given, and where its text lies. */
  #given: Uint8Array = noGiven;
  #texts: Int32Array = noTexts;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /**
   * Decodes a `TableAction` into `draft`.
   * @throws StatusError INVALID_ARGUMENT (ACT-01 … ACT-05, ACT-10 … ACT-13, ACT-18), PERMISSION_DENIED (ACT-06 … ACT-08),
   *   UNIMPLEMENTED for action profiles
   */
  tableAction(span: Span, schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const reader = this.#reader;
    let style = 0;
    let profileId = 0;
    this.#action.clear();
    reader.reset(span.bytes, span.start, span.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      const number = reader.fieldNumber;
      if (tag === 0x0a || tag === 0x22) {
        const length = reader.length();
        if (style !== number) this.#action.clear();
        this.#action.add(span.bytes, reader.pos, reader.pos + length);
        reader.pos += length;
        style = number;
      } else if (tag === 0x10 || tag === 0x18) {
        style = number;
        profileId = reader.uint32();
      } else reader.skip();
    }
    const { table } = schema;
    if (style === 0) throw invalidArgument(`table '${table.alias}': action is present but names nothing`);
    if (table.implementation === undefined) {
      if (style !== 1) throw invalidArgument(`table '${table.alias}' takes 'action', not '${styles[style] ?? style}'`);
    } else if (style === 1 || (style !== 2 && !table.implementation.withSelector))
      throw invalidArgument(
        `table '${table.alias}' is implemented by action profile '${table.implementation.name}', '${styles[style] ?? style}' is not for it`,
      );
    else if (style !== 4 && profileId === 0)
      throw invalidArgument(`table '${table.alias}': '${styles[style] ?? style}' is 0, which is no id`);
    else throw unimplemented(`table '${table.alias}': '${styles[style] ?? style}' is not implemented`);
    this.#decode(schema, entities, draft);
  }

  /** Id of the action a Read filters by. @throws StatusError INVALID_ARGUMENT for any other filter (RDT-10) */
  filter(span: Span, schema: TableSchema): number {
    const reader = this.#reader;
    const { table } = schema;
    let style = 0;
    this.#action.clear();
    reader.reset(span.bytes, span.start, span.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (styles[reader.fieldNumber] !== undefined) style = reader.fieldNumber;
      if (tag !== 0x0a) {
        reader.skip();
        continue;
      }
      this.#action.take(reader);
    }
    if (style === 0) throw invalidArgument(`table '${table.alias}': action filter names nothing`);
    if (style !== 1 || table.implementation !== undefined)
      throw invalidArgument(`table '${table.alias}': entries can be filtered by action_id of a direct table only`);
    const { id, params } = this.#head();
    if (params) throw invalidArgument(`table '${table.alias}': an action filter takes no parameters`);
    this.#schemaOf(id, schema);
    return id;
  }

  #decode(schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const action = this.#schemaOf(this.#head().id, schema);
    const scope = schema.refs.get(action.action.id)?.scope;
    const name = action.action.alias;
    if (scope === "group-action") throw permissionDenied(`action '${name}' is only for groups`);
    if (scope === "default-only" && !draft.isDefault)
      throw permissionDenied(`action '${name}' is only for the default entry of table '${schema.table.alias}'`);
    if (scope === "table-only" && draft.isDefault)
      throw permissionDenied(`action '${name}' cannot be the default action of table '${schema.table.alias}'`);
    draft.beginAction(action);
    this.#decodeParams(action, entities, draft);
  }

  #schemaOf(id: number, schema: TableSchema): ActionSchema {
    const action = schema.refs.has(id) ? schema.actions.get(id) : undefined;
    if (action !== undefined) return action;
    const allowed = [...schema.refs.values()].map((ref) => `${ref.action.id} (${ref.action.alias})`).join(", ");
    throw invalidArgument(`table '${schema.table.alias}' has no action ${id}; it has ${allowed}`, { action_id: id });
  }

  /** Id of the action found last, and whether it has parameters. */
  #head(): { readonly id: number; readonly params: boolean } {
    const reader = this.#reader;
    const { bytes, start, end } = this.#action;
    let id = 0;
    let params = false;
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) id = reader.uint32();
      else {
        if (tag === 0x22) params = true;
        reader.skip();
      }
    }
    return { id, params };
  }

  #decodeParams(schema: ActionSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const { action } = schema;
    const reader = this.#reader;
    const { bytes, start, end } = this.#action;
    if (this.#given.length < action.params.length) {
      this.#given = new Uint8Array(action.params.length);
      this.#texts = new Int32Array(2 * action.params.length);
    } else this.#given.fill(0);
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x22) this.#param(schema, entities, draft);
      else reader.skip();
    }
    for (const { name, index } of action.params) {
      if (this.#given[index] !== 1) throw invalidArgument(`${what} '${name}' of action '${action.alias}' is missing`);
      const slot = schema.layout.slots[index];
      if (slot?.format.kind === "sdn-string") this.#appendText(slot, index, draft);
    }
  }

  /** Decodes the `Action.Param` at the reader: numbers into their slots, texts are only found and checked. */
  #param({ action, layout }: ActionSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const reader = this.#reader;
    let id = 0;
    let start = 0;
    let end = 0;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x10) id = reader.uint32();
      else if (tag === 0x1a) {
        const length = reader.length();
        start = reader.pos;
        end = reader.pos += length;
      } else reader.skip();
    }
    reader.leave(outer);
    const param = action.paramById.get(id);
    const slot = param && layout.slots[param.index];
    if (param === undefined || slot === undefined)
      throw invalidArgument(
        `action '${action.alias}' has no parameter ${id}; it has ${action.params.map((p) => `${p.id} (${p.name})`).join(", ") || "none"}`,
      );
    const { name, format, index } = param;
    if (this.#given[index] === 1) throw invalidArgument(`${what} '${name}' of action '${action.alias}' is given twice`);
    this.#given[index] = 1;
    const { bytes } = this.#action;
    if (format.kind === "bits") {
      decodeBits(bytes, start, end, format.width, draft.actionBytes, slot.offset, slot.bytes, what, name);
      const port = format.port && slot.bytes <= 4 ? numberAt(draft.actionBytes, slot.offset, slot.bytes) : 0;
      if (format.port && !entities.isPort(port))
        throw invalidArgument(`${what} '${name}': 0x${toHex(bytes.subarray(start, end))} is no port`);
      return;
    }
    const text = bytes.subarray(start, end);
    checkText(text, maxTextBytes, what, name);
    if (format.port && !entities.isPort(portFromText(text)))
      throw invalidArgument(`${what} '${name}': '${Buffer.from(text).toString()}' is no port`);
    this.#texts[2 * index] = start;
    this.#texts[2 * index + 1] = end;
  }

  #appendText(slot: Slot, index: number, draft: TableEntryDraft): void {
    const start = this.#texts[2 * index] ?? 0;
    const end = this.#texts[2 * index + 1] ?? 0;
    draft.actionBytes.writeUInt16BE(end - start, slot.offset);
    draft.actionBytes.set(this.#action.bytes.subarray(start, end), draft.actionLength);
    draft.actionLength += end - start;
  }
}
