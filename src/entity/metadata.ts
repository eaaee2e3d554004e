/** What controllers keep beside table entries and multicast groups: bytes that mean nothing to us. */
import { refusal } from "../base/situation.js";
import type { StatusError } from "../base/status.js";

/**
 * Most bytes of it that one entity holds. They travel in Reads and idle notifications, which must stay far below the
 * 4 MiB that clients take in one message (RED-11).
 */
export const maxMetadataBytes = 65_536;

/** Why `bytes` of metadata, more than that, are refused. @param what whose they are, for the message */
export function metadataTooLong(bytes: number, what: string): StatusError {
  return refusal("metadata-too-long", `${what}: metadata of ${bytes} bytes; ${maxMetadataBytes} can be kept`, {
    limit: maxMetadataBytes,
  });
}
