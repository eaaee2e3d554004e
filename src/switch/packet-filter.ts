/** Which packets are in a role's scope, by the values of their metadata. @see P4Runtime §15.5 Role Config, ARB-74, ARB-75 */
import type { MetadataValue, PacketInMetadata } from "../packetio/packet-in.js";
import type { PacketHeader } from "../pipeline/pipeline.js";
import type { MetadataDemand, PacketScope } from "../session/role-definition.js";

/** Filters that name the same metadata: looked up by their values, however many there are. */
interface Alternatives {
  /** In rising order. */
  readonly ids: readonly number[];
  /** The values that each filter demands, in the order of `ids`. @see `keyOf` */
  readonly keys: Set<string>;
}

/** The packets of one header that a scope lets through. A packet costs what it carries, whatever the number of filters. */
export class PacketFilter {
  readonly #alternatives: readonly Alternatives[];
  readonly #texts: ReadonlySet<number>;

  /** @returns undefined if every packet is in `scope` */
  static of(scope: PacketScope | undefined, header: PacketHeader | undefined): PacketFilter | undefined {
    return scope === undefined || scope.kind === "all" ? undefined : new PacketFilter(scope, header);
  }

  private constructor(scope: PacketScope, header: PacketHeader | undefined) {
    const fields = header?.fields ?? [];
    this.#texts = new Set(fields.filter(({ format }) => format.kind === "sdn-string").map(({ id }) => id));
    const byIds = new Map<string, Alternatives>();
    for (const demands of scope.kind === "some" ? scope.filters : []) this.#add(byIds, demands);
    this.#alternatives = [...byIds.values()];
  }

  /** True if `metadata` meets all demands of one filter. Of metadata that is given twice, which no packet may, the last counts. */
  admits(metadata: readonly MetadataValue[]): boolean {
    const given = new Map<number, string>();
    for (const { id, value } of metadata) given.set(id, this.#canonical(id, value));
    return this.#alternatives.some(({ ids, keys }) => {
      const key = keyOf(ids, given);
      return key !== undefined && keys.has(key);
    });
  }

  #add(byIds: Map<string, Alternatives>, demands: readonly MetadataDemand[]): void {
    const wanted = new Map<number, string>();
    for (const { id, value } of demands) {
      const text = this.#canonical(id, value);
      if ((wanted.get(id) ?? text) !== text) return; // no packet has two values of one field
      wanted.set(id, text);
    }
    const ids = [...wanted.keys()].sort((a, b) => a - b);
    const alternatives = byIds.get(ids.join()) ?? { ids, keys: new Set() };
    byIds.set(ids.join(), alternatives);
    alternatives.keys.add(keyOf(ids, wanted) ?? "");
  }

  /** In latin1; a number without leading zeros. */
  #canonical(id: number, value: Uint8Array): string {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    if (this.#texts.has(id)) return bytes.toString("latin1");
    const first = bytes.findIndex((byte) => byte !== 0);
    return first < 0 ? "" : bytes.toString("latin1", first);
  }
}

/** The values of `ids` with their lengths; undefined if one is not there. */
function keyOf(ids: readonly number[], values: ReadonlyMap<number, string>): string | undefined {
  let key = "";
  for (const id of ids) {
    const value = values.get(id);
    if (value === undefined) return undefined;
    key += `${value.length}:${value}`;
  }
  return key;
}

/** Answers kept of one filter, one per pair of ports that occurred: 256 roles may have one each. */
const maxAnswers = 4096;

/** A filter of PacketIns, whose metadata is decided by two ports: each pair is looked at once. */
export class PacketInFilter {
  readonly #filter: PacketFilter;
  readonly #metadata: PacketInMetadata;
  readonly #answers = new Map<number, Map<number, boolean>>();
  #count = 0;

  constructor(filter: PacketFilter, metadata: PacketInMetadata) {
    this.#filter = filter;
    this.#metadata = metadata;
  }

  admits(ingress: number, egress: number): boolean {
    const known = this.#answers.get(ingress)?.get(egress);
    return known ?? this.#learn(ingress, egress);
  }

  #learn(ingress: number, egress: number): boolean {
    const admitted = this.#filter.admits(this.#metadata.values(ingress, egress));
    if (this.#count++ >= maxAnswers) {
      this.#answers.clear();
      this.#count = 1;
    }
    const byEgress = this.#answers.get(ingress) ?? new Map<number, boolean>();
    this.#answers.set(ingress, byEgress);
    byEgress.set(egress, admitted);
    return admitted;
  }
}
