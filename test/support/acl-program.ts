/** A program with one ACL, for tests that need other ports or more room than the published ones have. */
import { encodeP4InfoText } from "./p4info.js";

/** Ids of the program. */
export const acl = { table: 0x02000001, trap: 0x01000001, copy: 0x01000002, etherType: 1, destination: 2 } as const;

/** Metadata of packet_out. */
export const packetOut = { egressPort: 1, submitToIngress: 2 } as const;

export interface AclProgramOptions {
  /** How packet metadata gives ports. */
  readonly ports: "sdn_bitwidth" | "untranslated";
  /** 1024 by default. */
  readonly size?: number;
}

/** A serialized P4Info: EtherType and IPv4 destination, both ternary, may be trapped or copied. */
export function aclProgram({ ports, size = 1024 }: AclProgramOptions): Uint8Array {
  const type = ports === "untranslated" ? "bitwidth: 32" : 'type_name { name: "port_t" } bitwidth: 32';
  const metadata = (id: number, name: string, form: string) => `metadata { id: ${id} name: "${name}" ${form} }`;
  const field = (id: number, name: string, bits: number, sai: string) =>
    `match_fields { id: ${id} name: "${name}" bitwidth: ${bits} match_type: TERNARY
       annotations: "@sai_field(SAI_ACL_TABLE_ATTR_FIELD_${sai})" }`;
  const action = (id: number, name: string) =>
    `actions { preamble { id: ${id} name: "${name}" alias: "${name}"
       annotations: "@sai_action(SAI_PACKET_ACTION_${name.toUpperCase()})" } }`;
  const header = (id: number, name: string, fields: string) =>
    `controller_packet_metadata {
       preamble { id: ${id} name: "${name}" alias: "${name}" annotations: "@controller_header(\\"${name}\\")" }
       ${fields} }`;
  return encodeP4InfoText(`
    tables {
      preamble { id: ${acl.table} name: "ingress.acl" alias: "acl" annotations: "@sai_acl(INGRESS)" }
      ${field(acl.etherType, "ether_type", 16, "ETHER_TYPE")}
      ${field(acl.destination, "dst_ip", 32, "DST_IP")}
      action_refs { id: ${acl.trap} } action_refs { id: ${acl.copy} }
      size: ${size}
    }
    ${action(acl.trap, "trap")} ${action(acl.copy, "copy")}
    ${header(0x04000001, "packet_in", metadata(1, "ingress_port", type) + metadata(2, "target_egress_port", type))}
    ${header(0x04000002, "packet_out", metadata(1, "egress_port", type) + metadata(2, "submit_to_ingress", "bitwidth: 1"))}
    ${ports === "untranslated" ? "" : portType}
  `);
}

const portType =
  'type_info { new_types { key: "port_t" value { translated_type { uri: "p4.org/psa/v1/PortId_t" sdn_bitwidth: 32 } } } }';
