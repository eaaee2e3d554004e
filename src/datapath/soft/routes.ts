/** Where a frame that no rule takes leaves: longest prefix of its IP destination. */
import { invariant } from "../../base/invariant.js";
import { Presence, keyFields, keyWords } from "../frame-key.js";
import type { PortId } from "../port.js";
import type { TableIndex } from "../rule.js";
import { Classifier } from "./classifier.js";
import { u32, word } from "./parser.js";
import { SoftRule } from "./soft-rule.js";

/** The first `length` bits of an IPv4 (4 bytes) or IPv6 (16 bytes) address. Bits beyond do not matter. */
export interface Prefix {
  readonly prefix: Uint8Array;
  readonly length: number;
}

/** Frames to `prefix` leave by `port`. */
export interface Route extends Prefix {
  readonly port: PortId;
}

const always = {
  action: { green: "forward", yellow: "forward", red: "forward" },
  cookie: {},
  meter: undefined,
} as const;

/**
 * Destinations in a table of their own: a prefix is a rule whose priority is its length and whose age is its place
 * in the list.
 */
export class PrefixTable {
  readonly #table = new Classifier("prefixes", 33 + 129);

  /** Of equal prefixes the first counts. */
  constructor(prefixes: readonly Prefix[]) {
    prefixes.forEach(({ prefix, length }, age) => {
      invariant(prefix.length === 4 || prefix.length === 16, "an address has 4 or 16 bytes");
      invariant(length >= 0 && length <= prefix.length * 8, "a prefix is no longer than its address");
      const rule = new SoftRule(0 as TableIndex, length, age, 1, always);
      invariant(this.#table.add(keyOf(prefix, length), rule).ok, "there are masks for every length");
    });
    this.#table.publish();
  }

  /** Place in the list of the longest prefix of the destination in `key`; undefined: none, or no IP frame. */
  find(key: Int32Array): number | undefined {
    return (word(key, 0) & Presence.ip) === 0 ? undefined : this.#table.find(key, 1)?.age;
  }
}

/** Routes by longest prefix. */
export class Routes {
  readonly #ports: readonly PortId[];
  readonly #prefixes: PrefixTable;

  constructor(routes: readonly Route[]) {
    this.#ports = routes.map(({ port }) => port);
    this.#prefixes = new PrefixTable(routes);
  }

  /** The port for the destination in `key`; undefined: no route, or no IP frame. */
  portOf(key: Int32Array): PortId | undefined {
    const found = this.#prefixes.find(key);
    return found === undefined ? undefined : this.#ports[found];
  }
}

function keyOf(prefix: Uint8Array, length: number): { values: Int32Array; masks: Int32Array; count: number } {
  const values = new Int32Array(keyWords);
  const masks = new Int32Array(keyWords);
  const field = prefix.length === 4 ? keyFields.dst_ipv4 : keyFields.dst_ipv6;
  values[0] = masks[0] = field.presence;
  const first = field.word + 1 - prefix.length / 4;
  for (let i = 0; i * 32 < length; i++) {
    const bits = Math.min(length - i * 32, 32);
    const mask = -1 << (32 - bits);
    masks[first + i] = mask;
    values[first + i] = u32(prefix, 4 * i) & mask;
  }
  return { values, masks, count: 1 };
}
