/** A program with one ACL that redirects frames, sends them to multicast groups and asks for clones. */
import { encodeP4InfoText } from "./p4info.js";

/** Ids of the program. */
export const repl = {
  table: 0x02000001,
  drop: 0x01000001,
  trap: 0x01000002,
  nothing: 0x01000003,
  /** A port. */
  toPort: 0x01000004,
  /** A multicast group. */
  toGroup: 0x01000005,
  /** A mirror session, by text. */
  mirror: 0x01000006,
  /** A clone session, by a number of a translated type, and a port. */
  cloneAndSend: 0x01000007,
  /** A multicast group and a queue; copies are cancelled. */
  toGroupOnly: 0x01000008,
  counter: 0x13000001,
} as const;

export interface ReplicationProgramOptions {
  /** How the program gives ports; text by default. */
  readonly ports?: "text" | "number" | "untranslated";
  /** What is said in `pkg_info`. */
  readonly platform?: string;
}

/** The program in text form. */
export function replicationText({ ports = "text", platform = "" }: ReplicationProgramOptions = {}): string {
  const port = ports === "untranslated" ? "bitwidth: 9" : 'type_name { name: "port_t" }' + (ports === "number" ? " bitwidth: 32" : ""); // prettier-ignore
  const translation = { text: "sdn_string { }", number: "sdn_bitwidth: 32", untranslated: "" }[ports];
  const portType = translation === "" ? "" : type("port_t", `uri: "p4.org/psa/v1/PortId_t" ${translation}`);
  const metadata = (id: number, name: string) => `metadata { id: ${id} name: "${name}" ${port} }`;
  const mirror = param(1, "mirror_session_id", 'type_name { name: "mirror_t" }', "MIRROR_INGRESS");
  return `
    pkg_info { name: "replication" arch: "v1model" ${platform} }
    tables {
      preamble { id: ${repl.table} name: "ingress.acl" alias: "acl" }
      match_fields { id: 1 name: "ether_type" bitwidth: 16 match_type: TERNARY }
      ${[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `action_refs { id: 0x0100000${n} }`).join(" ")}
      direct_resource_ids: ${repl.counter}
      size: 1024
    }
    direct_counters { preamble { id: ${repl.counter} name: "c" alias: "c" } spec { unit: BOTH } direct_table_id: ${repl.table} }
    ${action(repl.drop, "drop")} ${action(repl.trap, "trap")} ${action(repl.nothing, "NoAction")}
    ${action(repl.toPort, "to_port", param(1, "port", port, "REDIRECT", "PORT"))}
    ${action(repl.toGroup, "to_group", param(1, "group", "bitwidth: 32", "REDIRECT", "L2MC_GROUP"))}
    ${action(repl.mirror, "mirror", mirror, "FORWARD")}
    ${action(repl.cloneAndSend, "clone_and_send", param(1, "session", 'type_name { name: "clone_t" } bitwidth: 16', "MIRROR_INGRESS") + param(2, "port", port, "REDIRECT", "PORT"))}
    ${action(repl.toGroupOnly, "to_group_only", param(1, "group", "bitwidth: 16", "REDIRECT", "IPMC_GROUP") + queue, "COPY_CANCEL")}
    controller_packet_metadata {
      preamble { id: 0x04000001 name: "packet_in" alias: "packet_in" }
      ${metadata(1, "ingress_port")} ${metadata(2, "target_egress_port")}
    }
    controller_packet_metadata {
      preamble { id: 0x04000002 name: "packet_out" alias: "packet_out" }
      ${metadata(1, "egress_port")} metadata { id: 2 name: "submit_to_ingress" bitwidth: 1 }
    }
    type_info {
    ${portType}
    ${type("mirror_t", "sdn_string { }")}
    ${type("clone_t", 'uri: "p4.org/psa/v1/CloneSessionId_t" sdn_bitwidth: 16')}
    }
  `;
}

/** The program, serialized. */
export function replicationProgram(options: ReplicationProgramOptions = {}): Uint8Array {
  return encodeP4InfoText(replicationText(options));
}

const queue = `params { id: 2 name: "queue" bitwidth: 8 annotations: "@sai_action_param(QOS_QUEUE)" }`;

function type(name: string, translation: string): string {
  return `new_types { key: "${name}" value { translated_type { ${translation} } } }`;
}

function action(id: number, name: string, params = "", sai?: string): string {
  const annotation = sai === undefined ? "" : `annotations: "@sai_action(SAI_PACKET_ACTION_${sai})"`;
  return `actions { preamble { id: ${id} name: "ingress.${name}" alias: "${name}" ${annotation} } ${params} }`;
}

function param(id: number, name: string, form: string, attribute: string, object?: string): string {
  const said = `annotations: "@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_${attribute})"`;
  const of = object === undefined ? "" : `annotations: "@sai_action_param_object_type(SAI_OBJECT_TYPE_${object})"`;
  return `params { id: ${id} name: "${name}" ${form} ${said} ${of} }`;
}
