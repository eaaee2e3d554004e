/**
 * A cursor over protobuf bytes for hot paths: no object per message or field, nothing read beyond its limit.
 * Objects of the generated module cost several times as much; where speed does not matter, use that module.
 */

import { refusal } from "../base/situation.js";
import { invariant } from "../base/invariant.js";
import { type StatusError } from "../base/status.js";
import { maxFieldNumber, WireType } from "./wire-type.js";

/** How deep groups may be nested in a value that is skipped; nothing we speak uses groups. */
export const maxGroupDepth = 100;

/** How many fields one message may have with all that is nested in it, unless the reader is told otherwise. */
export const maxFields = 65_536;

/** Longest string taken, in bytes: roles and type names are the only ones. */
export const maxStringBytes = 1024;

const maxVarintBytes = 10;
const nothing = new Uint8Array(0);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one message at a time, front to back:
 * ```ts
 * reader.begin(bytes);
 * for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
 *   switch (tag) {
 *     case 0x08: id = reader.uint32(); break;                 // field 1, varint
 *     case 0x12: { const outer = reader.enter(); …; reader.leave(outer); break; } // field 2, a message
 *     default: reader.skip();                                 // SRV-21: unknown fields are ignored
 *   }
 * }
 * ```
 * The bytes stay the caller's and must not change meanwhile. Every error is a StatusError INVALID_ARGUMENT
 * `malformed protobuf at byte N: …`; after one, only `begin` and `reset` are allowed. `pos` never passes `end`.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ByteReader {
  /** What is read; offsets are relative to its start. */
  bytes: Uint8Array = nothing;
  /** Offset of the next byte. */
  pos = 0;
  /** Offset behind the last byte of the message that is being read. */
  end = 0;
  /** Of the tag read last: 1 .. 2 ** 29 - 1. */
  fieldNumber = 0;
  /** Of the tag read last: one of `WireType`. */
  wireType = 0;
  /** Upper half of the varint read last by `words`, as a signed 32-bit word. */
  hi = 0;
  /** Lower half of the varint read last by `words`, as a signed 32-bit word. */
  lo = 0;

  /** Fields that may still come; what a peer sends must not hold the event loop for long. */
  #left = maxFields;

  /**
   * Begins a message that a peer sent and that lies in `bytes` from `pos` up to, not including, `end`. It may have
   * `fields` fields, counting those of the parts of it that are read after `reset`.
   */
  begin(bytes: Uint8Array, pos = 0, end = bytes.length, fields = maxFields): void {
    this.#left = fields;
    this.reset(bytes, pos, end);
  }

  /** Goes on with a part of the message, which lies in `bytes` from `pos` up to, not including, `end`. */
  reset(bytes: Uint8Array, pos = 0, end = bytes.length): void {
    invariant(pos >= 0 && pos <= end && end <= bytes.length, "a message lies within its bytes");
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
    this.fieldNumber = 0;
    this.wireType = 0;
  }

  /** Reads a tag into `fieldNumber` and `wireType`. Returns `fieldNumber << 3 | wireType` as uint32, or 0 at the end of the message. */
  tag(): number {
    const start = this.pos;
    if (start === this.end) return 0;
    if (--this.#left < 0) throw malformed(start, "the message has too many fields");
    const tag = this.#short("tag");
    const fieldNumber = tag >>> 3;
    const wireType = tag & 7;
    if (fieldNumber === 0) throw malformed(start, `field number 0 (allowed: 1 to ${maxFieldNumber})`);
    if (wireType > WireType.fixed32) throw malformed(start, `field ${fieldNumber} has reserved wire type ${wireType}`);
    this.fieldNumber = fieldNumber;
    this.wireType = wireType;
    return tag;
  }

  /** Reads a varint and keeps its low 32 bits: 0 .. 2 ** 32 - 1. */
  uint32(): number {
    const pos = this.pos;
    if (pos < this.end) {
      const byte = this.bytes[pos] as number;
      if (byte < 0x80) {
        this.pos = pos + 1;
        return byte;
      }
    }
    this.#varint();
    return this.lo >>> 0;
  }

  /** Reads a varint and keeps its low 32 bits as a signed number; a negative one has ten bytes on the wire. Also for enums. */
  int32(): number {
    return this.uint32() | 0;
  }

  /** Reads a varint; true if any of its 64 bits is set. */
  bool(): boolean {
    this.#varint();
    return (this.lo | this.hi) !== 0;
  }

  /** Reads a 64-bit varint into `hi` and `lo`, without making a bigint. */
  words(): void {
    this.#varint();
  }

  /** Reads a varint: 0 .. 2 ** 64 - 1. */
  uint64(): bigint {
    this.#varint();
    const hi = this.hi >>> 0;
    const lo = this.lo >>> 0;
    return hi < 0x20_0000 ? BigInt(hi * 0x1_0000_0000 + lo) : (BigInt(hi) << 32n) | BigInt(lo);
  }

  /** Reads a varint in two's complement: -(2 ** 63) .. 2 ** 63 - 1. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** Reads the length of a string, bytes or message value, which begins at `pos` and lies before `end`. */
  length(): number {
    const start = this.pos;
    const length = this.#short("length");
    if (length > this.end - this.pos)
      throw malformed(start, `${length} bytes announced, ${this.end - this.pos} left in the message`);
    return length;
  }

  /** Reads a bytes value as a view onto `bytes`: copy what is kept. */
  view(): Uint8Array {
    const length = this.length();
    const start = this.pos;
    this.pos = start + length;
    return this.bytes.subarray(start, this.pos);
  }

  /** Reads a string value, which must be UTF-8 and have at most `maxStringBytes`. */
  string(): string {
    const start = this.pos;
    const view = this.view();
    if (view.length > maxStringBytes)
      throw malformed(
        start,
        `string of ${view.length} bytes in field ${this.fieldNumber}, at most ${maxStringBytes} are taken`,
      );
    try {
      return utf8.decode(view);
    } catch {
      throw malformed(start, `string of field ${this.fieldNumber} is not UTF-8`); // the one way a fatal decoder fails
    }
  }

  /** Begins the message value that follows. Returns what `leave` wants to have back. */
  enter(): number {
    const length = this.length();
    const outer = this.end;
    this.end = this.pos + length;
    return outer;
  }

  /** Ends the message begun by `enter`, skipping what is left of it. */
  leave(outer: number): void {
    this.pos = this.end;
    this.end = outer;
  }

  /** Skips the value of the tag read last, a group with all it holds. */
  skip(wireType = this.wireType): void {
    this.#skip(wireType, this.fieldNumber, 0);
  }

  #skip(wireType: number, fieldNumber: number, depth: number): void {
    switch (wireType) {
      case WireType.varint:
        this.#varint();
        break;
      case WireType.fixed64:
        this.#advance(8);
        break;
      case WireType.delimited:
        this.#advance(this.length());
        break;
      case WireType.startGroup:
        this.#skipGroup(fieldNumber, depth + 1);
        break;
      case WireType.fixed32:
        this.#advance(4);
        break;
      case WireType.endGroup:
        throw malformed(this.pos, `end of group ${fieldNumber}, which was not begun`);
      default:
        throw malformed(this.pos, `field ${fieldNumber} has reserved wire type ${wireType}`);
    }
  }

  #skipGroup(group: number, depth: number): void {
    const start = this.pos;
    if (depth > maxGroupDepth) throw malformed(start, `groups are nested more than ${maxGroupDepth} deep`);
    for (;;) {
      if (this.tag() === 0) throw malformed(start, `group ${group} has no end`);
      if (this.wireType === WireType.endGroup && this.fieldNumber === group) return;
      this.#skip(this.wireType, this.fieldNumber, depth);
    }
  }

  #advance(bytes: number): void {
    const start = this.pos;
    if (bytes > this.end - start)
      throw malformed(start, `value of ${bytes} bytes, ${this.end - start} left in the message`);
    this.pos = start + bytes;
  }

  /** Reads a varint that must fit 32 bits in at most five bytes. */
  #short(what: string): number {
    const start = this.pos;
    if (start < this.end) {
      const byte = this.bytes[start] as number;
      if (byte < 0x80) {
        this.pos = start + 1;
        return byte;
      }
    }
    this.#varint();
    if (this.hi !== 0 || this.pos - start > 5) throw malformed(start, `${what} needs more than 32 bits`);
    return this.lo >>> 0;
  }

  /** Reads a varint of one to ten bytes into `hi` and `lo`; bits above the 64th are dropped. */
  #varint(): void {
    const bytes = this.bytes;
    const start = this.pos;
    const limit = Math.min(this.end, start + maxVarintBytes);
    let lo = 0;
    let hi = 0;
    for (let pos = start, shift = 0; pos < limit; shift += 7) {
      const byte = bytes[pos++] as number;
      if (shift < 28) lo |= (byte & 0x7f) << shift;
      else if (shift > 28) hi |= (byte & 0x7f) << (shift - 32);
      else {
        lo |= byte << 28;
        hi = (byte & 0x7f) >> 4;
      }
      if (byte < 0x80) {
        this.pos = pos;
        this.lo = lo;
        this.hi = hi;
        return;
      }
    }
    throw malformed(start, limit - start < maxVarintBytes ? "varint is cut off" : "varint is longer than ten bytes");
  }
}

function malformed(byte: number, why: string): StatusError {
  return refusal("malformed", `malformed protobuf at byte ${byte}: ${why}`, { byte });
}
