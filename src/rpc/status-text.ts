/** Status messages as they travel: percent-encoded in trailers, within what the peer takes. */
import type * as grpc from "@grpc/grpc-js";
import { trailerBudget } from "./peer-limits.js";

/** What trailers hold beside message and details. */
export const overheadBytes = 256;

/** The ellipsis behind a shortened text. */
const ellipsis = "…";

/** Bytes of `text` in `grpc-message`. */
export function encodedLength(text: string): number {
  return encodeURI(text.toWellFormed()).length; // as the gRPC library encodes it, which throws at half a surrogate pair
}

/** The message of a status without details for the peer of `call`: `text`, shortened if its trailers do not hold it. */
export function statusText(text: string, call: { readonly metadata: grpc.Metadata }): string {
  return clipEncoded(text, trailerBudget(call) - overheadBytes);
}

/** `text` if it takes at most `maxBytes` in `grpc-message`; else its first characters and `…`, or nothing if not even that fits. */
export function clipEncoded(text: string, maxBytes: number): string {
  if (text.length * 9 <= maxBytes || encodedLength(text) <= maxBytes) return text; // 9: bytes of a unit at most
  let bytes = encodedLength(ellipsis);
  if (bytes > maxBytes) return "";
  let kept = 0;
  for (const character of text) {
    bytes += encodedLength(character);
    if (bytes > maxBytes) break;
    kept += character.length;
  }
  return text.slice(0, kept) + ellipsis;
}
