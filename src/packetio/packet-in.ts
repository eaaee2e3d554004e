/** `packet_in` metadata: a punted frame's ports in the form the program declares. */
import type { PacketHeader } from "../pipeline/pipeline.js";

/** One metadata element; `value` is canonical. */
export interface MetadataValue {
  readonly id: number;
  readonly value: Uint8Array;
}

/** What `target_egress_port` says when the datapath cannot tell: zero, or the ingress port. */
export type EgressFallback = "zero" | "ingress";

const zero = Uint8Array.of(0);

/** Metadata of frames of one pipeline: one element per field, in header order (PKT-18, PKT-19). */
export class PacketInMetadata {
  readonly #header: PacketHeader | undefined;
  readonly #fallback: EgressFallback;

  constructor(header: PacketHeader | undefined, fallback: EgressFallback) {
    this.#header = header;
    this.#fallback = fallback;
  }

  /** @param ingress P4Runtime port id
   * @param egress 0 if the datapath cannot tell */
  values(ingress: number, egress: number): readonly MetadataValue[] {
    const target = egress === 0 && this.#fallback === "ingress" ? ingress : egress;
    return (this.#header?.fields ?? []).map(({ id, name, format }) => {
      const port = name === "ingress_port" ? ingress : name === "target_egress_port" ? target : 0;
      return { id, value: format.kind === "sdn-string" ? Buffer.from(port.toString()) : numberBytes(port) };
    });
  }
}

/** Canonical big-endian bytes: the shortest form, at least one byte (PKT-20). */
function numberBytes(value: number): Uint8Array {
  if (value === 0) return zero;
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}
