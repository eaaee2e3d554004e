/** `Action` messages → action records. */
import { refusal } from "../base/situation.js";
import { toHex } from "../base/hex.js";
import { notAPort, portFromText } from "../entity/port-number.js";
import { numberAt, type Slot } from "../entity/record-layout.js";
import { maxTextBytes, type Action } from "../pipeline/pipeline.js";
import type { ActionSchema, EntitySchema, TableSchema } from "../entity/schema.js";
import { TableEntryDraft } from "../entity/table-entry.js";
import { checkText, decodeBits } from "../entity/bits.js";
import type { ByteReader } from "./byte-reader.js";
import { Span } from "./span.js";

const what = "parameter";

const noGiven = new Uint8Array(0);
const noTexts = new Int32Array(0);

export class ActionDecoder {
  readonly #reader: ByteReader;
  /** Of members and action sets. */
  readonly #scratch = new TableEntryDraft();
  /** Where the action lies that is being decoded. */
  #at = new Span();
  /** Per parameter of the action, in record order: 1 once it was given, and where its text lies. */
  #given: Uint8Array = noGiven;
  #texts: Int32Array = noTexts;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /**
   * Decodes the `Action` at `at` into `draft`.
   * @throws StatusError INVALID_ARGUMENT (ACT-05, ACT-10 … ACT-13), PERMISSION_DENIED (ACT-06 … ACT-08)
   */
  decode(at: Span, schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const action = this.schemaOf(this.head(at).id, schema);
    const scope = schema.refs.get(action.action.id)?.scope;
    const name = action.action.alias;
    if (scope === "group-action") throw refusal("wrong-scope", `action '${name}' is only for groups`);
    if (scope === "default-only" && !draft.isDefault)
      throw refusal("wrong-scope", `action '${name}' is only for the default entry of table '${schema.table.alias}'`);
    if (scope === "table-only" && draft.isDefault)
      throw refusal("wrong-scope", `action '${name}' cannot be the default action of table '${schema.table.alias}'`);
    draft.beginAction(action);
    this.#decodeParams(action, entities, draft);
  }

  /** The record in latin1 of an `Action` that stands in a member or action set. @throws StatusError as `decode` */
  record(at: Span, schema: TableSchema, entities: EntitySchema): string {
    this.decode(at, schema, entities, this.#scratch);
    return this.#scratch.actionRecord();
  }

  /** @throws StatusError INVALID_ARGUMENT unless the table lists action `id` */
  schemaOf(id: number, schema: TableSchema): ActionSchema {
    const action = schema.refs.has(id) ? schema.actions.get(id) : undefined;
    if (action !== undefined) return action;
    const allowed = [...schema.refs.values()].map((ref) => `${ref.action.id} (${ref.action.alias})`).join(", ");
    throw refusal("unknown-action", `table '${schema.table.alias}' has no action ${id}; it has ${allowed}`, {
      action_id: id,
    });
  }

  /** Id of the action at `at`, and whether it has parameters. */
  head(at: Span): { readonly id: number; readonly params: boolean } {
    this.#at = at;
    const reader = this.#reader;
    const { bytes, start, end } = at;
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
    const { bytes, start, end } = this.#at;
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
      if (this.#given[index] !== 1)
        throw refusal("parameter-missing", `${what} '${name}' of action '${action.alias}' is missing`);
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
      throw refusal(
        "unknown-parameter",
        `action '${action.alias}' has no parameter ${id}; it has ${action.params.map((p) => `${p.id} (${p.name})`).join(", ") || "none"}`,
      );
    const { name, format, index } = param;
    if (this.#given[index] === 1)
      throw refusal("parameter-twice", `${what} '${name}' of action '${action.alias}' is given twice`);
    this.#given[index] = 1;
    const { bytes } = this.#at;
    if (format.kind === "bits") {
      decodeBits(bytes, start, end, format.width, draft.actionBytes, slot.offset, slot.bytes, what, name);
      const port = format.port && slot.bytes <= 4 ? numberAt(draft.actionBytes, slot.offset, slot.bytes) : 0;
      if (format.port && !entities.isPort(port))
        throw notAPort(portParam(name, action), `0x${toHex(bytes.subarray(start, end))}`, entities.ports);
      return;
    }
    const text = bytes.subarray(start, end);
    checkText(text, maxTextBytes, what, name);
    if (format.port && !entities.isPort(portFromText(text)))
      throw notAPort(portParam(name, action), `'${Buffer.from(text).toString()}'`, entities.ports);
    this.#texts[2 * index] = start;
    this.#texts[2 * index + 1] = end;
  }

  #appendText(slot: Slot, index: number, draft: TableEntryDraft): void {
    const start = this.#texts[2 * index] ?? 0;
    const end = this.#texts[2 * index + 1] ?? 0;
    draft.actionBytes.writeUInt16BE(end - start, slot.offset);
    draft.actionBytes.set(this.#at.bytes.subarray(start, end), draft.actionLength);
    draft.actionLength += end - start;
  }
}

const portParam = (name: string, { alias }: Action) => `${what} '${name}' of action '${alias}'`;
