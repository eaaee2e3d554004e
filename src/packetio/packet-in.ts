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
/** Width of a P4Runtime port id. */
const portBits = 32;

/** Metadata of frames of one pipeline: one element per field, in header order (PKT-18, PKT-19). */
export class PacketInMetadata {
  readonly #header: PacketHeader | undefined;
  readonly #fallback: EgressFallback;
  /** Largest port that every port field can say. */
  readonly #maxPort: number;

  constructor(header: PacketHeader | undefined, fallback: EgressFallback) {
    this.#header = header;
    this.#fallback = fallback;
    const widths = (header?.fields ?? []).map(({ format }) =>
      format.kind === "bits" && format.port ? format.width : portBits,
    );
    this.#maxPort = 2 ** Math.min(portBits, ...widths) - 1;
  }

  /** False if the program's port fields are too narrow for `port`: it has no id there (PKT-33). */
  names(port: number): boolean {
    return port <= this.#maxPort;
  }

  /**
   * @param ingress P4Runtime port id @precondition `names(ingress)`
   * @param egress 0 if the datapath cannot tell; so is a port without a name
   */
  values(ingress: number, egress: number): readonly MetadataValue[] {
    const known = this.names(egress) ? egress : 0;
    const target = known === 0 && this.#fallback === "ingress" ? ingress : known;
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
