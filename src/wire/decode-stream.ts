/** `StreamMessageRequest` bytes → what a controller says on its stream. */
import { invalidArgument } from "../base/status.js";
import type { MetadataValue } from "../packetio/packet-in.js";
import type { PacketOut } from "../packetio/packet-out.js";
import type { ArbitrationUpdate } from "../session/arbitration-message.js";
import { roleName, type RoleConfig } from "../session/role.js";
import { ByteReader } from "./byte-reader.js";
import { decodeElectionId } from "./decode-write.js";
import { Span } from "./span.js";

/** `raw` is the embedded message in wire form, borrowed. */
export type StreamRequest =
  | { readonly kind: "arbitration"; readonly update: ArbitrationUpdate }
  | { readonly kind: "packet-out"; readonly packet: PacketOut; readonly raw: Uint8Array }
  | { readonly kind: "digest-list-ack"; readonly digestId: number; readonly raw: Uint8Array }
  | { readonly kind: "other"; readonly raw: Uint8Array }
  | { readonly kind: "nothing" };

/** Metadata looked at: more than any header has fields, so that among so many one is unknown or given twice. */
const maxMetadata = 1024;
const nothing: Uint8Array = new Uint8Array(0);

/** Decodes the messages of one stream. */
export class StreamDecoder {
  readonly #reader = new ByteReader();
  readonly #part = new Span();
  readonly #inner = new Span();

  /** @throws StatusError INVALID_ARGUMENT if `bytes` are no StreamMessageRequest */
  decode(bytes: Uint8Array): StreamRequest {
    const reader = this.#reader;
    let kind = 0;
    this.#part.clear();
    reader.begin(bytes);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a && tag !== 0x22) {
        reader.skip();
        continue;
      }
      const length = reader.length();
      if (kind !== reader.fieldNumber) this.#part.clear();
      kind = reader.fieldNumber;
      this.#part.add(bytes, reader.pos, reader.pos + length);
      reader.pos += length;
    }
    const { bytes: source, start, end } = this.#part;
    switch (kind) {
      case 0:
        return { kind: "nothing" };
      case 1:
        return { kind: "arbitration", update: this.#arbitration() };
      case 2:
        return { kind: "packet-out", packet: this.#packetOut(), raw: source.subarray(start, end) };
      case 3:
        return { kind: "digest-list-ack", digestId: this.#digestId(), raw: source.subarray(start, end) };
      case 4:
        return { kind: "other", raw: source.subarray(start, end) };
      default:
        throw invalidArgument(`stream message ${kind} is unknown`);
    }
  }

  #packetOut(): PacketOut {
    const reader = this.#reader;
    const { bytes, start, end } = this.#part;
    const metadata: MetadataValue[] = [];
    let payload = bytes.subarray(0, 0);
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) payload = reader.view();
      else if (tag === 0x12) {
        if (metadata.length < maxMetadata) metadata.push(this.#metadata());
        else reader.skip();
      } else reader.skip();
    }
    return { payload, metadata };
  }

  #metadata(): MetadataValue {
    const reader = this.#reader;
    let id = 0;
    let value: Uint8Array = nothing;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) id = reader.uint32();
      else if (tag === 0x12) value = reader.view();
      else reader.skip();
    }
    reader.leave(outer);
    return { id, value };
  }

  #digestId(): number {
    const reader = this.#reader;
    let id = 0;
    reader.reset(this.#part.bytes, this.#part.start, this.#part.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) id = reader.uint32();
      else reader.skip();
    }
    return id;
  }

  #arbitration(): ArbitrationUpdate {
    const reader = this.#reader;
    const { bytes, start, end } = this.#part;
    const role = new Span();
    this.#inner.clear();
    let deviceId = 0n;
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) deviceId = reader.uint64();
      else if (tag === 0x12 || tag === 0x1a) {
        const length = reader.length();
        (tag === 0x12 ? role : this.#inner).add(bytes, reader.pos, reader.pos + length);
        reader.pos += length;
      } else reader.skip();
    }
    const electionId = decodeElectionId(reader, this.#inner);
    return { deviceId, electionId, ...this.#role(role) };
  }

  /** An empty name is the default role; the old numeric id is ignored (ARB-70, AMB-06). */
  #role(at: Span): Pick<ArbitrationUpdate, "role" | "roleConfig"> {
    const reader = this.#reader;
    let name = "";
    let roleConfig: RoleConfig | undefined;
    if (at.present) {
      reader.reset(at.bytes, at.start, at.end);
      for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
        if (tag === 0x1a) name = reader.string();
        else if (tag === 0x12) {
          let { typeUrl, value } = roleConfig ?? { typeUrl: "", value: nothing }; // another occurrence is merged
          const outer = reader.enter();
          for (let inner = reader.tag(); inner !== 0; inner = reader.tag()) {
            if (inner === 0x0a) typeUrl = reader.string();
            else if (inner === 0x12) value = reader.view();
            else reader.skip();
          }
          reader.leave(outer);
          roleConfig = { typeUrl, value };
        } else reader.skip();
      }
    }
    return {
      role: roleName(name),
      roleConfig: roleConfig && { typeUrl: roleConfig.typeUrl, value: Uint8Array.from(roleConfig.value) },
    };
  }
}
