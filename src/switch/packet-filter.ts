/** Which packets are in a role's scope, by the values of their metadata. @see P4Runtime §15.5 Role Config, ARB-74, ARB-75 */
import type { MetadataValue, PacketInMetadata } from "../packetio/packet-in.js";
import type { PacketHeader } from "../pipeline/pipeline.js";
import type { MetadataDemand, PacketScope } from "../session/role-definition.js";

/** A demand in canonical form: numbers without leading zeros. */
interface Wanted {
  readonly id: number;
  readonly value: Buffer;
}

/** The packets of one header that a scope lets through. */
export class PacketFilter {
  readonly #alternatives: readonly (readonly Wanted[])[];
  readonly #texts: ReadonlySet<number>;

  /** @returns undefined if every packet is in `scope` */
  static of(scope: PacketScope | undefined, header: PacketHeader | undefined): PacketFilter | undefined {
    return scope === undefined || scope.kind === "all" ? undefined : new PacketFilter(scope, header);
  }

  private constructor(scope: PacketScope, header: PacketHeader | undefined) {
    const fields = header?.fields ?? [];
    this.#texts = new Set(fields.filter(({ format }) => format.kind === "sdn-string").map(({ id }) => id));
    const wanted = ({ id, value }: MetadataDemand): Wanted => ({ id, value: this.#canonical(id, value) });
    this.#alternatives = scope.kind === "some" ? scope.filters.map((demands) => demands.map(wanted)) : [];
  }

  /** True if `metadata` meets all demands of one filter. */
  admits(metadata: readonly MetadataValue[]): boolean {
    return this.#alternatives.some((demands) =>
      demands.every(({ id, value }) =>
        metadata.some((given) => given.id === id && this.#canonical(id, given.value).equals(value)),
      ),
    );
  }

  #canonical(id: number, value: Uint8Array): Buffer {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    if (this.#texts.has(id)) return bytes;
    const first = bytes.findIndex((byte) => byte !== 0);
    return first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
  }
}

/** Answers kept of one filter: one per pair of ports that occurred. */
const maxAnswers = 65_536;

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
