/** Requests for the WBB program, as its controllers make them. */
import { p4 } from "../../src/wire/gen/proto.js";
import { loadP4Info } from "../support/p4info.js";
import { lldp as lldpFrame } from "../support/frame-builder.js";
import {
  long,
  uint128,
  type P4Client,
  type P4Stream,
  type TableEntry,
  type WriteRequest,
} from "../support/p4-client.js";

export const tableId = 33554691;
export const trap = 16777480;
export const copy = 16777479;
export const insert = p4.v1.Update.Type.INSERT;

export const lldp = Buffer.from(lldpFrame);

/** `bytes` hexadecimal digits as a value. */
export const hex = (digits: string) => Buffer.from(digits, "hex");

/** An entry for one EtherType. */
export function etherType(value: string, actionId = trap, priority = 1): TableEntry {
  const match = [{ fieldId: 3, ternary: { value: hex(value), mask: hex("ffff") } }];
  return { tableId, match, priority, action: { action: { actionId } } };
}

/** Entries for the TTL of IPv4 (field 1) or IPv6 (field 2) packets. */
export function ttl(version: 1 | 2, value: number, actionId = trap): TableEntry {
  const match = [
    { fieldId: version, optional: { value: hex("01") } },
    { fieldId: 4, ternary: { value: Buffer.of(value), mask: hex("ff") } },
  ];
  return { tableId, match, priority: 1, action: { action: { actionId } } };
}

/** What featureprofiles installs. */
export const publicEntries: readonly TableEntry[] = [etherType("6007"), etherType("88cc"), ttl(1, 1), ttl(2, 1)];

/** A Write that inserts `entries`; `more` replaces parts of it. */
export function inserting(
  entries: readonly TableEntry[],
  electionId: number | bigint | undefined,
  more: WriteRequest = {},
): WriteRequest {
  const updates = entries.map((tableEntry) => ({ type: insert, entity: { tableEntry } }));
  const id = electionId === undefined ? {} : { electionId: uint128(BigInt(electionId)) };
  return { deviceId: long(1n), ...id, updates, ...more };
}

/** Traps LLDP. */
export function trapLldp(client: P4Client, electionId: number | bigint = 1, more: WriteRequest = {}): Promise<unknown> {
  return client.write(inserting([etherType("88cc")], electionId, more));
}

export type Metadata = readonly (readonly [id: number, value: string | Buffer])[];

/** A PacketOut; texts are taken as they are. */
export function packetOut(metadata: Metadata, payload: Uint8Array = lldp) {
  const elements = metadata.map(([metadataId, value]) => ({ metadataId, value: Buffer.from(value) }));
  return { packet: { payload, metadata: elements } };
}

/** The metadata of a PacketIn as pairs of id and text. */
export function metadataTexts(packet: p4.v1.PacketIn.$Properties): readonly (readonly [number, string])[] {
  return (packet.metadata ?? []).map(({ metadataId, value }) => [metadataId ?? 0, Buffer.from(value ?? []).toString()]);
}

/** Sends `packets` on `stream` and returns when the agent has handled them; nothing may have been answered. */
export async function sendQuietly(stream: P4Stream, ...packets: ReturnType<typeof packetOut>[]): Promise<void> {
  for (const packet of packets) stream.send(packet);
  await stream.quiet();
}

/** The P4Info of WBB with `change` made to it. */
export function changedWbb(change: (info: p4.config.v1.P4Info) => void): p4.config.v1.P4Info {
  const info = p4.config.v1.P4Info.decode(loadP4Info("wbb"));
  change(info);
  return info;
}

/** VERIFY_AND_COMMIT of `p4info` by the primary with id 1. */
export function pushInfo(client: P4Client, p4info: p4.config.v1.P4Info): Promise<unknown> {
  const action = p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT;
  return client.setPipeline({ deviceId: long(1n), electionId: uint128(1n), action, config: { p4info } });
}

/** Makes `type` the type of WBB's ports, in fields of `bitwidth`. */
export function setPortType(
  info: p4.config.v1.P4Info,
  bitwidth: number,
  type: p4.config.v1.P4NewTypeSpec.$Properties,
): void {
  info.typeInfo = { newTypes: { port_id_t: type } };
  for (const { metadata } of info.controllerPacketMetadata)
    for (const field of metadata ?? []) if (field.typeName?.name === "port_id_t") field.bitwidth = bitwidth;
}
