/** GetForwardingPipelineConfig and Capabilities messages. */
import { invalidArgument } from "../base/status.js";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";

/** Field 999. */
const experimentalTag = 999 * 8 + 2;

/** `device_id` and enum number of `response_type`. @throws StatusError INVALID_ARGUMENT if `bytes` are no GetForwardingPipelineConfigRequest */
export function decodeGetPipelineRequest(bytes: Uint8Array): {
  readonly deviceId: bigint;
  readonly responseType: number;
} {
  const reader = new ByteReader();
  let deviceId = 0n;
  let responseType = 0;
  reader.begin(bytes);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) deviceId = reader.uint64();
    else if (tag === 0x10) responseType = reader.int32();
    else reader.skip();
  }
  return { deviceId, responseType };
}

/** Which parts each response type gives: P4Info, device config. */
const parts: Readonly<Record<number, { readonly p4info: boolean; readonly deviceConfig: boolean }>> = {
  0: { p4info: true, deviceConfig: true },
  1: { p4info: false, deviceConfig: false },
  2: { p4info: true, deviceConfig: false },
  3: { p4info: false, deviceConfig: true },
};

/**
 * A GetForwardingPipelineConfigResponse; `config` undefined leaves it unset (GFP-02 … GFP-11).
 * @throws StatusError INVALID_ARGUMENT for an unknown response type (GFP-13)
 */
export function encodeGetPipelineResponse(
  config:
    | {
        readonly p4info: { readonly bytes: Uint8Array };
        readonly deviceConfig: Uint8Array;
        readonly cookie: bigint | undefined;
      }
    | undefined,
  responseType: number,
): Buffer {
  const wanted = parts[responseType];
  if (wanted === undefined)
    throw invalidArgument(
      `response_type ${responseType} is unknown; it must be ALL (0), COOKIE_ONLY (1), P4INFO_AND_COOKIE (2) or DEVICE_CONFIG_AND_COOKIE (3)`,
    );
  if (config === undefined) return Buffer.alloc(0);
  const writer = new ByteWriter();
  const body = writer.open(0x0a);
  if (wanted.p4info) writer.bytesField(0x0a, config.p4info.bytes);
  if (wanted.deviceConfig && config.deviceConfig.length > 0) writer.bytesField(0x12, config.deviceConfig);
  if (config.cookie !== undefined) {
    const cookie = writer.open(0x1a);
    if (config.cookie !== 0n) {
      writer.tag(0x08);
      writer.uint64(config.cookie);
    }
    writer.close(cookie);
  }
  writer.close(body);
  return writer.take();
}

/** `device_id` of a CapabilitiesRequest. @throws StatusError INVALID_ARGUMENT if `bytes` are none */
export function decodeCapabilitiesRequest(bytes: Uint8Array): bigint {
  return decodeGetPipelineRequest(bytes).deviceId;
}

/** A CapabilitiesResponse. @param experimental what this server tells beyond the contract, as an Any (CAP-05) */
export function encodeCapabilitiesResponse(
  apiVersion: string,
  experimental?: { readonly typeUrl: string; readonly value: Uint8Array },
): Buffer {
  const writer = new ByteWriter();
  writer.stringField(0x0a, apiVersion);
  if (experimental !== undefined) {
    const any = writer.open(experimentalTag);
    writer.stringField(0x0a, experimental.typeUrl);
    writer.bytesField(0x12, experimental.value);
    writer.close(any);
  }
  return writer.take();
}
