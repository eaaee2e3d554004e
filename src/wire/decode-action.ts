/** `TableAction` and `Action` messages → action records. Every ACT rule is here. */
import { invalidArgument, permissionDenied, unimplemented } from "../base/status.js";
import { portFromText } from "../entity/port-number.js";
import { numberAt } from "../entity/record-layout.js";
import { maxTextBytes } from "../pipeline/pipeline.js";
import type { ActionSchema, EntitySchema, TableSchema } from "../entity/schema.js";
import type { TableEntryDraft } from "../entity/table-entry.js";
import { checkText, decodeBits } from "./bits.js";
import type { ByteReader } from "./byte-reader.js";
import { Span } from "./span.js";

const what = "parameter";

const styles: Readonly<Record<number, string>> = {
  1: "action",
  2: "action_profile_member_id",
  3: "action_profile_group_id",
  4: "action_profile_action_set",
};

export class ActionDecoder {
  readonly #reader: ByteReader;
  readonly #action = new Span();
  readonly #params: { id: number; start: number; end: number }[] = [];

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /**
   * Decodes a `TableAction` into `draft`.
   * @throws StatusError INVALID_ARGUMENT (ACT-01 … ACT-05, ACT-10 … ACT-13), PERMISSION_DENIED (ACT-06 … ACT-08),
   *   UNIMPLEMENTED for action profiles
   */
  tableAction(span: Span, schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const reader = this.#reader;
    let style = 0;
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
      } else {
        if (tag === 0x10 || tag === 0x18) style = number;
        reader.skip();
      }
    }
    const { table } = schema;
    if (style === 0) throw invalidArgument(`table '${table.alias}': action is present but names nothing`);
    if (table.implementation === undefined) {
      if (style !== 1) throw invalidArgument(`table '${table.alias}' takes 'action', not '${styles[style] ?? style}'`);
    } else if (
      style === 1 ||
      (style === 4 && !table.implementation.withSelector) ||
      (style === 3 && !table.implementation.withSelector)
    )
      throw invalidArgument(
        `table '${table.alias}' is implemented by action profile '${table.implementation.name}', '${styles[style] ?? style}' is not for it`,
      );
    else throw unimplemented(`table '${table.alias}': '${styles[style] ?? style}' is not implemented`);
    this.#decode(schema, entities, draft);
  }

  /** Id of the action a Read filters by. @throws StatusError INVALID_ARGUMENT for any other filter (RDT-10) */
  filter(span: Span, schema: TableSchema): number {
    const reader = this.#reader;
    const { table } = schema;
    this.#action.clear();
    reader.reset(span.bytes, span.start, span.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag !== 0x0a || table.implementation !== undefined)
        throw invalidArgument(`table '${table.alias}': entries can be filtered by action_id of a direct table only`);
      const length = reader.length();
      this.#action.add(span.bytes, reader.pos, reader.pos + length);
      reader.pos += length;
    }
    if (!this.#action.present) throw invalidArgument(`table '${table.alias}': action filter names nothing`);
    const id = this.#scan();
    if (this.#params.length > 0) throw invalidArgument(`table '${table.alias}': an action filter takes no parameters`);
    this.#schemaOf(id, schema);
    return id;
  }

  #decode(schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const action = this.#schemaOf(this.#scan(), schema);
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

  /** Reads action id and parameter positions of the action found last. */
  #scan(): number {
    const reader = this.#reader;
    const { bytes, start, end } = this.#action;
    this.#params.length = 0;
    let id = 0;
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) id = reader.uint32();
      else if (tag === 0x22) {
        const param = { id: 0, start: 0, end: 0 };
        const outer = reader.enter();
        for (let inner = reader.tag(); inner !== 0; inner = reader.tag()) {
          if (inner === 0x10) param.id = reader.uint32();
          else if (inner === 0x1a) {
            const length = reader.length();
            param.start = reader.pos;
            param.end = reader.pos += length;
          } else reader.skip();
        }
        reader.leave(outer);
        this.#params.push(param);
      } else reader.skip();
    }
    return id;
  }

  #decodeParams(schema: ActionSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const { action, layout } = schema;
    const { bytes } = this.#action;
    for (const [i, param] of this.#params.entries()) {
      if (!action.paramById.has(param.id))
        throw invalidArgument(
          `action '${action.alias}' has no parameter ${param.id}; it has ${action.params.map((p) => `${p.id} (${p.name})`).join(", ") || "none"}`,
        );
      if (this.#params.findIndex((other) => other.id === param.id) !== i)
        throw invalidArgument(
          `${what} '${action.paramById.get(param.id)?.name ?? ""}' of action '${action.alias}' is given twice`,
        );
    }
    for (const param of action.params) {
      const given = this.#params.find((candidate) => candidate.id === param.id);
      const slot = layout.slots[param.index];
      if (given === undefined || slot === undefined)
        throw invalidArgument(`${what} '${param.name}' of action '${action.alias}' is missing`);
      if (param.format.kind === "bits") {
        decodeBits(
          bytes,
          given.start,
          given.end,
          param.format.width,
          draft.actionBytes,
          slot.offset,
          slot.bytes,
          what,
          param.name,
        );
        if (
          param.format.port &&
          !entities.isPort(slot.bytes > 4 ? 0 : numberAt(draft.actionBytes, slot.offset, slot.bytes))
        )
          throw invalidArgument(
            `${what} '${param.name}': 0x${Buffer.from(bytes.subarray(given.start, given.end)).toString("hex")} is no port`,
          );
        continue;
      }
      const text = bytes.subarray(given.start, given.end);
      checkText(text, maxTextBytes, what, param.name);
      if (param.format.port && !entities.isPort(portFromText(text)))
        throw invalidArgument(`${what} '${param.name}': '${Buffer.from(text).toString()}' is no port`);
      draft.actionBytes[slot.offset] = text.length >> 8;
      draft.actionBytes[slot.offset + 1] = text.length & 0xff;
      draft.actionBytes.set(text, draft.actionLength);
      draft.actionLength += text.length;
    }
  }
}
