/** Punted frames → `StreamMessageResponse` bytes, by hand: the metadata part is prepared once per pair of ports. */
import type { PacketInMetadata } from "../packetio/packet-in.js";
import { ByteWriter, varintBytes } from "./byte-writer.js";

/** Pairs of ports kept; beyond, the cache starts afresh. */
const maxPrepared = 4096;

/** Encodes the PacketIns of one pipeline. */
export class PacketInEncoder {
  readonly #metadata: PacketInMetadata;
  readonly #prepared = new Map<number, Map<number, Buffer>>();
  #count = 0;
  readonly #writer = new ByteWriter();

  constructor(metadata: PacketInMetadata) {
    this.#metadata = metadata;
  }

  /** The message for `source[offset, offset + length)`, which is copied. */
  encode(ingress: number, egress: number, source: Uint8Array, offset: number, length: number): Buffer {
    const suffix = this.#prepared.get(ingress)?.get(egress) ?? this.#prepare(ingress, egress);
    const payload = length === 0 ? 0 : 1 + varintBytes(length) + length;
    const body = payload + suffix.length;
    const message = Buffer.allocUnsafe(1 + varintBytes(body) + body);
    message[0] = 0x12; // StreamMessageResponse.packet
    let at = putVarint(message, 1, body);
    if (length > 0) {
      message[at] = 0x0a; // PacketIn.payload
      at = putVarint(message, at + 1, length);
      message.set(source.subarray(offset, offset + length), at);
      at += length;
    }
    message.set(suffix, at);
    return message;
  }

  #prepare(ingress: number, egress: number): Buffer {
    const writer = this.#writer;
    writer.reset();
    for (const { id, value } of this.#metadata.values(ingress, egress)) {
      const body = writer.open(0x12); // PacketIn.metadata
      writer.tag(0x08);
      writer.uint32(id);
      writer.bytesField(0x12, value);
      writer.close(body);
    }
    const suffix = writer.take();
    if (++this.#count > maxPrepared) {
      this.#prepared.clear();
      this.#count = 1;
    }
    const byEgress = this.#prepared.get(ingress) ?? new Map<number, Buffer>();
    byEgress.set(egress, suffix);
    this.#prepared.set(ingress, byEgress);
    return suffix;
  }
}

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}
