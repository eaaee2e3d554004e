/** The addresses of the box itself. */
import { Presence, keyFields, keyWords } from "../frame-key.js";
import { word } from "./parser.js";
import { PrefixTable } from "./routes.js";

const targetWord = keyFields.arp_target.word;

/** IPv4 (4 bytes) and IPv6 (16 bytes) addresses. */
export class AddressSet {
  readonly #table: PrefixTable;
  /** The key of an IPv4 frame, to look an ARP target up by. */
  readonly #asIpv4 = new Int32Array(keyWords);

  constructor(addresses: readonly Uint8Array[]) {
    this.#table = new PrefixTable(addresses.map((prefix) => ({ prefix, length: prefix.length * 8 })));
    this.#asIpv4[0] = Presence.ip | Presence.ipv4;
  }

  /** True if the destination in `key` is one of them, or its ARP target: without ARP nobody reaches an IPv4 address. */
  holdsDestination(key: Int32Array): boolean {
    if ((word(key, 0) & Presence.arp) === 0) return this.#table.find(key) !== undefined;
    this.#asIpv4[targetWord] = word(key, targetWord);
    return this.#table.find(this.#asIpv4) !== undefined;
  }
}
