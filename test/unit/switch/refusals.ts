/** Examples of updates and requests that are refused, by situation. */
import type { Situation } from "../../../src/base/situation.js";
import type { P4InfoSpec } from "../../../src/pipeline/p4info.js";
import {
  call,
  counts,
  entry,
  exact,
  exactText,
  hex,
  lpm,
  meter,
  optional,
  range,
  ternary,
  update,
  type Entity,
  type SentUpdate,
  type TableAction,
  type TableEntry,
} from "../../support/entities.js";
import {
  actions,
  counterId,
  indexedCounter,
  indexedMeter,
  meterId,
  p4info,
  profiles,
  tableId,
  tables,
} from "../../support/programs.js";
import { linked, linkedSpec } from "../../support/linked-program.js";
import type { p4 } from "../../../src/wire/gen/proto.js";
import { toLong } from "../../../src/wire/int64.js";

export interface RefusedUpdate {
  readonly what: string;
  /** Updates that come before and succeed. */
  readonly given?: readonly SentUpdate[];
  readonly sent: SentUpdate;
  readonly options?: { readonly program?: P4InfoSpec; readonly maxMasks?: number };
}

export interface RefusedRead {
  readonly what: string;
  readonly entity: Entity;
}

const drop = call(actions.drop);
const ipv4Only = [optional(1, "01")];
const acl = (rest: Omit<TableEntry, "tableId"> = {}) =>
  entry(tables.acl, { match: [ternary(2, "88cc", "ffff")], priority: 1, action: drop, ...rest });
const host = (rest: Omit<TableEntry, "tableId"> = {}) =>
  entry(tables.hosts, { match: [exact(1, "020000000001")], action: drop, ...rest });
const insert = (tableEntry: TableEntry) => update("insert", { tableEntry });
const modify = (tableEntry: TableEntry) => update("modify", { tableEntry });
const group = (multicastGroupId: number, rest: object = {}): Entity => ({
  packetReplicationEngineEntry: { multicastGroupEntry: { multicastGroupId, ...rest } },
});
const session = (sessionId: number, rest: object = {}): Entity => ({
  packetReplicationEngineEntry: { cloneSessionEntry: { sessionId, ...rest } },
});
const replica = (port: string, instance = 0) => ({ port: Buffer.from(port), instance });

/** A program whose routes name multicast groups. */
const linkedOptions = { program: linkedSpec };
const route = (rest: Omit<TableEntry, "tableId">): TableEntry => ({
  tableId: linked.routes,
  action: call(linked.multicast, "01"),
  ...rest,
});

const member = (memberId = 1): Entity => ({
  actionProfileMember: { actionProfileId: profiles.selector, memberId, action: { actionId: actions.drop } },
});
const actionGroup = (rest: object): Entity => ({
  actionProfileGroup: { actionProfileId: profiles.selector, groupId: 1, ...rest },
});
/** An entry of the table with a selector. */
const selecting = (action: TableAction) => entry(tables.selector, { match: [exact(1, "01")], action });
const set = (rest: object = {}) => ({
  actionProfileActionSet: { actionProfileActions: [{ action: { actionId: actions.drop }, weight: 1, ...rest }] },
});

/** A number that is no selection mode. */
const unknownMode = 7 as unknown as p4.v1.ActionProfileActionSet.ActionSelectionMode;

/** A table whose restriction wants LLDP. */
const restricted = p4info([
  {
    at: 1,
    name: "acl",
    fields: [["ether_type", "ternary", 16]],
    annotations: ['@entry_restriction("ether_type == 0x88cc")'],
  },
]);

export const refusedUpdates: Readonly<Partial<Record<Situation, readonly RefusedUpdate[]>>> = {
  "no-entity": [{ what: "an update without entity", sent: update("insert", {}) }],
  "unknown-update-type": [
    { what: "type UNSPECIFIED", sent: { type: 0, entity: { tableEntry: acl() } } },
    { what: "type 7", sent: { type: 7, entity: { tableEntry: acl() } } },
  ],
  "unsupported-entity": [
    { what: "a register", sent: update("modify", { registerEntry: { registerId: 1 } }) },
    { what: "a digest", sent: update("insert", { digestEntry: { digestId: 1 } }) },
    { what: "a value set", sent: update("modify", { valueSetEntry: { valueSetId: 1 } }) },
    { what: "an extern", sent: update("insert", { externEntry: { externTypeId: 129 } }) },
  ],
  "wrong-update-type": [
    { what: "INSERT of a direct counter", sent: update("insert", { directCounterEntry: { tableEntry: acl() } }) },
    { what: "DELETE of a direct meter", sent: update("delete", { directMeterEntry: { tableEntry: acl() } }) },
  ],
  "missing-part": [
    { what: "a direct counter without entry", sent: update("modify", { directCounterEntry: {} }) },
    { what: "a replication entry of nothing", sent: update("insert", { packetReplicationEngineEntry: {} }) },
    { what: "an action that names nothing", sent: insert(host({ action: {} })) },
    { what: "a match without value", sent: insert(host({ match: [{ fieldId: 1 }] })) },
    { what: "a replica without port", sent: update("insert", group(1, { replicas: [{ instance: 1 }] })) },
  ],
  "read-only": [
    { what: "is_const set", sent: insert(host({ isConst: true })) },
    { what: "time_since_last_hit set", sent: insert(entry(tables.aging, { match: [exact(1, "01")], action: drop, timeSinceLastHit: {} })) }, // prettier-ignore
  ],
  "unknown-object": [
    { what: "table 0", sent: insert({ action: drop }) },
    { what: "a table that is not there", sent: insert(entry(99, { action: drop })) },
    { what: "the id of an action as a table", sent: insert({ tableId: actions.drop, action: drop }) },
    {
      what: "a direct counter as an indexed one",
      sent: update("modify", { counterEntry: { counterId: counterId(1) } }),
    },
    { what: "a direct meter as an indexed one", sent: update("modify", { meterEntry: { meterId: meterId(1) } }) },
    {
      what: "a counter that is not there",
      sent: update("modify", { counterEntry: { counterId: indexedCounter + 9 } }),
    },
    {
      what: "an action profile that is not there",
      sent: update("insert", { actionProfileMember: { actionProfileId: profiles.selector + 99, memberId: 1 } }),
    },
  ],
  "unknown-action": [
    { what: "an action of other tables", sent: insert(host({ action: call(actions.set, "01", "01") })) },
  ],
  "unknown-field": [{ what: "field 9", sent: insert(host({ match: [exact(9, "01")] })) }],
  "unknown-parameter": [{ what: "a parameter too many", sent: insert(host({ action: call(actions.drop, "01") })) }],
  "field-missing": [{ what: "no EXACT field", sent: insert(host({ match: [] })) }],
  "field-twice": [{ what: "a field twice", sent: insert(host({ match: [exact(1, "01"), exact(1, "02")] })) }],
  "wrong-match-kind": [{ what: "LPM for EXACT", sent: insert(host({ match: [lpm(1, "01", 8)] })) }],
  "dont-care-given": [
    { what: "mask 0", sent: insert(acl({ match: [ternary(2, "00", "00")] })) },
    { what: "the whole range", sent: insert(entry(tables.ranges, { match: [range(1, "00", "ffff")], priority: 1, action: drop })) }, // prettier-ignore
  ],
  "stray-bits": [
    { what: "bits outside the mask", sent: insert(acl({ match: [ternary(2, "0fff", "0ff0")] })) },
    { what: "bits outside the prefix", sent: insert(entry(tables.routes, { match: [lpm(1, "0a000001", 8)], action: drop })) }, // prettier-ignore
  ],
  "bad-prefix": [
    { what: "33 of 32 bits", sent: insert(entry(tables.routes, { match: [lpm(1, "0a000001", 33)], action: drop })) },
  ],
  "bad-range": [
    { what: "low above high", sent: insert(entry(tables.ranges, { match: [range(1, "05", "04")], priority: 1, action: drop })) }, // prettier-ignore
  ],
  "bad-priority": [
    { what: "none where the key needs one", sent: insert(acl({ priority: 0 })) },
    { what: "below 0", sent: insert(acl({ priority: -1 })) },
    { what: "one where the key has none", sent: insert(host({ priority: 3 })) },
  ],
  "default-entry": [
    { what: "with a match", sent: modify(host({ isDefaultAction: true })) },
    { what: "with a priority", sent: modify(entry(tables.routes, { isDefaultAction: true, priority: 1, action: drop })) }, // prettier-ignore
    { what: "INSERT", sent: insert(entry(tables.routes, { isDefaultAction: true, action: drop })) },
  ],
  "no-key": [{ what: "an entry of a table without fields", sent: insert(entry(tables.keyless, { action: drop })) }],
  "empty-value": [{ what: "an EXACT value", sent: insert(host({ match: [exact(1, "")] })) }],
  "value-too-wide": [{ what: "49 bits for 48", sent: insert(host({ match: [exact(1, "01000000000000")] })) }],
  "bad-text": [
    { what: "no UTF-8", sent: insert(entry(tables.textPorts, { match: [{ fieldId: 1, exact: { value: hex("ff") } }], priority: 1, action: call(actions.send, "31", "01") })) }, // prettier-ignore
  ],
  "not-a-port": [
    { what: "a match on port 77", sent: insert(entry(tables.textPorts, { match: [exactText(1, "77")], priority: 1, action: call(actions.send, Buffer.from("1"), "01") })) }, // prettier-ignore
    { what: "a parameter of port x", sent: insert(entry(tables.textPorts, { match: [exactText(1, "1")], priority: 1, action: call(actions.send, Buffer.from("x"), "01") })) }, // prettier-ignore
    { what: "a replica on port 9", sent: update("insert", group(1, { replicas: [{ egressPort: 9 }] })) },
  ],
  "negative-number": [
    { what: "a counter", sent: insert(acl({ counterData: counts(-1, 0) })) },
    { what: "packet_length_bytes", sent: update("insert", session(1, { packetLengthBytes: -1 })) },
    { what: "idle_timeout_ns", sent: insert(entry(tables.aging, { match: [exact(1, "01")], action: drop, idleTimeoutNs: toLong(-1n, "int64") })) }, // prettier-ignore
  ],
  "metadata-too-long": [
    { what: "65,537 bytes of an entry", sent: insert(acl({ metadata: Buffer.alloc(65_537) })) },
    { what: "65,537 bytes of a group", sent: update("insert", group(1, { metadata: Buffer.alloc(65_537) })) },
  ],
  "action-missing": [{ what: "INSERT without action", sent: insert(host({ action: null })) }],
  "wrong-action-style": [
    { what: "a member where actions are direct", sent: insert(host({ action: { actionProfileMemberId: 1 } })) },
    { what: "an action where a profile is", sent: insert(entry(tables.members, { match: [exact(1, "01")], action: drop })) }, // prettier-ignore
  ],
  "parameter-missing": [
    { what: "one of two", sent: insert(entry(tables.textPorts, { match: [exactText(1, "1")], priority: 1, action: call(actions.send, Buffer.from("1")) })) }, // prettier-ignore
  ],
  "parameter-twice": [
    {
      what: "the first twice",
      sent: modify(
        entry(tables.keyless, {
          isDefaultAction: true,
          action: {
            action: {
              actionId: actions.set,
              params: [1, 1, 2].map((paramId) => ({ paramId, value: hex("01") })),
            },
          },
        }),
      ),
    },
  ],
  "wrong-scope": [
    { what: "a default action in an entry", sent: insert(host({ action: call(actions.noAction) })) },
    { what: "an action of entries as default", sent: modify(entry(tables.scoped, { isDefaultAction: true, action: drop })) }, // prettier-ignore
    { what: "an action of groups", sent: insert(entry(tables.scoped, { match: [exact(1, "01")], action: call(actions.trap) })) }, // prettier-ignore
  ],
  exists: [
    { what: "an entry", given: [insert(acl())], sent: insert(acl()) },
    { what: "a group", given: [update("insert", group(1))], sent: update("insert", group(1)) },
  ],
  "not-found": [
    { what: "MODIFY of an entry", sent: modify(acl()) },
    { what: "DELETE of a session", sent: update("delete", session(3)) },
  ],
  full: [
    {
      what: "a ninth entry of eight",
      given: [1, 2, 3, 4, 5, 6, 7, 8].map((priority) => insert(acl({ priority }))),
      sent: insert(acl({ priority: 9 })),
    },
    {
      what: "a member more than the profile's size",
      given: Array.from({ length: 16 }, (_, i) => update("insert", member(i + 1))),
      sent: update("insert", member(17)),
    },
  ],
  constant: [
    { what: "an entry of a constant table", sent: insert(entry(tables.fixed, { match: [exact(1, "01")], action: drop })) }, // prettier-ignore
    { what: "a constant default action", sent: modify(entry(tables.acl, { isDefaultAction: true, action: drop })) },
  ],
  restricted: [
    {
      what: "another EtherType",
      options: { program: restricted },
      sent: insert({ tableId: tableId(1), match: [ternary(1, "0800", "ffff")], priority: 1, action: drop }),
    },
  ],
  "datapath-full": [
    {
      what: "a second mask of one",
      options: { maxMasks: 1 },
      given: [insert(acl({ match: ipv4Only }))],
      sent: insert(acl()),
    },
  ],
  "unknown-queue": [{ what: "queue 9", sent: insert(acl({ action: call(actions.queue, "09") })) }],
  "no-direct-counter": [{ what: "counter_data", sent: insert(host({ counterData: counts(0, 0) })) }],
  "no-direct-meter": [{ what: "meter_config", sent: insert(host({ meterConfig: meter({ cir: 1 }) })) }],
  "bad-meter-config": [
    { what: "two rates for one", sent: insert(entry(tables.singleRate, { match: [ternary(1, "01", "ff")], priority: 1, action: drop, meterConfig: meter({ cir: 1, pir: 2 }) })) }, // prettier-ignore
    { what: "a negative burst", sent: insert(acl({ meterConfig: meter({ cburst: -1 }) })) },
  ],
  "no-idle-timeout": [
    { what: "in a table without", sent: insert(host({ idleTimeoutNs: toLong(1n, "int64") })) },
    { what: "of the default entry", sent: modify(entry(tables.aging, { isDefaultAction: true, action: drop, idleTimeoutNs: toLong(1n, "int64") })) }, // prettier-ignore
  ],
  "id-out-of-range": [
    { what: "group 0", sent: update("insert", group(0)) },
    { what: "session 65536", sent: update("insert", session(65536)) },
  ],
  "duplicate-replica": [
    { what: "a port twice", sent: update("insert", group(1, { replicas: [replica("1"), replica("1")] })) },
    { what: "a backup on the same port", sent: update("insert", group(1, { replicas: [{ ...replica("1"), backupReplicas: [replica("1", 5)] }] })) }, // prettier-ignore
  ],
  "bad-instance": [{ what: "instance 65536", sent: update("insert", group(1, { replicas: [replica("1", 65536)] })) }],
  "dangling-reference": [
    { what: "a member that is not there", sent: insert(selecting({ actionProfileMemberId: 9 })) },
    { what: "a group of a member that is not there", sent: update("insert", actionGroup({ members: [{ memberId: 9, weight: 1 }] })) }, // prettier-ignore
    { what: "a route of a group that is not there", sent: insert(route({ match: [exact(1, "01")], priority: 1 })), options: linkedOptions }, // prettier-ignore
    { what: "a default entry of one", sent: modify(route({ isDefaultAction: true })), options: linkedOptions },
  ],
  referenced: [
    {
      what: "a group in use by a default entry",
      given: [update("insert", group(1)), modify(route({ isDefaultAction: true }))],
      sent: update("delete", group(1)),
      options: linkedOptions,
    },
    {
      what: "a member in use by an entry",
      given: [update("insert", member()), insert(selecting({ actionProfileMemberId: 1 }))],
      sent: update("delete", member()),
    },
    {
      what: "a member in a group",
      given: [update("insert", member()), update("insert", actionGroup({ members: [{ memberId: 1, weight: 1 }] }))],
      sent: update("delete", member()),
    },
  ],
  "negative-index": [
    { what: "index -1", sent: update("modify", { counterEntry: { counterId: indexedCounter, index: { index: toLong(-1n, "int64") }, data: counts(1, 1) } }) }, // prettier-ignore
  ],
  "index-out-of-range": [
    { what: "index 4 of 4", sent: update("modify", { meterEntry: { meterId: indexedMeter, index: { index: toLong(4n, "int64") } } }) }, // prettier-ignore
  ],
  "clear-only": [
    {
      what: "a green packet",
      sent: insert(acl({ meterConfig: meter({}), meterCounterData: { green: counts(1, 0) } })),
    },
  ],
  "no-selector": [
    { what: "a group without selector", sent: update("insert", { actionProfileGroup: { actionProfileId: profiles.members, groupId: 1 } }) }, // prettier-ignore
  ],
  "duplicate-member": [
    {
      what: "member 1 twice",
      given: [update("insert", member())],
      sent: update("insert", actionGroup({ members: [1, 1].map((memberId) => ({ memberId, weight: 1 })) })),
    },
  ],
  "bad-weight": [
    {
      what: "weight 0",
      given: [update("insert", member())],
      sent: update("insert", actionGroup({ members: [{ memberId: 1 }] })),
    },
  ],
  "bad-group-size": [
    { what: "max_size 5 of 4", sent: update("insert", actionGroup({ maxSize: 5 })) },
    {
      what: "another max_size",
      given: [update("insert", actionGroup({ maxSize: 4 }))],
      sent: update("modify", actionGroup({ maxSize: 3 })),
    },
    { what: "a set of weight 5 of 4", sent: insert(selecting(set({ weight: 5 }))) },
  ],
  "group-too-large": [
    {
      what: "weight 3 of 2",
      given: [update("insert", member())],
      sent: update("insert", actionGroup({ maxSize: 2, members: [{ memberId: 1, weight: 3 }] })),
    },
  ],
  "mixed-selection": [
    {
      what: "a set beside members",
      given: [update("insert", member())],
      sent: insert(selecting(set())),
    },
    { what: "a member beside sets", given: [insert(selecting(set()))], sent: update("insert", member()) },
  ],
  "bad-selection-mode": [
    { what: "mode 7", sent: insert(selecting({ actionProfileActionSet: { ...set().actionProfileActionSet, actionSelectionMode: unknownMode } })) }, // prettier-ignore
  ],
  "bad-class-of-service": [{ what: "class 9", sent: update("insert", session(1, { classOfService: 9 })) }],
  unsupported: [
    { what: "backups of a clone session", sent: update("insert", session(1, { replicas: [{ ...replica("1"), backupReplicas: [replica("2")] }] })) }, // prettier-ignore
  ],
};

export const refusedReads: Readonly<Partial<Record<Situation, readonly RefusedRead[]>>> = {
  "no-entity": [{ what: "a request without entity", entity: {} }],
  "bad-filter": [
    { what: "a priority of all tables", entity: { tableEntry: { priority: 1 } } },
    { what: "an action of a table with a profile", entity: { tableEntry: entry(tables.members, { action: drop }) } },
  ],
  "not-found": [{ what: "a direct counter of an entry that is not there", entity: { directCounterEntry: { tableEntry: acl() } } }], // prettier-ignore
};

/** Situations without an example here, and where they are shown. */
export const unshown: ReadonlyMap<Situation, string> = new Map<Situation, string>([
  ["not-realised", "test/unit/switch/pipelines.test.ts"],
  ["malformed", "test/unit/wire/protobuf-rules.test.ts"],
  ["role-denied", "test/conformance/roles.test.ts"],
  ["undone", "test/conformance/wrt-atomicity.test.ts"],
  ["not-tried", "test/conformance/wrt-atomicity.test.ts"],
  ["lost", "test/unit/switch/write.test.ts"],
  ["fault", "test/unit/switch/read.test.ts"],
]);
