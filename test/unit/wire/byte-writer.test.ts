import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import { ByteWriter, varintBytes } from "../../../src/wire/byte-writer.js";
import { tagOf, WireType } from "../../../src/wire/wire-type.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { wireMessages, writeWithCursor, writeWithLibrary } from "../../support/wire-values.js";

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter();
  write(writer);
  return writer.take().toString("hex");
}

describe("ByteWriter", () => {
  for (const { title, write, want } of [
    { title: "uint32 0", write: (w: ByteWriter) => w.uint32(0), want: "00" },
    { title: "uint32 128", write: (w: ByteWriter) => w.uint32(128), want: "8001" },
    { title: "uint32 2^32-1", write: (w: ByteWriter) => w.uint32(0xffff_ffff), want: "ffffffff0f" },
    { title: "int32 -1 in ten bytes", write: (w: ByteWriter) => w.int32(-1), want: "ffffffffffffffffff01" },
    { title: "int32 2^31-1", write: (w: ByteWriter) => w.int32(2 ** 31 - 1), want: "ffffffff07" },
    { title: "true", write: (w: ByteWriter) => w.bool(true), want: "01" },
    { title: "false", write: (w: ByteWriter) => w.bool(false), want: "00" },
    { title: "uint64 2^64-1", write: (w: ByteWriter) => w.uint64(2n ** 64n - 1n), want: "ffffffffffffffffff01" },
    { title: "uint64 2^53+1", write: (w: ByteWriter) => w.uint64(2n ** 53n + 1n), want: "8180808080808010" },
    { title: "int64 -2^63", write: (w: ByteWriter) => w.int64(-(2n ** 63n)), want: "80808080808080808001" },
    { title: "the words 8, 1", write: (w: ByteWriter) => w.words(8, 1), want: "818080808001" },
    { title: "the words -1, -1", write: (w: ByteWriter) => w.words(-1, -1), want: "ffffffffffffffffff01" },
    { title: "the words 0, 2^31", write: (w: ByteWriter) => w.words(0, 2 ** 31), want: "8080808008" },
    {
      title: "the largest tag",
      write: (w: ByteWriter) => w.tag(tagOf(2 ** 29 - 1, WireType.fixed32)),
      want: "fdffffff0f",
    },
    { title: "an empty bytes field", write: (w: ByteWriter) => w.bytesField(0x0a, new Uint8Array(0)), want: "0a00" },
    { title: "a string field", write: (w: ByteWriter) => w.stringField(0x0a, "pörtß"), want: "0a0770c3b67274c39f" },
    {
      title: "U+FFFD for a lone surrogate",
      write: (w: ByteWriter) => w.stringField(0x0a, "\ud800"),
      want: "0a03efbfbd",
    },
    { title: "a part of bytes", write: (w: ByteWriter) => w.raw(Buffer.from("01020304", "hex"), 1, 3), want: "0203" },
    { title: "an empty message", write: (w: ByteWriter) => w.close(w.open(0x12)), want: "1200" },
  ])
    it(`writes ${title}`, () => assert.equal(written(write), want));

  // The sizes on both sides of each step of the varint that holds a length.
  for (const size of [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
    it(`puts the length in front of a message of ${size} bytes`, () => {
      const writer = new ByteWriter();
      const outer = writer.open(0x0a);
      const inner = writer.open(0x12);
      writer.raw(Buffer.alloc(size, 0xa5));
      writer.close(inner);
      writer.close(outer);
      const library = protobuf.Writer.create()
        .uint32(0x0a)
        .fork()
        .uint32(0x12)
        .bytes(Buffer.alloc(size, 0xa5))
        .ldelim();
      assert.ok(writer.take().equals(library.finish()));
      assert.equal(varintBytes(size), protobuf.Writer.create().uint32(size).finish().length);
    });

  it("keeps what it wrote when a short message ends at the end of its buffer", () => {
    for (let fill = 240; fill <= 256; fill++) {
      const body = Buffer.alloc(fill, 0x5a);
      const text = written((writer) => {
        writer.raw(body);
        const message = writer.open(0x12);
        writer.bool(true);
        writer.close(message);
      });
      assert.equal(text, `${body.toString("hex")}120101`);
    }
  });

  it("gives a copy that later writes leave alone", () => {
    const writer = new ByteWriter();
    writer.uint32(1);
    const first = writer.take();
    writer.reset();
    writer.uint32(2);
    assert.equal(first.toString("hex"), "01");
    assert.equal(writer.take().toString("hex"), "02");
  });

  it("keeps its buffer over a reset, unless a message made that big", () => {
    const writer = new ByteWriter();
    writer.raw(Buffer.alloc(10_000));
    const grown = writer.bytes;
    writer.reset();
    assert.equal(writer.bytes, grown);
    writer.raw(Buffer.alloc(2_000_000));
    writer.reset();
    assert.ok(writer.bytes.length < 10_000);
  });

  it("writes what the library writes", () => {
    const writer = new ByteWriter();
    fc.assert(
      fc.property(wireMessages, (message) => {
        const library = protobuf.Writer.create();
        writeWithLibrary(message, library);
        writer.reset();
        writeWithCursor(message, writer);
        assert.equal(writer.take().toString("hex"), Buffer.from(library.finish()).toString("hex"));
      }),
      { numRuns: fuzzRuns(200) },
    );
  });
});
