/** What the switch tells a controller on its stream → `StreamMessageResponse` bytes. */
import type { IdleNotification } from "../entity/idle-notification.js";
import type { MetadataValue } from "../packetio/packet-in.js";
import type { StreamErrorMessage } from "../packetio/stream-error.js";
import type { ArbitrationMessage } from "../session/arbitration-message.js";
import { electionIdWords } from "../session/election-id.js";
import { defaultRole } from "../session/role.js";
import { ByteWriter } from "./byte-writer.js";
import { KeyEncoder } from "./encode-key.js";

/** Our error space. */
export const errorSpace = "p4rtd";

const writer = new ByteWriter();
const keys = new KeyEncoder(writer);

/** `StreamMessageResponse.arbitration`; `status` is always present, the default role leaves `role` out (ARB-50, ARB-53). */
export function encodeArbitration(message: ArbitrationMessage): Buffer {
  writer.reset();
  const outer = writer.open(0x0a);
  writer.tag(0x08);
  writer.uint64(message.deviceId);
  if (message.role !== defaultRole || message.roleConfig !== undefined) {
    const role = writer.open(0x12);
    if (message.roleConfig !== undefined) {
      const config = writer.open(0x12);
      if (message.roleConfig.typeUrl !== "") writer.stringField(0x0a, message.roleConfig.typeUrl);
      if (message.roleConfig.value.length > 0) writer.bytesField(0x12, message.roleConfig.value);
      writer.close(config);
    }
    if (message.role !== defaultRole) writer.stringField(0x1a, message.role);
    writer.close(role);
  }
  if (message.electionId !== undefined) {
    const { high, low } = electionIdWords(message.electionId);
    const id = writer.open(0x1a);
    if (high !== 0n) {
      writer.tag(0x08);
      writer.uint64(high);
    }
    if (low !== 0n) {
      writer.tag(0x10);
      writer.uint64(low);
    }
    writer.close(id);
  }
  const status = writer.open(0x22);
  if (message.code !== 0) {
    writer.tag(0x08);
    writer.int32(message.code);
  }
  if (message.text !== "") writer.stringField(0x12, message.text);
  writer.close(status);
  writer.close(outer);
  return writer.take();
}

/** Field of the `details` oneof by kind of the offending message; always set (STE-02). */
const details = { "packet-out": 0x2a, "digest-list-ack": 0x32, other: 0x3a } as const;

/** `StreamMessageResponse.error`. */
export function encodeStreamError(error: StreamErrorMessage): Buffer {
  writer.reset();
  const outer = writer.open(0x32);
  writer.tag(0x08);
  writer.int32(error.canonical);
  writer.stringField(0x12, error.message);
  writer.stringField(0x1a, errorSpace);
  if (error.code !== 0) {
    writer.tag(0x20);
    writer.int32(error.code);
  }
  const detail = writer.open(details[error.about]);
  if (error.offending !== undefined) writer.bytesField(0x0a, error.offending);
  else if (error.metadata !== undefined && error.metadata.length > 0) writeMetadata(error.metadata);
  writer.close(detail);
  writer.close(outer);
  return writer.take();
}

/** `StreamMessageResponse.idle_timeout_notification`; actions are not part of it (IDL-08). */
export function encodeIdleNotification({ schema, entries, timestampNs }: IdleNotification): Buffer {
  writer.reset();
  const outer = writer.open(0x22);
  for (const { key, extras } of entries) {
    const entry = writer.open(0x0a);
    keys.key(schema, { key, isDefault: false });
    keys.priority(key);
    if (extras.controllerMetadata !== 0n) {
      writer.tag(0x28);
      writer.uint64(extras.controllerMetadata);
    }
    if (extras.aging !== undefined) {
      writer.tag(0x48);
      writer.int64(extras.aging.timeoutNs);
    }
    if (extras.metadata.length > 0) writer.bytesField(0x5a, extras.metadata);
    writer.close(entry);
  }
  writer.tag(0x10);
  writer.int64(timestampNs);
  writer.close(outer);
  return writer.take();
}

/** A `PacketOut` that holds metadata only. */
function writeMetadata(metadata: readonly MetadataValue[]): void {
  const packet = writer.open(0x0a);
  for (const { id, value } of metadata) {
    const element = writer.open(0x12);
    writer.tag(0x08);
    writer.uint32(id);
    writer.bytesField(0x12, value);
    writer.close(element);
  }
  writer.close(packet);
}
