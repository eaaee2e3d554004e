/** Which flow a frame belongs to, as a number. */
import { etherTypeMask, etherTypeWord, keyFields, Presence } from "../frame-key.js";
import { word } from "./parser.js";

const protocolMask = ((1 << keyFields.ip_protocol.width) - 1) << keyFields.ip_protocol.shift;
const addressWords = 8;
const macWords = 3;

/**
 * Equal for frames of one flow: of IP, those with the same addresses, protocol and L4 ports, which later fragments do not
 * have; of others, those with the same MAC addresses and EtherType. 0 … 2^32 − 1.
 */
export function flowHash(key: Int32Array): number {
  const presence = word(key, 0);
  let hash = 0;
  if ((presence & Presence.ip) !== 0) {
    const first = keyFields.src_ipv6.word - 3;
    for (let i = first; i < first + addressWords; i++) hash = mix(hash, word(key, i));
    hash = mix(hash, word(key, keyFields.ip_protocol.word) & protocolMask);
    if ((presence & Presence.l4) !== 0) hash = mix(hash, word(key, keyFields.l4_dst_port.word));
  } else {
    const first = keyFields.dst_mac.word - 1;
    for (let i = first; i < first + macWords; i++) hash = mix(hash, word(key, i));
    hash = mix(hash, word(key, etherTypeWord) & etherTypeMask);
  }
  return finish(hash);
}

/** Another number for the same flow. */
export function rehash(hash: number): number {
  return finish(mix(hash, 0x5bd1e995));
}

function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value ^ (value >>> 16), 0x9e3779b1);
  return product ^ (product >>> 15);
}

function finish(hash: number): number {
  const product = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const again = Math.imul(product ^ (product >>> 13), 0xc2b2ae35);
  return (again ^ (again >>> 16)) >>> 0;
}
