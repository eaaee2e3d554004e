/**
 * Writes protobuf bytes for hot paths into one buffer that is used again and again.
 * It writes what it is told, zero too: leaving out unset fields is the caller's part.
 */

const initialBytes = 256;
/** A buffer that grew beyond this is given up by the next `reset`, so that one big message does not stay in memory. */
const keptBytes = 1024 * 1024;
/** Up to this many bytes a loop beats `TypedArray.set`. */
const loopBytes = 24;

/**
 * One message at a time:
 * ```ts
 * writer.reset();
 * writer.tag(0x08); writer.uint32(id);                          // field 1
 * const body = writer.open(0x12); …; writer.close(body);        // field 2, a message
 * const message = writer.take();
 * ```
 * Tags are those of `tagOf`. Arguments are copied; nothing is kept.
 */
export class ByteWriter {
  /** The buffer; what was written lies before `pos`. Borrowed until the next call of any method. */
  bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  /** Number of bytes written since `reset`. */
  pos = 0;

  /** Forgets what was written and keeps the buffer, unless that became big. */
  reset(): void {
    this.pos = 0;
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Writes a tag, uint32 as `tagOf` makes it. */
  tag(tag: number): void {
    this.uint32(tag);
  }

  /** Writes the low 32 bits of `value` as an unsigned varint: a uint32 value, a tag or a length. */
  uint32(value: number): void {
    if (this.pos + 5 > this.bytes.length) this.#grow(5);
    this.pos = putVarint(this.bytes, this.pos, value);
  }

  /** Writes the low 32 bits of `value` as a signed varint: ten bytes if negative. Also for enums. */
  int32(value: number): void {
    const word = value | 0;
    if (word >= 0) this.uint32(word);
    else this.words(-1, word);
  }

  bool(value: boolean): void {
    this.uint32(value ? 1 : 0);
  }

  /** Writes the 64-bit varint with these halves, each signed or unsigned. */
  words(hi: number, lo: number): void {
    if (this.pos + 10 > this.bytes.length) this.#grow(10);
    const bytes = this.bytes;
    let pos = this.pos;
    let low = lo >>> 0;
    let high = hi >>> 0;
    while (high !== 0) {
      bytes[pos++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.pos = putVarint(bytes, pos, low);
  }

  /** Writes the low 64 bits of `value` as a varint. */
  uint64(value: bigint): void {
    this.words(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)));
  }

  /** Writes the low 64 bits of `value` in two's complement: ten bytes if negative. */
  int64(value: bigint): void {
    this.uint64(value);
  }

  /** Writes a bytes field. */
  bytesField(tag: number, value: Uint8Array): void {
    this.uint32(tag);
    this.uint32(value.length);
    this.raw(value);
  }

  /** Writes a string field as UTF-8; a lone surrogate becomes U+FFFD. */
  stringField(tag: number, value: string): void {
    const body = this.open(tag);
    if (this.pos + value.length * 3 > this.bytes.length) this.#grow(value.length * 3);
    this.pos += this.bytes.write(value, this.pos, "utf8");
    this.close(body);
  }

  /** Copies bytes as they are, from `start` up to, not including, `end`. */
  raw(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    if (this.pos + length > this.bytes.length) this.#grow(length);
    const bytes = this.bytes;
    if (length > loopBytes) bytes.set(length === source.length ? source : source.subarray(start, end), this.pos);
    else for (let i = 0, pos = this.pos; i < length; i++) bytes[pos + i] = source[start + i] as number;
    this.pos += length;
  }

  /** Begins a message, bytes or string value whose length is not known yet. Returns what `close` wants to have back. */
  open(tag: number): number {
    this.uint32(tag);
    if (this.pos === this.bytes.length) this.#grow(1);
    return ++this.pos;
  }

  /** Ends the value begun by `open` and puts its length in front; beyond 127 bytes the value moves up by one to four bytes. */
  close(body: number): void {
    const length = this.pos - body;
    if (length > 0x7f) {
      const wider = varintBytes(length) - 1;
      if (this.pos + wider > this.bytes.length) this.#grow(wider);
      this.bytes.copyWithin(body + wider, body, this.pos);
    }
    this.pos = putVarint(this.bytes, body - 1, length) + length;
  }

  /** A copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.pos));
  }

  #grow(more: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.pos + more));
    grown.set(this.bytes.subarray(0, this.pos));
    this.bytes = grown;
  }
}

/** Writes the low 32 bits of `value` at `pos`, where five bytes are free or the value is known to fit. Returns the offset behind it. */
function putVarint(bytes: Uint8Array, pos: number, value: number): number {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes[pos++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[pos++] = rest;
  return pos;
}

/** How many bytes the varint of a uint32 takes: 1 .. 5. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}
