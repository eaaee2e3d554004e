import assert from "node:assert/strict";
import { defined } from "../../../src/base/invariant.js";
import { bigintAt, headNumber, numberAt, textLength, textOf } from "../../../src/entity/record-layout.js";
import { entitySchema } from "../../../src/entity/schema.js";
import { TableEntryDraft } from "../../../src/entity/table-entry.js";
import { maxTextBytes } from "../../../src/pipeline/pipeline.js";
import { actions, schemaOf, shapes, tableId, tables } from "../../support/programs.js";

const schema = schemaOf(shapes);
const tableSchema = (at: number) => defined(schema.tables.get(tableId(at)), "a table of the program");
const hex = (text: string) => Buffer.from(text, "hex");

describe("the layout of a key record", () => {
  // One slot per kind: bytes and offset follow from the widths before it.
  const { key } = tableSchema(tables.mixed);
  for (const [index, { name, offset, bytes }] of [
    { name: "a", offset: 4, bytes: 2 }, // exact, 9 bits
    { name: "b", offset: 6, bytes: 5 }, // lpm, 33 bits and a length
    { name: "c", offset: 13, bytes: 3 }, // ternary, 20 bits
    { name: "d", offset: 19, bytes: 2 }, // range, 12 bits
    { name: "e", offset: 23, bytes: 16 }, // optional, a flag and 128 bits
    { name: "f", offset: 40, bytes: 0 }, // text
    { name: "g", offset: 42, bytes: 0 },
  ].entries())
    it(`puts field ${name} at byte ${offset}`, () => {
      const { slots } = key;
      assert.deepEqual([slots[index]?.name, slots[index]?.offset, slots[index]?.bytes], [name, offset, bytes]);
    });

  it("leaves room for the longest texts", () => {
    assert.equal(key.fixedBytes, 44);
    assert.equal(key.maxBytes, 44 + 2 * maxTextBytes);
  });

  it("has don't care in every field of the empty key", () => {
    const d = defined(key.slots[3], "the range");
    const { emptyKey } = tableSchema(tables.mixed);
    assert.equal(bigintAt(emptyKey, d.offset, 4), 0x0000_0fffn);
    assert.ok(emptyKey.every((byte, i) => byte === 0 || i === d.offset + 2 || i === d.offset + 3));
  });
});

describe("a record", () => {
  const { key } = tableSchema(tables.textPorts);
  const record = hex("00000000" + "0002" + "0001" + "3132" + "33");

  it("holds its texts behind its slots", () => {
    const [first, second] = key.slots;
    assert.equal(textLength(record, defined(first, "a slot")), 2);
    assert.equal(textLength(record, defined(second, "a slot")), 1);
    assert.equal(Buffer.from(textOf(record, key, 0)).toString(), "12");
    assert.equal(Buffer.from(textOf(record, key, 1)).toString(), "3");
  });

  it("holds numbers with their first byte first", () => {
    assert.equal(numberAt(hex("00ffffffff"), 1, 4), 0xffff_ffff);
    assert.equal(bigintAt(hex("00ffffffffffffffffff"), 1, 9), 2n ** 72n - 1n);
    assert.equal(headNumber("\u0080\u0000\u0000\u0001more"), 0x8000_0001);
  });
});

describe("a schema", () => {
  it("takes the tables' sizes as limits, or only as wishes", () => {
    assert.equal(tableSchema(tables.acl).capacity, 8);
    const wishes = entitySchema(schema.pipeline, "at-least", {
      isPort: () => true,
      ports: () => [],
      meterCounters: true,
    });
    assert.ok((wishes.tables.get(tableId(tables.acl))?.capacity ?? 0) > 1_000_000);
  });

  it("knows the actions of each table and the one of its default entry", () => {
    assert.deepEqual(
      [...tableSchema(tables.numberPorts).actions.keys()].sort(),
      [actions.noAction, actions.output].sort(),
    );
  });
});

describe("a draft", () => {
  it("names the default entry by an empty key", () => {
    const draft = new TableEntryDraft();
    draft.begin(tableSchema(tables.routes));
    draft.isDefault = true;
    assert.equal(draft.key(), "");
  });

  it("begins with don't care in every field and nothing else", () => {
    const draft = new TableEntryDraft();
    draft.begin(tableSchema(tables.mixed));
    draft.keyBytes.fill(0xee);
    draft.begin(tableSchema(tables.acl));
    assert.equal(draft.key(), Buffer.from(tableSchema(tables.acl).emptyKey).toString("latin1"));
    assert.equal(draft.actionRecord(), "");
  });

  it("copies the metadata it borrowed", () => {
    const draft = new TableEntryDraft();
    draft.begin(tableSchema(tables.acl));
    const request = hex("0102");
    draft.metadata = request;
    const { metadata } = draft.extras();
    request[0] = 9;
    assert.deepEqual([...metadata], [1, 2]);
  });
});
