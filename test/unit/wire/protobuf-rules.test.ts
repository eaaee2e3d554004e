/** What protobuf allows on the wire and encoders rarely do. Bytes are written by hand, so that no library tidies them up. */
import assert from "node:assert/strict";
import { decodeReadRequest } from "../../../src/wire/decode-read.js";
import { StreamDecoder } from "../../../src/wire/decode-stream.js";
import { decodeWriteRequest } from "../../../src/wire/decode-write.js";
import type { TableEntryDraft } from "../../../src/entity/table-entry.js";
import { tagOf, WireType } from "../../../src/wire/wire-type.js";
import { varintBytes } from "../../../src/wire/byte-writer.js";
import { draftOf, hex, outcome } from "../../support/entities.js";
import { actions, schemaOf, shapes, tableId, tables } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";

const schema = schemaOf(shapes);

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(varintBytes(value));
  for (let i = 0, rest = value; i < bytes.length; i++, rest >>>= 7)
    bytes[i] = (rest & 0x7f) | (i < bytes.length - 1 ? 0x80 : 0);
  return bytes;
}

const number = (field: number, value: number) => Buffer.concat([varint(tagOf(field, WireType.varint)), varint(value)]);
const message = (field: number, ...parts: readonly Uint8Array[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(tagOf(field, WireType.delimited)), varint(body.length), body]);
};

const unknown = Buffer.concat([
  number(90, 7),
  message(91, hex("ff")),
  hex("e50500000000"), // field 92, four bytes
  hex("e9050000000000000000"), // field 93, eight bytes
  hex("f305 0801 f405"), // field 94, a group
]);

const table = number(1, tableId(tables.acl));
const priority = number(4, 5);
const match = (...parts: readonly Uint8Array[]) => message(2, number(1, 2), ...parts);
const ternary = message(3, message(1, hex("0800")), message(2, hex("ffff")));
const drop = message(3, message(1, number(1, actions.drop)));

/** An INSERT of the table entry that `parts` make. */
const insert = (...parts: readonly Uint8Array[]) => message(4, number(1, 1), message(2, message(2, ...parts)));

function draft(...parts: readonly Uint8Array[]): TableEntryDraft {
  return draftOf(decodeWriteRequest(insert(...parts)).updates.decode(0, schema));
}

const record = (entry: TableEntryDraft) =>
  `${entry.keyBytes.toString("hex", 0, entry.keyLength)}/${entry.actionBytes.toString("hex", 0, entry.actionLength)}`;
const plain = record(draft(table, match(ternary), drop, priority));

describe("a table entry on the wire", () => {
  for (const { name, parts } of [
    { name: "has its fields in any order", parts: [priority, drop, match(ternary), table] },
    {
      name: "has a scalar several times, of which the last counts",
      parts: [number(1, 9), number(4, 1), table, match(ternary), drop, priority],
    },
    {
      name: "has its action in two parts",
      parts: [table, match(ternary), message(3), message(3, message(1)), drop, priority],
    },
    {
      name: "has the action's parts in two parts",
      parts: [table, match(ternary), message(3, message(1, number(1, 99))), drop, priority],
    },
    {
      name: "has a match value in two parts",
      parts: [table, match(message(3, message(1, hex("0800"))), message(3, message(2, hex("ffff")))), drop, priority],
    },
    {
      name: "has bytes several times, of which the last count",
      parts: [
        table,
        match(message(3, message(1, hex("99")), message(1, hex("0800")), message(2, hex("ffff")))),
        drop,
        priority,
      ],
    },
    {
      name: "has an earlier member of its oneof, which the last replaces",
      parts: [
        table,
        match(message(2, message(1, hex("01"))), ternary),
        message(3, number(2, 7), message(1, number(1, actions.drop))),
        priority,
      ],
    },
    {
      name: "has a member before and after another, of which only the later counts",
      parts: [table, match(message(3, message(1, hex("0801"))), message(2), ternary), drop, priority],
    },
    { name: "has its id behind its value", parts: [table, message(2, ternary, number(1, 2)), drop, priority] },
    {
      name: "has unknown fields everywhere",
      parts: [
        unknown,
        table,
        message(2, unknown, number(1, 2), message(3, unknown, message(1, hex("0800")), message(2, hex("ffff")))),
        message(3, unknown, message(1, unknown, number(1, actions.drop))),
        priority,
        unknown,
      ],
    },
    {
      name: "has known numbers with another wire type, which are unknown fields",
      parts: [message(1, hex("07")), message(4, hex("07")), number(3, 7), table, match(ternary), drop, priority],
    },
    { name: "has numbers longer than needed", parts: [table, match(ternary), drop, hex("2085808000")] },
  ])
    requirement("SRV-21", name, () => assert.equal(record(draft(...parts)), plain));

  it("may have its entity in several parts", () => {
    const bytes = message(
      4,
      number(1, 1),
      message(2, message(2, table, priority)),
      message(2, message(2, drop)),
      message(2),
      message(2, message(2, match(ternary))),
    );
    assert.equal(record(draftOf(decodeWriteRequest(bytes).updates.decode(0, schema))), plain);
  });

  it("may follow another kind of entity, which it replaces", () => {
    const entity = message(2, message(6, hex("0a00")), message(2, table, priority, match(ternary), drop));
    assert.equal(
      record(draftOf(decodeWriteRequest(message(4, number(1, 1), entity)).updates.decode(0, schema))),
      plain,
    );
  });

  it("has each parameter as often as it was sent, over all parts of the action", () => {
    const set = (...params: readonly Uint8Array[]) => message(3, message(1, number(1, actions.set), ...params));
    const param = (id: number) => message(4, number(2, id), message(3, hex("01")));
    const modify = (...parts: readonly Uint8Array[]) => {
      const entity = message(2, message(2, number(1, tableId(tables.keyless)), number(8, 1), ...parts));
      return outcome(() => decodeWriteRequest(message(4, number(1, 2), entity)).updates.decode(0, schema));
    };
    assert.equal(modify(set(param(1)), set(param(2))), "OK");
    assert.equal(modify(set(param(1), param(2)), set(param(2))), "INVALID_ARGUMENT");
  });
});

describe("a request on the wire", () => {
  it("has its election id in parts, its scalars several times, its updates anywhere", () => {
    const update = insert(table, match(ternary), drop, priority);
    const header = decodeWriteRequest(
      Buffer.concat([
        number(1, 4),
        update,
        message(3, number(1, 1)),
        number(1, 5),
        message(3, number(2, 2)),
        message(6, Buffer.from("a")),
        unknown,
        message(6, Buffer.from("b")),
        number(5, 2),
        update,
      ]),
    );
    assert.equal(header.deviceId, 5n);
    assert.equal(header.electionId, 2n ** 64n + 2n);
    assert.equal(header.role, "b");
    assert.equal(header.atomicity, 2);
    assert.equal(header.updates.count, 2);
    assert.equal(record(draftOf(header.updates.decode(1, schema))), plain);
  });

  requirement("FMT-02", "knows an empty election id from an absent one", () => {
    assert.equal(decodeWriteRequest(message(3)).electionId, 0n);
    assert.equal(decodeWriteRequest(hex("")).electionId, undefined);
  });

  requirement("SRV-21", "may filter by an action that holds unknown fields", () => {
    const bytes = message(2, message(2, table, message(3, unknown, message(1, unknown, number(1, actions.drop)))));
    const query = decodeReadRequest(bytes).queries.decode(0, schema);
    assert.equal(query.kind === "table-entry" && query.actionId, actions.drop);
  });
});

describe("a stream message on the wire", () => {
  const decoder = new StreamDecoder();

  it("is the member of its oneof that came last", () => {
    const bytes = Buffer.concat([message(2, message(1, hex("aa"))), message(1, number(1, 3)), unknown]);
    const request = decoder.decode(bytes);
    assert.equal(request.kind === "arbitration" && request.update.deviceId, 3n);
  });

  it("has its parts merged", () => {
    const request = decoder.decode(
      Buffer.concat([
        message(1, number(1, 3), message(3, number(1, 1)), message(2, message(2, message(1, Buffer.from("type"))))),
        message(
          1,
          message(3, number(2, 2)),
          message(2, message(3, Buffer.from("role")), message(2, message(2, hex("0102")))),
        ),
      ]),
    );
    assert.ok(request.kind === "arbitration");
    assert.deepEqual(request.update, {
      deviceId: 3n,
      electionId: 2n ** 64n + 2n,
      role: "role",
      roleConfig: { typeUrl: "type", value: new Uint8Array([1, 2]) },
    });
  });

  it("has the metadata of all its parts, and the last payload", () => {
    const metadata = (id: number) => message(2, number(1, id), message(2, hex("01")));
    const request = decoder.decode(
      Buffer.concat([message(2, message(1, hex("aa")), metadata(1)), message(2, message(1, hex("bb")), metadata(2))]),
    );
    assert.ok(request.kind === "packet-out");
    assert.deepEqual([...request.packet.payload], [0xbb]);
    assert.deepEqual(
      request.packet.metadata.map(({ id }) => id),
      [1, 2],
    );
  });

  it("is nothing without a member it knows", () => {
    assert.equal(decoder.decode(unknown).kind, "nothing");
  });
});
