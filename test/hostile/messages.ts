/** Protobuf bytes by hand, however absurd. */

/** `count` times `part` behind `head`. */
export function repeated(part: string, count: number, head: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([head, Buffer.alloc((part.length / 2) * count, part, "hex")]);
}

/** A length-delimited field. */
export function field(tag: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
