/** SetForwardingPipelineConfig messages → pipeline configurations. */
import type { ElectionId } from "../session/election-id.js";
import { ByteReader } from "./byte-reader.js";
import { decodeElectionId } from "./decode-write.js";
import { EncodedP4Info } from "./p4info-source.js";
import { Span } from "./span.js";

/** A `ForwardingPipelineConfig`; `cookie` undefined: not set. */
export interface WirePipelineConfig {
  readonly p4info: EncodedP4Info;
  readonly deviceConfig: Uint8Array;
  readonly cookie: bigint | undefined;
}

export interface SetPipelineRequest {
  readonly deviceId: bigint;
  readonly role: string;
  readonly electionId: ElectionId | undefined;
  /** Enum number of `Action`. */
  readonly action: number;
  readonly config: WirePipelineConfig | undefined;
}

/** @throws StatusError INVALID_ARGUMENT if `bytes` are no SetForwardingPipelineConfigRequest */
export function decodeSetPipelineRequest(bytes: Uint8Array): SetPipelineRequest {
  const reader = new ByteReader();
  let deviceId = 0n;
  let role = "";
  let action = 0;
  const election = new Span();
  const config = new Span();
  reader.begin(bytes);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) deviceId = reader.uint64();
    else if (tag === 0x20) action = reader.int32();
    else if (tag === 0x32) role = reader.string();
    else if (tag === 0x1a || tag === 0x2a) take(reader, tag === 0x1a ? election : config);
    else reader.skip();
  }
  const electionId = decodeElectionId(reader, election);
  return { deviceId, role, electionId, action, config: config.present ? decodeConfig(reader, config) : undefined };
}

function take(reader: ByteReader, into: Span): void {
  into.take(reader);
}

function decodeConfig(reader: ByteReader, at: Span): WirePipelineConfig {
  const p4info = new Span();
  const cookie = new Span();
  let deviceConfig: Uint8Array = new Uint8Array(0);
  reader.reset(at.bytes, at.start, at.end);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x0a || tag === 0x1a) take(reader, tag === 0x0a ? p4info : cookie);
    else if (tag === 0x12) deviceConfig = Uint8Array.from(reader.view());
    else reader.skip();
  }
  const bytes = p4info.present ? Uint8Array.from(p4info.bytes.subarray(p4info.start, p4info.end)) : new Uint8Array(0);
  return {
    p4info: new EncodedP4Info(bytes),
    deviceConfig,
    cookie: cookie.present ? decodeCookie(reader, cookie) : undefined,
  };
}

function decodeCookie(reader: ByteReader, at: Span): bigint {
  let value = 0n;
  reader.reset(at.bytes, at.start, at.end);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) value = reader.uint64();
    else reader.skip();
  }
  return value;
}
