/** Where one embedded message lies, merged if the wire held it several times. */

export class Span {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  present = false;

  /** What is absent reads as an empty message. */
  clear(): void {
    this.start = 0;
    this.end = 0;
    this.present = false;
  }

  /** Another occurrence: protobuf merges it with the earlier ones, which concatenation does. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (this.present) {
      const merged = new Uint8Array(this.end - this.start + end - start);
      merged.set(this.bytes.subarray(this.start, this.end));
      merged.set(bytes.subarray(start, end), this.end - this.start);
      this.bytes = merged;
      this.start = 0;
      this.end = merged.length;
      return;
    }
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.present = true;
  }
}
