/** Unsigned P4Runtime bytestrings ⇄ slots of a record. @see P4Runtime §8.3 */
import { refusal } from "../base/situation.js";
import { toHex } from "../base/hex.js";

/**
 * Copies the number in `source[start, end)` right-aligned into `bytes` bytes of `target` at `offset`.
 * @param what names the value in messages, such as "match field 'ttl': value"
 * @throws StatusError INVALID_ARGUMENT if there is no byte, or more than `width` bits remain without leading zeros (BYT-01 … BYT-04)
 */
export function decodeBits(
  source: Uint8Array,
  start: number,
  end: number,
  width: number,
  target: Uint8Array,
  offset: number,
  bytes: number,
  what: string,
  name: string,
): void {
  if (start === end) throw refusal("empty-value", `${what} '${name}': empty, a number has at least one byte`, { name });
  let first = start;
  while (first < end && source[first] === 0) first++;
  const length = end - first;
  const top = length === 0 ? 0 : (source[first] ?? 0);
  const bits = length === 0 ? 0 : (length - 1) * 8 + 32 - Math.clz32(top);
  if (bits > width)
    throw refusal(
      "value-too-wide",
      `${what} '${name}': value 0x${toHex(source.subarray(first, end))} needs ${bits} bits, it has ${width}`,
      { name, bits, width },
    );
  let at = offset;
  for (const from = offset + bytes - length; at < from; at++) target[at] = 0;
  for (let i = first; i < end; i++) target[at++] = source[i] ?? 0;
}

/** Offset of the first byte of the canonical form of the number in `bytes` bytes at `offset`. */
export function canonicalStart(record: Uint8Array, offset: number, bytes: number): number {
  let at = offset;
  const last = offset + bytes - 1;
  while (at < last && record[at] === 0) at++;
  return at;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @throws StatusError INVALID_ARGUMENT unless `text` is non-empty UTF-8 of at most `limit` bytes (AMB-23) */
export function checkText(text: Uint8Array, limit: number, what: string, name: string): void {
  if (text.length === 0)
    throw refusal("empty-value", `${what} '${name}': empty, a text value is never empty`, { name });
  if (text.length > limit)
    throw refusal("bad-text", `${what} '${name}': ${text.length} bytes of text, at most ${limit} are taken`, { name });
  try {
    utf8.decode(text);
  } catch {
    throw refusal("bad-text", `${what} '${name}': 0x${toHex(text)} is not UTF-8`, { name }); // the one way a fatal decoder fails
  }
}
