import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import { InvariantError } from "../../../src/base/invariant.js";
import { Code, StatusError } from "../../../src/base/status.js";
import { ByteReader, maxGroupDepth } from "../../../src/wire/byte-reader.js";
import { fromLong } from "../../../src/wire/int64.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { readWithCursor, wireMessages, writeWithLibrary } from "../../support/wire-values.js";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

function readerOf(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader();
  reader.reset(bytes);
  return reader;
}

/** Reads every field of a message the way a decoder that knows none of them does. */
function skipAll(reader: ByteReader): void {
  while (reader.tag() !== 0) reader.skip();
}

describe("ByteReader", () => {
  const readers = {
    uint32: (reader: ByteReader) => reader.uint32(),
    int32: (reader: ByteReader) => reader.int32(),
    bool: (reader: ByteReader) => reader.bool(),
    uint64: (reader: ByteReader) => reader.uint64(),
    int64: (reader: ByteReader) => reader.int64(),
    words: (reader: ByteReader) => {
      reader.words();
      return [reader.hi, reader.lo].join();
    },
  };
  for (const { bytes, as, want } of [
    { bytes: "00", as: "uint32", want: 0 },
    { bytes: "7f", as: "uint32", want: 127 },
    { bytes: "8001", as: "uint32", want: 128 },
    { bytes: "8000", as: "uint32", want: 0 }, // longer than needed, and allowed
    { bytes: "ffffffff0f", as: "uint32", want: 0xffff_ffff },
    { bytes: "ffffffff7f", as: "uint32", want: 0xffff_ffff }, // bits above the 32nd are dropped
    { bytes: "ffffffffffffffffff01", as: "uint32", want: 0xffff_ffff },
    { bytes: "ffffffffffffffffff01", as: "int32", want: -1 },
    { bytes: "80808080f8ffffffff01", as: "int32", want: -(2 ** 31) },
    { bytes: "ffffffff07", as: "int32", want: 2 ** 31 - 1 },
    { bytes: "00", as: "bool", want: false },
    { bytes: "02", as: "bool", want: true },
    { bytes: "8080808010", as: "bool", want: true }, // 2 ** 32: only the upper half is set
    { bytes: "808080808000", as: "bool", want: false },
    { bytes: "ffffffffffffffffff01", as: "uint64", want: 2n ** 64n - 1n },
    { bytes: "8180808080808010", as: "uint64", want: 2n ** 53n + 1n },
    { bytes: "ffffffffffffffffff01", as: "int64", want: -1n },
    { bytes: "80808080808080808001", as: "int64", want: -(2n ** 63n) },
    { bytes: "ffffffffffffffffff01", as: "words", want: "-1,-1" },
    { bytes: "818080808001", as: "words", want: "8,1" },
  ] as const)
    it(`reads ${bytes} as ${as} ${want}`, () => {
      const reader = readerOf(hex(bytes));
      assert.equal(readers[as](reader), want);
      assert.equal(reader.pos, reader.end);
    });

  for (const { title, bytes, message, read = skipAll } of [
    { title: "field number 0", bytes: "00", message: "at byte 0: field number 0 (allowed: 1 to 536870911)" },
    { title: "wire type 6", bytes: "0801 0e", message: "at byte 2: field 1 has reserved wire type 6" },
    { title: "wire type 7", bytes: "0f", message: "at byte 0: field 1 has reserved wire type 7" },
    { title: "a tag of more than 32 bits", bytes: "8880808010", message: "at byte 0: tag needs more than 32 bits" },
    { title: "a tag of six bytes", bytes: "888080808000", message: "at byte 0: tag needs more than 32 bits" },
    { title: "a varint without end", bytes: "08 ff", message: "at byte 1: varint is cut off" },
    { title: "no varint at all", bytes: "08", message: "at byte 1: varint is cut off" },
    {
      title: "a varint of eleven bytes",
      bytes: "08 8080808080808080808001",
      message: "at byte 1: varint is longer than ten bytes",
    },
    {
      title: "a length beyond the message",
      bytes: "0a 02 00",
      message: "at byte 1: 2 bytes announced, 1 left in the message",
    },
    {
      title: "a length of 4 GiB",
      bytes: "0a ffffffff0f",
      message: "at byte 1: 4294967295 bytes announced, 0 left in the message",
    },
    { title: "half a fixed64", bytes: "09 00000000", message: "at byte 1: value of 8 bytes, 4 left in the message" },
    { title: "half a fixed32", bytes: "0d 0000", message: "at byte 1: value of 4 bytes, 2 left in the message" },
    { title: "a group without end", bytes: "0b 0801", message: "at byte 1: group 1 has no end" },
    { title: "the end of no group", bytes: "0c", message: "at byte 1: end of group 1, which was not begun" },
    {
      title: "the end of another group",
      bytes: "0b 14",
      message: "at byte 2: end of group 2, which was not begun",
    },
    {
      title: "groups nested without bound",
      bytes: "0b".repeat(maxGroupDepth + 1),
      message: `at byte ${maxGroupDepth + 1}: groups are nested more than ${maxGroupDepth} deep`,
    },
    {
      title: "to skip a reserved wire type",
      bytes: "0801",
      message: "at byte 1: field 1 has reserved wire type 6",
      read: (reader: ByteReader) => {
        reader.tag();
        reader.skip(6);
      },
    },
    {
      title: "a string that is not UTF-8",
      bytes: "0a 01 ff",
      message: "at byte 1: string of field 1 is not UTF-8",
      read: (reader: ByteReader) => {
        reader.tag();
        reader.string();
      },
    },
  ])
    it(`refuses ${title}`, () => {
      const reader = readerOf(hex(bytes));
      assert.throws(
        () => read(reader),
        (error) =>
          error instanceof StatusError &&
          error.status.code === Code.INVALID_ARGUMENT &&
          error.message === `malformed protobuf ${message}`,
      );
    });

  it("skips groups as deep as it allows, and what they hold", () => {
    const reader = readerOf(
      Buffer.concat([
        hex("0b".repeat(maxGroupDepth)),
        hex("1001 1a0100 2100000000000000002d00000000"),
        hex("0c".repeat(maxGroupDepth)),
        hex("1005"),
      ]),
    );
    assert.equal(reader.tag(), 0x0b);
    reader.skip();
    assert.equal(reader.tag(), 0x10);
    assert.equal(reader.uint32(), 5);
    assert.equal(reader.tag(), 0);
  });

  it("tells field number and wire type of the largest tag", () => {
    const reader = readerOf(hex("fdffffff0f"));
    assert.equal(reader.tag(), 0xffff_fffd);
    assert.equal(reader.fieldNumber, 2 ** 29 - 1);
    assert.equal(reader.wireType, 5);
  });

  it("stays within the part it was given", () => {
    const reader = new ByteReader();
    reader.reset(hex("ffff 0807 ffff"), 2, 4);
    assert.equal(reader.tag(), 0x08);
    assert.equal(reader.uint32(), 7);
    assert.equal(reader.tag(), 0);
    reader.reset(hex("08ff01"), 0, 2);
    reader.tag();
    assert.throws(() => reader.uint32(), /varint is cut off/);
  });

  it("refuses a part that is not within the bytes", () => {
    assert.throws(() => new ByteReader().reset(hex("00"), 0, 2), InvariantError);
    assert.throws(() => new ByteReader().reset(hex("00"), 1, 0), InvariantError);
  });

  it("leaves a message from its middle", () => {
    const reader = readerOf(hex("0a 04 0801 1002 1803"));
    reader.tag();
    const outer = reader.enter();
    reader.tag();
    reader.leave(outer);
    assert.equal(reader.tag(), 0x18);
  });

  it("lends bytes and does not copy them", () => {
    const bytes = hex("0a 02 0102");
    const reader = readerOf(bytes);
    reader.tag();
    const view = reader.view();
    bytes[2] = 9;
    assert.deepEqual([...view], [9, 2]);
  });

  it("reads what the library writes", () =>
    fc.assert(
      fc.property(wireMessages, (message) => {
        const writer = protobuf.Writer.create();
        writeWithLibrary(message, writer);
        const reader = readerOf(writer.finish());
        assert.deepEqual(readWithCursor(message, reader), message);
        assert.equal(reader.pos, reader.end);
      }),
      { numRuns: fuzzRuns(200) },
    ));

  it("skips what the library writes", () =>
    fc.assert(
      fc.property(wireMessages, (message) => {
        const writer = protobuf.Writer.create();
        writeWithLibrary(message, writer);
        const reader = readerOf(writer.finish());
        skipAll(reader);
        assert.equal(reader.pos, reader.end);
      }),
      { numRuns: fuzzRuns(100) },
    ));

  it("agrees with the library on every varint, good or bad", () => {
    const byLibrary = {
      uint32: (reader: protobuf.Reader) => reader.uint32(),
      int32: (reader: protobuf.Reader) => reader.int32(),
      bool: (reader: protobuf.Reader) => reader.bool(),
      uint64: (reader: protobuf.Reader) => fromLong(reader.uint64()),
      int64: (reader: protobuf.Reader) => fromLong(reader.int64()),
    };
    const varint = fc
      .tuple(fc.array(fc.integer({ min: 0x80, max: 0xff }), { maxLength: 11 }), fc.uint8Array({ maxLength: 3 }))
      .map(([head, tail]) => Buffer.from([...head, ...tail]));
    const kinds = fc.constantFrom(...(["uint32", "int32", "bool", "uint64", "int64"] as const));
    fc.assert(
      fc.property(varint, kinds, (bytes, kind) => {
        const theirs = valueOrRefusal(() => byLibrary[kind](protobuf.Reader.create(bytes)));
        assert.equal(
          valueOrRefusal(() => readers[kind](readerOf(bytes))),
          theirs,
        );
      }),
      { numRuns: fuzzRuns(1000) },
    );
  });

  it("gives a value or a StatusError for any bytes, and never passes their end", () => {
    const calls = {
      ...readers,
      tag: (reader: ByteReader) => reader.tag(),
      view: (reader: ByteReader) => reader.view(),
      string: (reader: ByteReader) => reader.string(),
      enter: (reader: ByteReader) => reader.enter(),
      skip: (reader: ByteReader) => {
        reader.tag();
        reader.skip();
      },
    };
    const valid = wireMessages.map((message) => {
      const writer = protobuf.Writer.create();
      writeWithLibrary(message, writer);
      return writer.finish().subarray(0, 300);
    });
    const damaged = fc.tuple(valid, fc.nat(), fc.nat({ max: 255 })).map(([bytes, at, value]) => {
      const copy = Uint8Array.from(bytes);
      if (copy.length > 0) copy[at % copy.length] = value;
      return copy;
    });
    const plan = fc.array(fc.constantFrom(...Object.values(calls)), { maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), damaged), fc.option(plan), (bytes, plan) => {
        const padded = Buffer.concat([bytes, Buffer.alloc(16, 0x01)]);
        const reader = new ByteReader();
        reader.reset(padded, 0, bytes.length);
        try {
          if (plan === null) skipAll(reader);
          else for (const call of plan) call(reader);
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
          assert.equal(error.status.code, Code.INVALID_ARGUMENT);
          assert.match(error.message, /^malformed protobuf at byte \d+: /);
        }
        assert.ok(reader.pos <= reader.end && reader.end <= bytes.length);
      }),
      { numRuns: fuzzRuns(1000) },
    );
  });
});

describe("ByteReader, against what peers send,", () => {
  it("refuses a message of more fields than it takes, and counts anew for the next one", () => {
    const reader = new ByteReader();
    for (const part of ["0800", "0b0c"]) {
      reader.begin(Buffer.alloc(2 * 11, part, "hex"), 0, 22, 10);
      assert.throws(() => skipAll(reader), /malformed protobuf at byte \d+: the message has too many fields/);
    }
    reader.begin(Buffer.alloc(2 * 9, "0800", "hex"), 0, 18, 10);
    skipAll(reader);
  });

  it("counts parts that are read later to the same message", () => {
    const reader = new ByteReader();
    reader.begin(Buffer.from("08000800", "hex"), 0, 4, 2);
    reader.tag();
    reader.reset(Buffer.from("08000800", "hex"), 0, 4);
    assert.throws(() => skipAll(reader), /too many fields/);
  });

  it("takes strings of up to 1024 bytes", () => {
    const reader = new ByteReader();
    for (const [length, taken] of [
      [1024, true],
      [1025, false],
    ] as const) {
      const writer = protobuf.Writer.create().uint32(0x0a).string("x".repeat(length));
      reader.begin(writer.finish());
      reader.tag();
      assert.equal(valueOrRefusal(() => reader.string()) !== "refused", taken);
    }
  });
});

/** What `read` returns; `refused` for bytes it does not take. */
function valueOrRefusal<T>(read: () => T): T | "refused" {
  try {
    return read();
  } catch {
    return "refused";
  }
}
