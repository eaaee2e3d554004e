/** Random protobuf messages without a schema: what both codecs must agree on. */

import fc from "fast-check";
import type protobuf from "protobufjs";
import type { ByteReader } from "../../src/wire/byte-reader.js";
import type { ByteWriter } from "../../src/wire/byte-writer.js";
import { toLong } from "../../src/wire/int64.js";
import { maxFieldNumber, tagOf, WireType } from "../../src/wire/wire-type.js";
import { absurd, defined } from "../../src/base/invariant.js";

/** One field: its number, and a value of a kind that both codecs write. */
export type WireValue = { readonly number: number } & (
  | { readonly kind: "uint32" | "int32"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "uint64" | "int64"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "message"; readonly value: readonly WireValue[] }
);

const number = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: maxFieldNumber }));
const lengths = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: 100, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 17_000 }) },
);

const field = <K extends string, V>(kind: K, value: fc.Arbitrary<V>) =>
  fc.record({ number, kind: fc.constant(kind), value }, { noNullPrototype: true });

/** Messages of up to six fields, nested up to four deep, with bodies around every width of a length. */
export const wireMessages: fc.Arbitrary<readonly WireValue[]> = fc.letrec<{
  message: readonly WireValue[];
  field: WireValue;
}>((tie) => ({
  message: fc.array(tie("field"), { maxLength: 6 }),
  field: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    field("uint32", fc.integer({ min: 0, max: 0xffff_ffff })),
    field("int32", fc.integer()),
    field("bool", fc.boolean()),
    field("uint64", fc.bigInt(0n, 2n ** 64n - 1n)),
    field("int64", fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
    field(
      "bytes",
      lengths.map((n) => Buffer.alloc(n, n)),
    ),
    field("string", fc.string({ unit: "binary", maxLength: 60 })),
    field("message", tie("message")),
  ),
})).message;

function wireTypeOf(kind: WireValue["kind"]): WireType {
  return kind === "bytes" || kind === "string" || kind === "message" ? WireType.delimited : WireType.varint;
}

/** Writes `message` with the library. */
export function writeWithLibrary(message: readonly WireValue[], writer: protobuf.Writer): void {
  for (const field of message) {
    writer.uint32(tagOf(field.number, wireTypeOf(field.kind)));
    switch (field.kind) {
      case "uint32":
        writer.uint32(field.value);
        break;
      case "int32":
        writer.int32(field.value);
        break;
      case "bool":
        writer.bool(field.value);
        break;
      case "uint64":
        writer.uint64(toLong(field.value, "uint64"));
        break;
      case "int64":
        writer.int64(toLong(field.value, "int64"));
        break;
      case "bytes":
        writer.bytes(field.value);
        break;
      case "string":
        writer.string(field.value);
        break;
      case "message":
        writer.fork();
        writeWithLibrary(field.value, writer);
        writer.ldelim();
        break;
      default:
        absurd(field);
    }
  }
}

/** Writes `message` with our cursor. */
export function writeWithCursor(message: readonly WireValue[], writer: ByteWriter): void {
  for (const field of message) {
    const tag = tagOf(field.number, wireTypeOf(field.kind));
    if (wireTypeOf(field.kind) === WireType.varint) writer.tag(tag);
    switch (field.kind) {
      case "uint32":
        writer.uint32(field.value);
        break;
      case "int32":
        writer.int32(field.value);
        break;
      case "bool":
        writer.bool(field.value);
        break;
      case "uint64":
        writer.uint64(field.value);
        break;
      case "int64":
        writer.int64(field.value);
        break;
      case "bytes":
        writer.bytesField(tag, field.value);
        break;
      case "string":
        writer.stringField(tag, field.value);
        break;
      case "message": {
        const body = writer.open(tag);
        writeWithCursor(field.value, writer);
        writer.close(body);
        break;
      }
      default:
        absurd(field);
    }
  }
}

/** Reads with our cursor a message that has the numbers and kinds of `shape`. */
export function readWithCursor(shape: readonly WireValue[], reader: ByteReader): readonly WireValue[] {
  const read: WireValue[] = [];
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const { kind, value } = defined(shape[read.length], "no more fields than were written");
    read.push(readValue(reader.fieldNumber, kind, value, reader));
  }
  return read;
}

function readValue(number: number, kind: WireValue["kind"], shape: WireValue["value"], reader: ByteReader): WireValue {
  switch (kind) {
    case "uint32":
      return { number, kind, value: reader.uint32() };
    case "int32":
      return { number, kind, value: reader.int32() };
    case "bool":
      return { number, kind, value: reader.bool() };
    case "uint64":
      return { number, kind, value: reader.uint64() };
    case "int64":
      return { number, kind, value: reader.int64() };
    case "bytes":
      return { number, kind, value: Buffer.from(reader.view()) };
    case "string":
      return { number, kind, value: reader.string() };
    case "message": {
      const outer = reader.enter();
      const value = readWithCursor(Array.isArray(shape) ? (shape as readonly WireValue[]) : [], reader);
      reader.leave(outer);
      return { number, kind, value };
    }
    default:
      return absurd(kind);
  }
}
