/** Bytes as hexadecimal text. */

/** `bytes` as lower-case hexadecimal without prefix; longer than `limit` bytes is cut and marked. */
export function toHex(bytes: Uint8Array, limit = 64): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length <= limit ? view.toString("hex") : `${view.toString("hex", 0, limit)}… (${bytes.length} bytes)`;
}
