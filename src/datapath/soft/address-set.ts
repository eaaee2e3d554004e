/** The addresses of the box itself. */
import { PrefixTable } from "./routes.js";

/** IPv4 (4 bytes) and IPv6 (16 bytes) addresses. */
export class AddressSet {
  readonly #table: PrefixTable;

  constructor(addresses: readonly Uint8Array[]) {
    this.#table = new PrefixTable(addresses.map((prefix) => ({ prefix, length: prefix.length * 8 })));
  }

  /** True if the destination in `key` is one of them. */
  holdsDestination(key: Int32Array): boolean {
    return this.#table.find(key) !== undefined;
  }
}
