/** A small program for tests of writes: a large table without restrictions, a small exact one, and one of a named role. */
import assert from "node:assert/strict";
import { p4 } from "../../src/wire/gen/proto.js";
import { long, rejected, uint128, type Entity, type P4Client, type TableEntry, type Update } from "./p4-client.js";
import { encodeP4InfoText } from "./p4info.js";

/** Tables and actions of the program. `notes` has no direct resources and four entries at most. */
export const lab = {
  acl: 0x02000001,
  notes: 0x02000002,
  staff: 0x02000003,
  trap: 0x01000001,
  copy: 0x01000002,
  drop: 0x01000003,
  nothing: 0x01000004,
  aclCounter: 0x13000001,
  aclMeter: 0x15000001,
  notesSize: 4,
  role: "staff",
} as const;

const actions = `
actions { preamble { id: 0x01000001 name: "ingress.trap" alias: "trap" annotations: "@sai_action(SAI_PACKET_ACTION_TRAP)" } }
actions { preamble { id: 0x01000002 name: "ingress.copy" alias: "copy" annotations: "@sai_action(SAI_PACKET_ACTION_COPY)" } }
actions { preamble { id: 0x01000003 name: "ingress.drop" alias: "drop" annotations: "@sai_action(SAI_PACKET_ACTION_DROP)" } }
actions { preamble { id: 0x01000004 name: "NoAction" alias: "NoAction" } }
`;

const refs = [1, 2, 3, 4].map((n) => `action_refs { id: 0x0100000${n} }`).join("\n  ");

/** The program in text form, for tests that change it before they push it. */
export const labText = `
pkg_info { name: "lab" arch: "v1model" }
tables {
  preamble { id: 0x02000001 name: "ingress.acl" alias: "acl" }
  match_fields { id: 1 name: "ether_type" bitwidth: 16 match_type: TERNARY }
  match_fields { id: 2 name: "dst_mac" bitwidth: 48 match_type: TERNARY }
  ${refs}
  initial_default_action { action_id: 0x01000004 }
  direct_resource_ids: 0x13000001
  direct_resource_ids: 0x15000001
  size: 16384
}
tables {
  preamble { id: 0x02000002 name: "ingress.notes" alias: "notes" }
  match_fields { id: 1 name: "ether_type" bitwidth: 16 match_type: EXACT }
  ${refs}
  initial_default_action { action_id: 0x01000004 }
  size: 4
}
tables {
  preamble { id: 0x02000003 name: "ingress.staff" alias: "staff" annotations: "@p4runtime_role(\\"staff\\")" }
  match_fields { id: 1 name: "ether_type" bitwidth: 16 match_type: EXACT }
  ${refs}
  size: 16
}
${actions}
direct_counters { preamble { id: 0x13000001 name: "ingress.acl_counter" alias: "acl_counter" } spec { unit: BOTH } direct_table_id: 0x02000001 }
direct_meters { preamble { id: 0x15000001 name: "ingress.acl_meter" alias: "acl_meter" } spec { unit: BYTES } direct_table_id: 0x02000001 }
controller_packet_metadata {
  preamble { id: 0x04000001 name: "packet_in" alias: "packet_in" }
  metadata { id: 1 name: "ingress_port" type_name { name: "port_id_t" } }
  metadata { id: 2 name: "target_egress_port" type_name { name: "port_id_t" } }
}
controller_packet_metadata {
  preamble { id: 0x04000002 name: "packet_out" alias: "packet_out" }
  metadata { id: 1 name: "egress_port" type_name { name: "port_id_t" } }
}
type_info { new_types { key: "port_id_t" value { translated_type { sdn_string { } } } } }
`;

/** The parts of a P4Info that tests change. */
export interface LabP4Info extends p4.config.v1.P4Info.$Properties {
  tables: p4.config.v1.Table.$Properties[];
  actions: p4.config.v1.Action.$Properties[];
}

/** The program as a message; each call gives a fresh one. */
export function labP4Info(text = labText): LabP4Info {
  return p4.config.v1.P4Info.decode(encodeP4InfoText(text));
}

export const Action = p4.v1.SetForwardingPipelineConfigRequest.Action;
export const Type = p4.v1.Update.Type;

/** The program's text with each `from` replaced by what follows it; every `from` must be there. */
export function editedLab(...replacements: readonly (readonly [from: string, to: string])[]): string {
  let text = labText;
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), `the program has '${from}'`);
    text = text.replace(from, to);
  }
  return text;
}

/** The program with a field of its own table, `probe`. */
export function labWithField(field: string, more = ""): string {
  return `${labText} tables {
    preamble { id: 0x02000010 name: "ingress.probe" alias: "probe" }
    match_fields { id: 1 ${field} }
    action_refs { id: 0x01000001 }
    action_refs { id: 0x01000004 }
    size: 8
    ${more}
  }`;
}

/** Any number as an action, known or not. */
export const asAction = (number: number) => number as unknown as p4.v1.SetForwardingPipelineConfigRequest.Action;

/** SetForwardingPipelineConfig as the primary of the default role. */
export function set(
  client: P4Client,
  action: number,
  config?: p4.v1.ForwardingPipelineConfig.$Properties,
  electionId = 1n,
): Promise<unknown> {
  const given = config === undefined ? {} : { config };
  return client.setPipeline({
    deviceId: long(1n),
    electionId: uint128(electionId),
    action: asAction(action),
    ...given,
  });
}

/** VERIFY_AND_COMMIT of `p4info`. */
export function commit(client: P4Client, p4info: p4.config.v1.P4Info.$Properties = labP4Info()): Promise<unknown> {
  return set(client, Action.VERIFY_AND_COMMIT, { p4info });
}

/** A number as a bytestring of `bytes` bytes. */
export function num(value: number, bytes = 2): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

/** Shortest form of a number, as Read gives it. */
export function short(value: number): Buffer {
  const bytes = num(value, 6);
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? 5 : first);
}

/** An entry of `acl` that matches one EtherType. */
export function aclEntry(etherType: number, more: TableEntry = {}): TableEntry {
  return {
    tableId: lab.acl,
    match: [{ fieldId: 1, ternary: { value: short(etherType), mask: num(0xffff) } }],
    priority: 1,
    action: { action: { actionId: lab.trap } },
    ...more,
  };
}

/** An entry of `notes`, or of `staff`. */
export function noteEntry(etherType: number, more: TableEntry = {}): TableEntry {
  return {
    tableId: lab.notes,
    match: [{ fieldId: 1, exact: { value: short(etherType) } }],
    action: { action: { actionId: lab.drop } },
    ...more,
  };
}

export const insert = (tableEntry: TableEntry): Update => ({ type: Type.INSERT, entity: { tableEntry } });
export const modify = (tableEntry: TableEntry): Update => ({ type: Type.MODIFY, entity: { tableEntry } });
export const remove = (tableEntry: TableEntry): Update => ({ type: Type.DELETE, entity: { tableEntry } });

/** A Write as the primary of the default role with election id 1. */
export function write(
  client: P4Client,
  updates: readonly Update[],
  more: p4.v1.WriteRequest.$Properties = {},
): Promise<p4.v1.WriteResponse> {
  return client.write({ deviceId: long(1n), electionId: uint128(1n), updates: [...updates], ...more });
}

/** The canonical code of each update of a batch; one OK if all succeeded. @throws if the batch failed as a whole */
export async function slotCodes(batch: Promise<unknown>): Promise<readonly number[]> {
  if (await succeeds(batch)) return [0];
  const { code, message, slots } = await rejected(batch);
  assert.ok(slots, `details were expected, not ${code} ${message}`);
  return slots.map((slot) => slot.code);
}

/** How many updates of a batch failed, by its message. @throws if the batch failed as a whole */
export async function failures(batch: Promise<unknown>): Promise<number> {
  if (await succeeds(batch)) return 0;
  const { code, message } = await rejected(batch);
  const count = /^(\d+) of \d+ updates failed; first: #\d+ [A-Z_]+ ./.exec(message)?.[1];
  assert.ok(code === 2 && count !== undefined, `a failed batch was expected, not ${code} ${message}`);
  return Number(count);
}

async function succeeds(batch: Promise<unknown>): Promise<boolean> {
  const [settled] = await Promise.allSettled([batch]);
  return settled.status === "fulfilled";
}

/** What a Read of `entities` gives. */
export function read(client: P4Client, ...entities: readonly Entity[]): Promise<Entity[]> {
  return client.read({ deviceId: long(1n), entities: [...entities] });
}

/** Every entry of every table. */
export async function everyEntry(client: P4Client): Promise<TableEntry[]> {
  return (await read(client, { tableEntry: {} })).flatMap(({ tableEntry }) => tableEntry ?? []);
}

/** EtherTypes of the entries there are, in ascending order. */
export async function etherTypes(client: P4Client): Promise<number[]> {
  return (await everyEntry(client)).map(etherTypeOf).sort((a, b) => a - b);
}

/** The EtherType that an entry of the program matches. */
export function etherTypeOf({ match }: TableEntry): number {
  const [field] = match ?? [];
  return Number(`0x0${Buffer.from(field?.ternary?.value ?? field?.exact?.value ?? []).toString("hex")}`);
}

/** A minimum-size frame with `etherType`. */
export function frame(etherType: number): Buffer {
  return Buffer.concat([Buffer.from("020000000001020000000002", "hex"), num(etherType), Buffer.alloc(46)]);
}

/** Where a frame, or one with an EtherType, goes that comes in by port 1: egress ports, the CPU port among them. */
export async function egressOf(client: P4Client, what: number | Uint8Array): Promise<number[]> {
  const payload = typeof what === "number" ? frame(what) : what;
  const { possibleOutcomes } = await client.inject({ dataplaneIngressPort: 1, payload });
  return (possibleOutcomes[0]?.packets ?? []).map(({ dataplaneEgressPort }) => dataplaneEgressPort ?? 0);
}

export const cpu = 0xfffffffd;
