/** `FieldMatch` messages → the slots of a key record. Every MAT rule is here. */
import { refusal } from "../base/situation.js";
import { toHex } from "../base/hex.js";
import { notAPort, portFromText } from "../entity/port-number.js";
import { numberAt, type Slot } from "../entity/record-layout.js";
import type { EntitySchema, TableSchema } from "../entity/schema.js";
import type { TableEntryDraft } from "../entity/table-entry.js";
import { maxTextBytes, type MatchField } from "../pipeline/pipeline.js";
import { checkText, decodeBits } from "../entity/bits.js";
import type { ByteReader } from "./byte-reader.js";
import { Span } from "./span.js";

const what = "match field";

/** The member of the `field_match_type` oneof with this number. */
function kindName(number: number): string | undefined {
  switch (number) {
    case 2:
      return "exact";
    case 3:
      return "ternary";
    case 4:
      return "lpm";
    case 6:
      return "range";
    case 7:
      return "optional";
    case 100:
      return "other";
    default:
      return undefined;
  }
}

const nothing = new Uint8Array(0);

/** Decodes matches into one draft after the other. */
export class KeyDecoder {
  readonly #reader: ByteReader;
  readonly #value = new Span();
  #seen: Uint8Array = nothing;
  readonly #texts = new Map<number, Uint8Array>();

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** Begins a key of `schema`. */
  begin(schema: TableSchema): void {
    const fields = schema.table.fields.length;
    if (this.#seen.length < fields) this.#seen = new Uint8Array(fields);
    else for (let i = 0; i < fields; i++) this.#seen[i] = 0;
    if (this.#texts.size > 0) this.#texts.clear();
  }

  /** Decodes one `FieldMatch` in `bytes[start, end)` into `draft`. @throws StatusError INVALID_ARGUMENT (MAT-01 … MAT-25) */
  field(bytes: Uint8Array, start: number, end: number, schema: TableSchema, draft: TableEntryDraft): void {
    const reader = this.#reader;
    let id = 0;
    let kind = 0;
    this.#value.clear();
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      const number = reader.fieldNumber;
      if (tag === 0x08) id = reader.uint32();
      else if (reader.wireType === 2 && kindName(number) !== undefined) {
        const length = reader.length();
        if (kind !== number) this.#value.clear();
        kind = number;
        this.#value.add(bytes, reader.pos, reader.pos + length);
        reader.pos += length;
      } else reader.skip();
    }
    const { table } = schema;
    const field = table.fieldById.get(id);
    if (field === undefined)
      throw refusal(
        "unknown-field",
        `table '${table.alias}' has no match field ${id}; it has ${fieldList(table.fields)}`,
        {
          field_id: id,
        },
      );
    if (kind === 0) throw refusal("missing-part", `${what} '${field.name}' has no value`);
    if (kindName(kind) !== field.kind)
      throw refusal("wrong-match-kind", `${what} '${field.name}' is ${field.kind}, not ${kindName(kind) ?? kind}`);
    if (this.#seen[field.index] === 1) throw refusal("field-twice", `${what} '${field.name}' is given twice`);
    this.#seen[field.index] = 1;
    const slot = schema.key.slots[field.index];
    if (slot !== undefined) this.#decode(field, slot, draft);
  }

  /**
   * Completes the key: texts, mandatory fields, ports.
   * @throws StatusError INVALID_ARGUMENT (MAT-05, TRN-05)
   */
  finish(schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const { fields } = schema.table;
    for (const field of fields) {
      if (this.#seen[field.index] === 1) continue;
      if (field.kind === "exact") throw refusal("field-missing", `${what} '${field.name}' is exact and must be given`);
    }
    for (const [index, text] of this.#texts) appendText(draft, schema, index, text);
    for (const field of fields)
      if (field.format.port && this.#seen[field.index] === 1) this.#checkPort(field, schema, entities, draft);
  }

  #decode(field: MatchField, slot: Slot, draft: TableEntryDraft): void {
    const record = draft.keyBytes;
    const { offset, bytes } = slot;
    if (field.format.kind === "sdn-string") {
      this.#readValues();
      const text = this.#first.present ? this.#first.bytes.subarray(this.#first.start, this.#first.end) : nothing;
      checkText(text, maxTextBytes, what, field.name);
      this.#texts.set(field.index, text);
      return;
    }
    const { width } = field.format;
    switch (field.kind) {
      case "exact":
        this.#readValues();
        {
          this.#bits(this.#first, width, record, offset, bytes, field.name);
          return;
        }
      case "optional":
        this.#readValues();
        record[offset] = 1;
        {
          this.#bits(this.#first, width, record, offset + 1, bytes, field.name);
          return;
        }
      case "ternary":
        this.#readValues();
        this.#bits(this.#first, width, record, offset, bytes, field.name);
        this.#bits(this.#second, width, record, offset + bytes, bytes, field.name);
        {
          checkTernary(field, record, offset, bytes);
          return;
        }
      case "lpm": {
        this.#lpm(field, width, record, offset, bytes);
        return;
      }
      case "range":
        this.#readValues();
        this.#bits(this.#first, width, record, offset, bytes, field.name);
        this.#bits(this.#second, width, record, offset + bytes, bytes, field.name);
        {
          checkRange(field, width, record, offset, bytes);
          return;
        }
    }
  }

  readonly #first = new Span();
  readonly #second = new Span();
  #prefix = 0;

  /** Fields 1 and 2 of the match value: value/mask, low/high, value/prefix_len. */
  #readValues(): void {
    const reader = this.#reader;
    const { bytes, start, end } = this.#value;
    this.#first.clear();
    this.#second.clear();
    this.#prefix = 0;
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a || tag === 0x12) {
        const length = reader.length();
        const span = tag === 0x0a ? this.#first : this.#second;
        span.clear(); // of a scalar the last occurrence counts
        span.add(bytes, reader.pos, reader.pos + length);
        reader.pos += length;
      } else if (tag === 0x10) this.#prefix = reader.int32();
      else reader.skip();
    }
  }

  #bits(span: Span, width: number, record: Uint8Array, offset: number, bytes: number, name: string): void {
    if (span.present) decodeBits(span.bytes, span.start, span.end, width, record, offset, bytes, what, name);
    else decodeBits(span.bytes, 0, 0, width, record, offset, bytes, what, name);
  }

  #lpm(field: MatchField, width: number, record: Uint8Array, offset: number, bytes: number): void {
    this.#readValues();
    const prefix = this.#prefix;
    if (prefix === 0)
      throw refusal("dont-care-given", `${what} '${field.name}': prefix length 0 means don't care: omit the field`);
    if (prefix < 0 || prefix > width)
      throw refusal("bad-prefix", `${what} '${field.name}': prefix length ${prefix} is not in 1 … ${width}`);
    this.#bits(this.#first, width, record, offset, bytes, field.name);
    let low = width - prefix; // bits that must be zero
    for (let i = offset + bytes - 1; low > 0; i--, low -= 8) {
      const mask = low >= 8 ? 0xff : (1 << low) - 1;
      if (((record[i] ?? 0) & mask) !== 0)
        throw refusal(
          "stray-bits",
          `${what} '${field.name}': value 0x${toHex(record.subarray(offset, offset + bytes))} has bits outside its prefix of ${prefix} bits`,
        );
    }
    record[offset + bytes] = prefix >> 8;
    record[offset + bytes + 1] = prefix & 0xff;
  }

  #checkPort(field: MatchField, schema: TableSchema, entities: EntitySchema, draft: TableEntryDraft): void {
    const slot = schema.key.slots[field.index];
    if (slot === undefined) return;
    if (field.format.kind === "sdn-string") {
      const text = this.#texts.get(field.index);
      if (text !== undefined && !entities.isPort(portFromText(text)))
        throw notAPort(`${what} '${field.name}'`, `'${Buffer.from(text).toString()}'`, entities.ports);
      return;
    }
    if (field.kind !== "exact" && field.kind !== "optional") return;
    const offset = field.kind === "optional" ? slot.offset + 1 : slot.offset;
    const port = slot.bytes > 4 ? 0 : numberAt(draft.keyBytes, offset, slot.bytes);
    if (!entities.isPort(port)) throw notAPort(`${what} '${field.name}'`, port.toString(), entities.ports);
  }
}

/** Texts follow the slots in slot order; `index` counts slots. */
function appendText(draft: TableEntryDraft, schema: TableSchema, index: number, text: Uint8Array): void {
  const slot = schema.key.slots[index];
  if (slot === undefined) return;
  let at = schema.key.fixedBytes;
  for (let i = 0; i < index; i++) {
    const before = schema.key.slots[i];
    if (before?.format.kind === "sdn-string") at += numberAt(draft.keyBytes, before.offset, 2);
  }
  draft.keyBytes.copyWithin(at + text.length, at, draft.keyLength);
  draft.keyBytes.set(text, at);
  draft.keyBytes[slot.offset] = text.length >> 8;
  draft.keyBytes[slot.offset + 1] = text.length & 0xff;
  draft.keyLength += text.length;
}

function checkTernary(field: MatchField, record: Uint8Array, offset: number, bytes: number): void {
  let mask = 0;
  let stray = 0;
  for (let i = 0; i < bytes; i++) {
    const m = record[offset + bytes + i] ?? 0;
    mask |= m;
    stray |= (record[offset + i] ?? 0) & ~m;
  }
  if (mask === 0) throw refusal("dont-care-given", `${what} '${field.name}': mask 0 means don't care: omit the field`);
  if (stray !== 0)
    throw refusal(
      "stray-bits",
      `${what} '${field.name}': value 0x${toHex(record.subarray(offset, offset + bytes))} has bits outside mask 0x${toHex(record.subarray(offset + bytes, offset + 2 * bytes))}`,
    );
}

function checkRange(field: MatchField, width: number, record: Uint8Array, offset: number, bytes: number): void {
  const low = Buffer.from(record.buffer, record.byteOffset + offset, bytes);
  const high = Buffer.from(record.buffer, record.byteOffset + offset + bytes, bytes);
  if (low.compare(high) > 0)
    throw refusal(
      "bad-range",
      `${what} '${field.name}': low 0x${low.toString("hex")} is above high 0x${high.toString("hex")}`,
    );
  const top = width % 8 === 0 ? 0xff : (1 << (width % 8)) - 1;
  if (low.every((byte) => byte === 0) && high.every((byte, i) => byte === (i === 0 ? top : 0xff)))
    throw refusal("dont-care-given", `${what} '${field.name}': the whole range means don't care: omit the field`);
}

function fieldList(fields: readonly MatchField[]): string {
  return fields.length === 0 ? "none" : fields.map((field) => `${field.id} (${field.name})`).join(", ");
}
