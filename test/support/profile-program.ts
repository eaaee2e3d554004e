/** A program of tables that action profiles implement, and its entities in short. */
import type { p4 } from "../../src/wire/gen/proto.js";
import * as lab from "./lab-program.js";
import type { Entity, TableEntry } from "./p4-client.js";
import { encodeP4InfoText } from "./p4info.js";

/**
 * `acl` and `more` share `selector` (groups of 8 at most, 20 in all, by weight). `few` has `counted` (groups of 2, by
 * number of members, weights up to 3, 3 in all), `even` takes no weights, `open` does not limit its groups. `single` has no selector.
 */
export const ids = {
  acl: 0x02000001,
  more: 0x02000002,
  few: 0x02000003,
  even: 0x02000004,
  open: 0x02000005,
  single: 0x02000006,
  selector: 0x11000001,
  counted: 0x11000002,
  evenly: 0x11000003,
  unlimited: 0x11000004,
  members: 0x11000005,
  trap: 0x01000001,
  copy: 0x01000002,
  drop: 0x01000003,
  nothing: 0x01000004,
  /** With the queue as parameter: 1, 2 or 3, of which a restriction forbids 3 and 9 has no queue. */
  queued: 0x01000005,
  forGroups: 0x01000006,
} as const;

const hexId = (id: number) => `0x${id.toString(16).padStart(8, "0")}`;

const table = (name: "acl" | "more" | "few" | "even" | "open" | "single", profile: number) => `
tables {
  preamble { id: ${hexId(ids[name])} name: "ingress.${name}" alias: "${name}" }
  match_fields { id: 1 name: "ether_type" bitwidth: 16 match_type: TERNARY }
  action_refs { id: 0x01000001 } action_refs { id: 0x01000002 } action_refs { id: 0x01000003 }
  action_refs { id: 0x01000004 scope: DEFAULT_ONLY } action_refs { id: 0x01000005 }
  action_refs { id: 0x01000006 scope: GROUP_ACTION }
  const_default_action_id: 0x01000004
  implementation_id: ${hexId(profile)}
  size: 1024
}`;

const profile = (id: number, name: string, tables: readonly number[], rest: string) =>
  `action_profiles { preamble { id: ${hexId(id)} name: "${name}" alias: "${name}" } ${tables.map((each) => `table_ids: ${hexId(each)}`).join(" ")} ${rest} }`;

/** The program in text form. */
export const profileText = `
pkg_info { name: "profiles" arch: "v1model" }
${table("acl", ids.selector)}
${table("more", ids.selector)}
${table("few", ids.counted)}
${table("even", ids.evenly)}
${table("open", ids.unlimited)}
${table("single", ids.members)}
actions { preamble { id: 0x01000001 name: "ingress.trap" alias: "trap" annotations: "@sai_action(SAI_PACKET_ACTION_TRAP)" } }
actions { preamble { id: 0x01000002 name: "ingress.copy" alias: "copy" annotations: "@sai_action(SAI_PACKET_ACTION_COPY)" } }
actions { preamble { id: 0x01000003 name: "ingress.drop" alias: "drop" annotations: "@sai_action(SAI_PACKET_ACTION_DROP)" } }
actions { preamble { id: 0x01000004 name: "NoAction" alias: "NoAction" } }
actions {
  preamble {
    id: 0x01000005 name: "ingress.queued" alias: "queued"
    annotations: "@sai_action(SAI_PACKET_ACTION_TRAP)" annotations: "@action_restriction(\\"queue != 3\\")"
  }
  params { id: 1 name: "queue" bitwidth: 8 annotations: "@sai_action_param(QOS_QUEUE)" }
}
actions { preamble { id: 0x01000006 name: "ingress.before" alias: "clone_to_cpu" } }
${profile(ids.selector, "selector", [ids.acl, ids.more], "with_selector: true size: 20 max_group_size: 8")}
${profile(ids.counted, "counted", [ids.few], "with_selector: true size: 3 max_group_size: 2 sum_of_members { max_member_weight: 3 }")}
${profile(ids.evenly, "evenly", [ids.even], "with_selector: true size: 20 max_group_size: 8 weights_disallowed: true")}
${profile(ids.unlimited, "unlimited", [ids.open], "with_selector: true size: 100000")}
${profile(ids.members, "members", [ids.single], "size: 2")}
type_info { new_types { key: "port_id_t" value { translated_type { sdn_string { } } } } }
`;

/** YAML of an agent that realises the program. */
export const profileYaml = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft } }]
interfaces: { a: { port_id: 1 }, b: { port_id: 2 }, c: { port_id: 3 } }
punt: { queues: { "1": { pps: 1000, burst: 1000 }, "2": { pps: 1000, burst: 1000 } } }
`;

export const profileP4Info = (text = profileText) => encodeP4InfoText(text);

type Action = p4.v1.Action.$Properties;
type Watch = { readonly watchPort?: Buffer; readonly watch?: number };

/** A call of an action: `ids.queued` with its queue. */
export const call = (actionId: number, queue?: number): Action =>
  queue === undefined ? { actionId } : { actionId, params: [{ paramId: 1, value: Buffer.from([queue]) }] };

export const member = (memberId: number, action?: Action, actionProfileId: number = ids.selector): Entity => ({
  actionProfileMember: { actionProfileId, memberId, ...(action && { action }) },
});

/** `members`: ids with their weights, or whole members. */
export function group(
  groupId: number,
  members: readonly (readonly [id: number, weight: number, watch?: Watch])[] = [],
  rest: p4.v1.ActionProfileGroup.$Properties = {},
): Entity {
  const listed = members.map(([memberId, weight, watch]) => ({ memberId, weight, ...watch }));
  return { actionProfileGroup: { actionProfileId: ids.selector, groupId, members: listed, ...rest } };
}

/** An entry of `acl`, or of another table, that matches one EtherType. */
export function selecting(etherType: number, action?: p4.v1.TableAction.$Properties, tableId: number = ids.acl) {
  const tableEntry: TableEntry = {
    tableId,
    match: [{ fieldId: 1, ternary: { value: lab.short(etherType), mask: lab.num(0xffff) } }],
    priority: 1,
    ...(action && { action }),
  };
  return { tableEntry };
}

export const byMember = (id: number) => ({ actionProfileMemberId: id });
export const byGroup = (id: number) => ({ actionProfileGroupId: id });

type Mode = p4.v1.ActionProfileActionSet.ActionSelectionMode;
type Semantics = p4.v1.ActionProfileActionSet.SizeSemantics;

/** What a set has beside its actions; numbers of enums may be any. */
export interface SetFields {
  readonly mode?: number;
  readonly semantics?: number;
  readonly groupAction?: Action;
}

/** A one-shot set of actions with their weights. */
export function bySet(
  actions: readonly (readonly [action: Action, weight: number, watch?: Watch])[],
  { mode = 0, semantics = 0, groupAction }: SetFields = {},
): p4.v1.TableAction.$Properties {
  return {
    actionProfileActionSet: {
      actionProfileActions: actions.map(([action, weight, watch]) => ({ action, weight, ...watch })),
      ...(mode !== 0 && { actionSelectionMode: mode as unknown as Mode }),
      ...(semantics !== 0 && { sizeSemantics: semantics as unknown as Semantics }),
      ...(groupAction && { groupAction }),
    },
  };
}

export const port = (id: number): Watch => ({ watchPort: Buffer.from(id.toString()) });
