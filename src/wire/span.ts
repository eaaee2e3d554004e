/** Where one embedded message lies, merged if the wire held it several times. */
import type { ByteReader } from "./byte-reader.js";

export class Span {
  bytes: Uint8Array = nothing;
  start = 0;
  end = 0;
  present = false;
  /** True if `bytes` is this span's own, with room to grow behind `end`. */
  #merged = false;

  /** What is absent reads as an empty message. */
  clear(): void {
    this.start = 0;
    this.end = 0;
    this.present = false;
    this.#merged = false;
  }

  /** Adds the message value that follows in `reader`, which goes on behind it. @throws StatusError if it is cut off */
  take(reader: ByteReader): void {
    const length = reader.length();
    this.add(reader.bytes, reader.pos, reader.pos + length);
    reader.pos += length;
  }

  /** Another occurrence: protobuf merges it with the earlier ones, which concatenation does. Costs what it adds. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (!this.present) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      this.present = true;
      return;
    }
    const length = this.end - this.start + end - start;
    if (!this.#merged || length > this.bytes.length) {
      const roomy = new Uint8Array(2 * length);
      roomy.set(this.bytes.subarray(this.start, this.end));
      this.bytes = roomy;
      this.end -= this.start;
      this.start = 0;
      this.#merged = true;
    }
    this.bytes.set(bytes.subarray(start, end), this.end);
    this.end = length;
  }
}

const nothing: Uint8Array = new Uint8Array(0);
