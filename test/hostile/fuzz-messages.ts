/** A program with entities of every kind, and random messages about them: mostly sound, so that mutations of them are nearly so. */
import { p4rtd } from "../../src/wire/gen/p4rtd.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { encodeP4InfoText } from "../support/p4info.js";
import { long, uint128, type Entity } from "../support/p4-client.js";
import type { Random } from "./random.js";

const ids = {
  acl: 0x02000001,
  picks: 0x02000002,
  trap: 0x01000001,
  copy: 0x01000002,
  toPort: 0x01000003,
  toGroup: 0x01000004,
  clone: 0x01000005,
  selector: 0x11000001,
  cells: 0x12000001,
  meters: 0x14000001,
} as const;

/** The role beside the default one. */
export const fuzzRole = "ops";

const action = (id: number, name: string, rest: string) =>
  `actions { preamble { id: ${id} name: "${name}" alias: "${name}" ${rest}`;
const param = (attribute: string, object = "") =>
  `params { id: 1 name: "to" bitwidth: 16 annotations: "@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_${attribute})" ${object === "" ? "" : `annotations: "@sai_action_param_object_type(SAI_OBJECT_TYPE_${object})"`} }`;
const header = (id: number, name: string, first: string, second: string, bits: number) =>
  `controller_packet_metadata { preamble { id: ${id} name: "${name}" alias: "${name}" }
     metadata { id: 1 name: "${first}" bitwidth: 32 } metadata { id: 2 name: "${second}" bitwidth: ${bits} } }`;

/** Programs that differ in what they have room for: a reconciliation between them may be refused. */
export const fuzzPrograms: readonly [Uint8Array, ...Uint8Array[]] = [programOf(64, 1), programOf(24, 2)];

function programOf(size: number, version: number): Uint8Array {
  const field = `match_fields { id: 1 name: "ether_type" bitwidth: 16 match_type: TERNARY }`;
  return encodeP4InfoText(`
    pkg_info { name: "fuzz" arch: "v1model" version: "${version}" }
    tables {
      preamble { id: ${ids.acl} name: "acl" alias: "acl" } ${field}
      ${[1, 2, 3, 4, 5].map((n) => `action_refs { id: 0x0100000${n} }`).join(" ")}
      size: ${size} idle_timeout_behavior: NOTIFY_CONTROL
    }
    tables {
      preamble { id: ${ids.picks} name: "picks" alias: "picks" } ${field}
      action_refs { id: ${ids.trap} } action_refs { id: ${ids.copy} } action_refs { id: ${ids.toPort} }
      implementation_id: ${ids.selector} size: ${size}
    }
    action_profiles {
      preamble { id: ${ids.selector} name: "selector" alias: "selector" } table_ids: ${ids.picks}
      with_selector: true size: ${size} max_group_size: 8
    }
    ${action(ids.trap, "trap", `annotations: "@sai_action(SAI_PACKET_ACTION_TRAP)" } }`)}
    ${action(ids.copy, "copy", `annotations: "@sai_action(SAI_PACKET_ACTION_COPY)" } }`)}
    ${action(ids.toPort, "to_port", `} ${param("REDIRECT", "PORT")} }`)}
    ${action(ids.toGroup, "to_group", `} ${param("REDIRECT", "L2MC_GROUP")} }`)}
    ${action(ids.clone, "clone", `annotations: "@sai_action(SAI_PACKET_ACTION_FORWARD)" } ${param("MIRROR_INGRESS")} }`)}
    counters { preamble { id: ${ids.cells} name: "cells" alias: "cells" } spec { unit: BOTH } size: 4 }
    meters { preamble { id: ${ids.meters} name: "meters" alias: "meters" } spec { unit: BYTES } size: 4 }
    ${header(0x04000001, "packet_in", "ingress_port", "target_egress_port", 32)}
    ${header(0x04000002, "packet_out", "egress_port", "submit_to_ingress", 1)}
  `);
}

export const deviceId = long(1n);
export const electionId = uint128(1n);

const { INSERT, MODIFY, DELETE } = p4.v1.Update.Type;
const updateTypes = [INSERT, INSERT, MODIFY, DELETE] as const;
const { CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC } = p4.v1.WriteRequest.Atomicity;
const atomicities = [CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC] as const;

const number = (value: number) => Buffer.of(value >> 8, value & 255);
const port = (random: Random) => Buffer.of(1 + random.below(4));

function anyCall(random: Random, actionIds: readonly [number, ...number[]]): p4.v1.Action.$Properties {
  const actionId = random.of(actionIds);
  if (actionId === ids.trap || actionId === ids.copy) return { actionId };
  return { actionId, params: [{ paramId: 1, value: number(1 + random.below(3)) }] };
}

const direct = [ids.trap, ids.copy, ids.toPort, ids.toGroup, ids.clone] as const;
const picked = [ids.trap, ids.copy, ids.toPort] as const;
const etherTypes = ["", "0800", "86dd", "88cc", "0806"] as const;

/** No two keys that may match one frame have the same priority: the order of insertion decides nothing. */
function keyOf(random: Random) {
  const at = random.below(etherTypes.length);
  const etherType = Buffer.from(etherTypes[at] ?? "", "hex");
  const match = etherType.length === 0 ? [] : [{ fieldId: 1, ternary: { value: etherType, mask: number(0xffff) } }];
  return { match, priority: 1 + etherTypes.length * random.below(8) + at };
}

function anyAction(random: Random): p4.v1.TableAction.$Properties {
  const kind = random.below(5);
  if (kind < 2) return { actionProfileMemberId: 1 + random.below(6) };
  if (kind < 4) return { actionProfileGroupId: 1 + random.below(4) };
  const one = () => ({ action: anyCall(random, picked), weight: 1 + random.below(3), ...anyWatch(random) });
  return { actionProfileActionSet: { actionProfileActions: Array.from({ length: random.below(4) }, one) } };
}

const anyWatch = (random: Random) => (random.oneIn(3) ? { watchPort: port(random) } : {});

function anyReplication(random: Random): p4.v1.PacketReplicationEngineEntry.$Properties {
  const replicas = Array.from({ length: random.below(4) }, (_, instance) => ({ port: port(random), instance }));
  return random.oneIn(2)
    ? { multicastGroupEntry: { multicastGroupId: 1 + random.below(3), replicas } }
    : { cloneSessionEntry: { sessionId: 1 + random.below(3), replicas, packetLengthBytes: random.below(3) * 32 } };
}

/** An entity of any kind that can be written. */
export function anyEntity(random: Random): Entity {
  const count = long(BigInt(random.below(1000)));
  const index = random.oneIn(4) ? {} : { index: { index: long(BigInt(random.below(5))) } };
  switch (random.below(9)) {
    case 0:
    case 1: {
      const idleTimeoutNs = random.oneIn(3) ? long(BigInt(random.below(3)) * 1_000_000_000n) : long(0n);
      return {
        tableEntry: { tableId: ids.acl, ...keyOf(random), action: { action: anyCall(random, direct) }, idleTimeoutNs },
      };
    }
    case 2:
    case 3:
      return { tableEntry: { tableId: ids.picks, ...keyOf(random), action: anyAction(random) } };
    case 4:
    case 5: {
      const memberId = 1 + random.below(6);
      return { actionProfileMember: { actionProfileId: ids.selector, memberId, action: anyCall(random, picked) } };
    }
    case 6: {
      const one = () => ({ memberId: 1 + random.below(6), weight: 1 + random.below(3), ...anyWatch(random) });
      const members = Array.from({ length: random.below(4) }, one);
      return { actionProfileGroup: { actionProfileId: ids.selector, groupId: 1 + random.below(4), members } };
    }
    case 7:
      return { packetReplicationEngineEntry: anyReplication(random) };
    default:
      return random.oneIn(2)
        ? { counterEntry: { counterId: ids.cells, ...index, data: { byteCount: count, packetCount: count } } }
        : {
            meterEntry: {
              meterId: ids.meters,
              ...index,
              config: random.oneIn(3) ? null : { cir: count, cburst: count, pir: count, pburst: count },
            },
          };
  }
}

export function anyWrite(random: Random): Uint8Array {
  const updates = Array.from({ length: 1 + random.below(6) }, () => {
    const entity = anyEntity(random);
    const isCell = entity.counterEntry != null || entity.meterEntry != null;
    return { type: isCell ? MODIFY : random.of(updateTypes), entity };
  });
  const role = random.oneIn(6) ? fuzzRole : "";
  return p4.v1.WriteRequest.encode({ deviceId, electionId, updates, atomicity: random.of(atomicities), role }).finish();
}

export function anyRead(random: Random): Uint8Array {
  const entities = Array.from({ length: 1 + random.below(3) }, () =>
    random.oneIn(3) ? random.of<Entity>(everything) : anyEntity(random),
  );
  return p4.v1.ReadRequest.encode({ deviceId, entities, role: random.oneIn(4) ? fuzzRole : "" }).finish();
}

/** Reads of all that was written, in an order in which it can be written again. */
export const everything = [
  { actionProfileMember: {} },
  { actionProfileGroup: {} },
  { packetReplicationEngineEntry: {} },
  { tableEntry: {} },
  { counterEntry: {} },
  { meterEntry: {} },
] as const satisfies readonly Entity[];

/** A `RoleConfig` that may let the role do this and that. */
export function anyRoleConfig(random: Random): Uint8Array {
  const names = ["acl", "picks", "selector", "cells", String(ids.meters), "nothing"] as const;
  const scope = () => ({
    objects: Array.from({ length: random.below(4) }, () => random.of(names)),
    multicastGroups: random.oneIn(2),
    cloneSessions: random.oneIn(2),
  });
  const packets = () =>
    random.oneIn(3)
      ? { none: true }
      : { filters: [{ metadata: [{ metadataId: 1 + random.below(2), value: port(random) }] }] };
  return p4rtd.v1.RoleConfig.encode({
    ...(random.oneIn(2) && { writable: scope() }),
    ...(random.oneIn(2) && { readable: scope() }),
    ...(random.oneIn(2) && { pushPipeline: random.oneIn(2) }),
    ...(random.oneIn(2) && { packetIn: packets() }),
    ...(random.oneIn(2) && { packetOut: packets() }),
  }).finish();
}

/** A claim of `fuzzRole` with this `role.config`. */
export function claimOf(config: Uint8Array): Uint8Array {
  const role = { name: fuzzRole, config: { type_url: "type.googleapis.com/p4rtd.v1.RoleConfig", value: config } };
  return p4.v1.StreamMessageRequest.encode({ arbitration: { deviceId, electionId, role } }).finish();
}

const { RECONCILE_AND_COMMIT, VERIFY } = p4.v1.SetForwardingPipelineConfigRequest.Action;

/** Pushes that keep what there is, if they are taken. */
export function anyPush(random: Random): Uint8Array {
  const action = random.of([RECONCILE_AND_COMMIT, RECONCILE_AND_COMMIT, VERIFY]);
  const config = { p4info: p4.config.v1.P4Info.decode(random.of(fuzzPrograms)) };
  return p4.v1.SetForwardingPipelineConfigRequest.encode({ deviceId, electionId, action, config }).finish();
}
