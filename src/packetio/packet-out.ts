/** `packet_out` metadata: where a controller wants a frame to go. */
import { toHex } from "../base/hex.js";
import { cpuPort, ordinaryPort, type PortId } from "../datapath/port.js";
import type { PacketField, PacketHeader } from "../pipeline/pipeline.js";
import type { MetadataValue } from "./packet-in.js";

/** A PacketOut as received; both parts are borrowed from the message. */
export interface PacketOut {
  readonly payload: Uint8Array;
  readonly metadata: readonly MetadataValue[];
}

/** Missing fields count as zero or absent, or are refused. @see AMB-14 */
export type MissingMetadata = "zero" | "strict";

/** `port`: `cpuPort` means the ingress path. */
export type Destination =
  | { readonly ok: true; readonly port: PortId }
  | { readonly ok: false; readonly reason: "bad-metadata" | "unknown-port"; readonly message: string };

/** Decodes the metadata of one pipeline's PacketOuts. */
export class PacketOutMetadata {
  readonly #header: PacketHeader | undefined;
  readonly #missing: MissingMetadata;

  constructor(header: PacketHeader | undefined, missing: MissingMetadata) {
    this.#header = header;
    this.#missing = missing;
  }

  /** PKT-03 … PKT-12, PKT-25, PKT-28 … PKT-30. */
  destination(metadata: readonly MetadataValue[]): Destination {
    const header = this.#header;
    if (header === undefined)
      return metadata.length > 0
        ? bad("the pipeline has no packet_out header, so PacketOut takes no metadata")
        : unknown("the pipeline has no packet_out header that could name an egress port");
    let egress: Uint8Array | undefined;
    let egressField: PacketField | undefined;
    let submit = false;
    for (let i = 0; i < metadata.length; i++) {
      const element = metadata[i];
      if (element === undefined) continue;
      const field = header.fieldById.get(element.id);
      if (field === undefined) return bad(`packet_out has no metadata ${element.id}; it has ${fieldList(header)}`);
      for (let k = 0; k < i; k++)
        if (metadata[k]?.id === element.id) return bad(`metadata '${field.name}' is given twice`);
      if (field.name === "egress_port") {
        egress = element.value;
        egressField = field;
        continue; // looked at only if the frame is not submitted to ingress
      }
      const wrong = check(field, element.value);
      if (wrong !== undefined) return bad(wrong);
      if (field.name === "submit_to_ingress") submit = !isZero(element.value);
    }
    if (this.#missing === "strict" && metadata.length < header.fields.length) {
      const missing = header.fields.find((field) => !metadata.some((element) => element.id === field.id));
      return bad(`metadata '${missing?.name ?? ""}' is missing`);
    }
    if (submit) return { ok: true, port: cpuPort };
    return egress === undefined || egressField === undefined
      ? unknown("neither egress_port nor submit_to_ingress is given")
      : portOf(egressField, egress);
  }
}

function bad(message: string): Destination {
  return { ok: false, reason: "bad-metadata", message };
}

function unknown(message: string): Destination {
  return { ok: false, reason: "unknown-port", message };
}

function fieldList(header: PacketHeader): string {
  return header.fields.map((field) => `${field.id} (${field.name})`).join(", ");
}

function isZero(value: Uint8Array): boolean {
  return value.every((byte) => byte === 0);
}

/** Why `value` does not fit `field`, or undefined. */
function check(field: PacketField, value: Uint8Array): string | undefined {
  if (value.length === 0) return `metadata '${field.name}': empty value`;
  if (field.format.kind === "sdn-string") return undefined;
  const first = value.findIndex((byte) => byte !== 0);
  const bits = first < 0 ? 0 : (value.length - first) * 8 - (Math.clz32(value[first] ?? 0) - 24);
  if (bits > field.format.width)
    return `metadata '${field.name}': value 0x${toHex(value)} needs ${bits} bits, it has ${field.format.width}`;
  if (field.padding && bits > 0) return `metadata '${field.name}' is padding and must be zero, not 0x${toHex(value)}`;
  return undefined;
}

function portOf(field: PacketField, value: Uint8Array): Destination {
  const wrong = check(field, value);
  if (wrong !== undefined) return bad(wrong);
  const text = Buffer.from(value).toString("latin1");
  const port =
    field.format.kind === "sdn-string"
      ? ordinaryPort(/^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0)
      : ordinaryPort(value.reduce((sum, byte) => sum * 256 + byte, 0));
  if (port === undefined)
    return unknown(
      `egress_port ${field.format.kind === "sdn-string" ? JSON.stringify(text) : `0x${toHex(value)}`} is no port id`,
    );
  return { ok: true, port };
}
