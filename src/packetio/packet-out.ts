/** `packet_out` metadata: where a controller wants a frame to go. */
import { clip } from "../base/clip.js";
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
  readonly #positions: ReadonlyMap<number, number>;
  /** By position: the last PacketOut that had the field, in the count of `#packets`. */
  readonly #givenIn: Float64Array;
  #packets = 0;

  constructor(header: PacketHeader | undefined, missing: MissingMetadata) {
    const fields = header?.fields ?? [];
    this.#header = header;
    this.#missing = missing;
    this.#positions = new Map(fields.map(({ id }, position) => [id, position]));
    this.#givenIn = new Float64Array(fields.length);
  }

  /** PKT-03 … PKT-12, PKT-25, PKT-28 … PKT-30. What a field without a meaning asks for is refused, not ignored. */
  destination(metadata: readonly MetadataValue[]): Destination {
    const header = this.#header;
    if (header === undefined)
      return metadata.length > 0
        ? bad("the pipeline has no packet_out header, so PacketOut takes no metadata")
        : unknown("the pipeline has no packet_out header that could name an egress port");
    let egress: Uint8Array | undefined;
    let egressField: PacketField | undefined;
    let submit = false;
    const packet = ++this.#packets;
    for (const element of metadata) {
      const position = this.#positions.get(element.id);
      const field = position === undefined ? undefined : header.fields[position];
      if (position === undefined || field === undefined)
        return bad(`packet_out has no metadata ${element.id}; it has ${fieldList(header)}`);
      if (this.#givenIn[position] === packet) return bad(`metadata '${field.name}' is given twice`);
      this.#givenIn[position] = packet;
      if (field.name === "egress_port") {
        egress = element.value;
        egressField = field;
        continue; // looked at only if the frame is not submitted to ingress
      }
      const wrong = check(field, element.value);
      if (wrong !== undefined) return bad(wrong);
      if (field.name === "submit_to_ingress") submit = !isZero(element.value);
      else if (!asksNothing(field, element.value)) return bad(noMeaning(field, element.value));
    }
    if (this.#missing === "strict" && metadata.length < header.fields.length) {
      const missing = header.fields.find((_, position) => this.#givenIn[position] !== packet);
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

/** Fields named in one message. */
const maxListed = 20;

function fieldList({ fields }: PacketHeader): string {
  const listed = fields.slice(0, maxListed).map((field) => `${field.id} (${field.name})`);
  return [...listed, ...(fields.length > maxListed ? [`and ${fields.length - maxListed} more`] : [])].join(", ");
}

/** True for zero, also as the text that PacketIn has for it. */
function asksNothing({ format }: PacketField, value: Uint8Array): boolean {
  return isZero(value) || (format.kind === "sdn-string" && value.length === 1 && value[0] === 0x30);
}

function noMeaning({ name, format }: PacketField, value: Uint8Array): string {
  const shown =
    format.kind === "sdn-string" ? JSON.stringify(clip(Buffer.from(value).toString(), 64)) : `0x${toHex(value)}`;
  return `metadata '${name}' has no meaning to p4rtd, only egress_port and submit_to_ingress have; it must be zero, not ${shown}`;
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
