/** A whole L3 switch program as state: every table, group and session of SAI P4's middleblock, by its names. */
import assert from "node:assert/strict";
import { defined } from "../../src/base/invariant.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { push, type Entity, type P4Client } from "../support/p4-client.js";
import { loadP4Info } from "../support/p4info.js";
import { requirement } from "../support/requirement.js";

const p4info = p4.config.v1.P4Info.decode(loadP4Info("middleblock"));
const storing = `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [{ device_id: 1, datapath: { type: soft }, pipeline: { unbound_tables: store } }]
interfaces: { ethernet-1/1: { port_id: 1 }, ethernet-1/2: { port_id: 2 } }
punt: { queues: { "2": { pps: 100, burst: 10 } } }
`;

type Value = string | number | bigint;
type Values = Readonly<Record<string, Value>>;

const tableOf = (alias: string) =>
  defined(
    p4info.tables.find(({ preamble }) => preamble?.alias === alias),
    `middleblock has table '${alias}'`,
  );

/** A number in its shortest form; text as it is. */
function bytes(value: Value): Buffer {
  if (typeof value === "string") return Buffer.from(value);
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function call(alias: string, values: Values = {}) {
  const action = defined(
    p4info.actions.find(({ preamble }) => preamble?.alias === alias),
    `middleblock has action '${alias}'`,
  );
  const params = Object.entries(values).map(([name, value]) => ({
    paramId: defined(action.params?.find((param) => param.name === name)?.id, `'${alias}' has '${name}'`),
    value: bytes(value),
  }));
  return { actionId: action.preamble?.id ?? 0, params };
}

const { EXACT, LPM, TERNARY } = p4.config.v1.MatchField.MatchType;

/** `key`: values; ternary ones with a full mask, prefixes of 8 bits. */
function match(alias: string, key: Values) {
  return Object.entries(key).map(([name, given]) => {
    const field = defined(
      tableOf(alias).matchFields?.find((one) => one.name === name),
      `'${alias}' has '${name}'`,
    );
    const fieldId = field.id ?? 0;
    const value = bytes(given);
    if (field.matchType === EXACT) return { fieldId, exact: { value } };
    if (field.matchType === LPM) return { fieldId, lpm: { value, prefixLen: 8 } };
    if (field.matchType === TERNARY)
      return { fieldId, ternary: { value, mask: bytes(2n ** BigInt(field.bitwidth ?? 0) - 1n) } };
    return { fieldId, optional: { value } };
  });
}

function entry(alias: string, key: Values, action: string, values: Values = {}, more: object = {}): Entity {
  const table = tableOf(alias);
  const one = { action: call(action, values) };
  const chosen =
    table.implementationId === 0 ? one : { actionProfileActionSet: { actionProfileActions: [{ ...one, weight: 1 }] } };
  const tableEntry = { tableId: table.preamble?.id ?? 0, match: match(alias, key), action: chosen, ...more };
  return { tableEntry };
}

const first = { priority: 1 };
const port = "1";
/** Sets of three, with weights and watched ports. */
const wcmp = (...weights: readonly number[]) => ({
  action: {
    actionProfileActionSet: {
      actionProfileActions: weights.map((weight) => ({
        action: call("set_nexthop_id", { nexthop_id: "nh-1" }),
        weight,
        watchPort: Buffer.from(port),
      })),
    },
  },
});
const mac = 0x020000000001;
const ip = 0xfd00n << 112n;
const group: Entity = {
  packetReplicationEngineEntry: {
    multicastGroupEntry: { multicastGroupId: 5, replicas: [{ port: Buffer.from(port), instance: 7 }] },
  },
};
const session: Entity = {
  packetReplicationEngineEntry: { cloneSessionEntry: { sessionId: 255, replicas: [{ port: Buffer.from("2") }] } },
};

/** One entity for each table, group and session, in an order that references allow. */
const entities: readonly Entity[] = [
  entry("disable_vlan_checks_table", {}, "disable_vlan_checks", {}, first),
  entry("disable_ingress_vlan_checks_table", {}, "disable_ingress_vlan_checks"),
  entry("disable_egress_vlan_checks_table", {}, "disable_egress_vlan_checks"),
  entry("vlan_table", { vlan_id: 10 }, "no_action"),
  entry("vlan_membership_table", { vlan_id: 10, port }, "make_tagged_member"),
  entry("l3_admit_table", { dst_mac: mac, in_port: port }, "admit_to_l3", {}, first),
  entry("ipv6_tunnel_termination_table", { dst_ipv6: ip }, "tunnel_decap", {}, { priority: 900 }),
  entry("vrf_table", { vrf_id: "vrf-1" }, "no_action"),
  entry("router_interface_table", { router_interface_id: "rif-1" }, "unicast_set_port_and_src_mac", { port, src_mac: mac }), // prettier-ignore
  entry("neighbor_table", { router_interface_id: "rif-1", neighbor_id: ip }, "set_dst_mac", { dst_mac: mac }),
  entry("nexthop_table", { nexthop_id: "nh-1" }, "set_ip_nexthop", { router_interface_id: "rif-1", neighbor_id: ip }),
  entry("tunnel_table", { tunnel_id: "t-1" }, "mark_for_p2p_tunnel_encap", { encap_src_ip: ip + 1n, encap_dst_ip: ip, router_interface_id: "rif-1" }), // prettier-ignore
  entry("wcmp_group_table", { wcmp_group_id: "wcmp-1" }, "set_nexthop_id", { nexthop_id: "nh-1" }, wcmp(2, 1, 1)),
  entry("multicast_router_interface_table", { multicast_replica_port: port, multicast_replica_instance: 7 }, "multicast_set_src_mac", { src_mac: mac }), // prettier-ignore
  group,
  session,
  entry("ipv4_table", { vrf_id: "vrf-1", ipv4_dst: 0x0a000000 }, "set_wcmp_group_id", { wcmp_group_id: "wcmp-1" }),
  entry("ipv6_table", { vrf_id: "vrf-1", ipv6_dst: 0x20n << 120n }, "set_nexthop_id", { nexthop_id: "nh-1" }),
  entry("ipv4_multicast_table", { vrf_id: "vrf-1", ipv4_dst: 0xe0000001 }, "set_multicast_group_id", { multicast_group_id: 5 }), // prettier-ignore
  entry("ipv6_multicast_table", { vrf_id: "vrf-1", ipv6_dst: 0xff02n << 112n }, "set_multicast_group_id", { multicast_group_id: 5 }), // prettier-ignore
  entry("mirror_session_table", { mirror_session_id: "1" }, "mirror_with_vlan_tag_and_ipfix_encapsulation", {
    monitor_port: port,
    monitor_failover_port: "2",
    mirror_encap_src_mac: mac,
    mirror_encap_dst_mac: mac,
    mirror_encap_vlan_id: 10,
    mirror_encap_src_ip: ip,
    mirror_encap_dst_ip: ip,
    mirror_encap_udp_src_port: 4000,
    mirror_encap_udp_dst_port: 4739,
  }),
  entry("ingress_clone_table", { marked_to_copy: 1, marked_to_mirror: 0 }, "ingress_clone", { clone_session: 255 }, first), // prettier-ignore
  entry("acl_pre_ingress_table", { src_mac: mac }, "set_vrf", { vrf_id: "vrf-1" }, first),
  entry("acl_ingress_table", { ether_type: 0x88cc }, "acl_trap", { qos_queue: "2" }, first),
  entry("acl_ingress_mirror_and_redirect_table", { in_port: port }, "redirect_to_nexthop", { nexthop_id: "nh-1" }, first), // prettier-ignore
  entry("acl_ingress_security_table", { ether_type: 0x88f7 }, "acl_drop", {}, first),
  entry("acl_egress_table", { out_port: port }, "acl_drop", {}, first),
];

/** `entity` with something of it that can be another, and another value. */
function changed(entity: Entity): Entity {
  const { tableEntry, packetReplicationEngineEntry: engine } = entity;
  if (tableEntry) {
    const more = tableEntry.action?.actionProfileActionSet ? wcmp(512) : {};
    return { tableEntry: { ...tableEntry, ...more, metadata: Buffer.from("changed") } };
  }
  const [multicastGroupEntry, cloneSessionEntry] = [engine?.multicastGroupEntry, engine?.cloneSessionEntry];
  return {
    packetReplicationEngineEntry: multicastGroupEntry
      ? { multicastGroupEntry: { ...multicastGroupEntry, metadata: Buffer.from("changed") } }
      : { cloneSessionEntry: { ...cloneSessionEntry, packetLengthBytes: 128 } },
  };
}

/** What names `entity` in a Read. */
function named({ tableEntry, packetReplicationEngineEntry: engine }: Entity): Entity {
  if (!tableEntry) return { packetReplicationEngineEntry: engine ?? {} };
  const { tableId, match: key, priority } = tableEntry;
  return { tableEntry: { tableId: tableId ?? 0, match: key ?? [], priority: priority ?? 0 } };
}

const wire = (entity: Entity) => Buffer.from(p4.v1.Entity.encode(entity).finish()).toString("hex");
/** In the form in which a Read gives it: fields in order of their numbers, parameters too. */
const canonical = (entity: Entity) => wire(p4.v1.Entity.decode(p4.v1.Entity.encode(entity).finish()));

describe("middleblock under pipeline.unbound_tables: store", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  before(async () => {
    agent = await Agent.start({ yaml: storing });
    client = agent.client();
    await client.stream().arbitrate(1n);
    await push(client, 1n, "middleblock");
  });
  after(() => agent[Symbol.asyncDispose]());

  const each = async (type: p4.v1.Update.Type, all: readonly Entity[]) => {
    for (const entity of all) await lab.write(client, [{ type, entity }]);
  };
  const holds = async (wanted: readonly Entity[]) => {
    for (const entity of wanted)
      assert.deepEqual((await lab.read(client, named(entity))).map(canonical), [canonical(entity)]);
  };

  it("has an example for each table", () => {
    const shown = new Set(entities.flatMap(({ tableEntry }) => tableEntry?.tableId ?? []));
    assert.deepEqual(
      p4info.tables.filter(({ preamble }) => !shown.has(preamble?.id ?? 0)).map(({ preamble }) => preamble?.alias),
      [],
    );
  });

  requirement(
    ["WRT-09", "WRT-10", "WRT-11", "RDT-04"],
    "takes, tells, changes and deletes an entity of each",
    async () => {
      const { INSERT, MODIFY, DELETE } = lab.Type;
      await each(INSERT, entities);
      await holds(entities);
      await each(MODIFY, entities.map(changed));
      await holds(entities.map(changed));
      await each(DELETE, [...entities].reverse().map(changed));
      const left = await lab.read(client, { tableEntry: {} }, { packetReplicationEngineEntry: {} });
      assert.deepEqual(left, []);
    },
  );
});
