/** `devices`: one ASIC or software switch each. */
import { defaultAcl, defaultDeviceName, defaultPipeline } from "./defaults.js";
import { keyFieldNames, packetActions, type KeyFieldName, type PacketAction } from "./binding-names.js";
import { hasHostBits, readIpAddress, readPrefix, type Prefix } from "./host.js";
import { deviceId, portId } from "./ids.js";
import { integer, oneOf, scalar, text } from "./scalars.js";
import { list, mapping, section } from "./sections.js";

export interface Device {
  /** 1 … 2^64 − 1 */
  readonly deviceId: bigint;
  /** For operators; unique. */
  readonly name: string;
  readonly datapath: SoftDatapath;
  readonly pipeline: PipelineOptions;
  readonly acl: AclOptions;
}

/** The software switch in this process. */
export interface SoftDatapath {
  readonly type: "soft";
  /** IPv4 and IPv6 literals of the box itself, for `punt.excludeLocal`. */
  readonly localAddresses: readonly string[];
  /** Where frames that no rule takes leave by their destination address; the longest prefix wins. */
  readonly routes: readonly Route[];
}

export interface Route {
  readonly prefix: Prefix;
  /** A port of the device. */
  readonly portId: number;
}

export interface PipelineOptions {
  /** A table that the datapath cannot realise: the push is refused, or its entries are kept without effect. */
  readonly unboundTables: "refuse" | "store";
  /** A push of the pipeline that is already there: entries are cleared as by any push, or kept. */
  readonly identicalCommit: "clear" | "keep";
  /** `table.field` of P4Info to the key field that realises it, where annotations do not say. */
  readonly bindings: readonly (readonly [field: string, key: KeyFieldName])[];
  /** Name of a P4Info action to what it does to a frame, where annotations do not say. */
  readonly actions: readonly (readonly [action: string, verdict: PacketAction])[];
}

export interface AclOptions {
  /** The `size` of a P4Info table: the most entries it takes, or a promise that it takes as many. */
  readonly tableSize: "exact" | "at-least";
  /** Distinct masks per table, 1 … 65,536; one more is RESOURCE_EXHAUSTED. */
  readonly maxMasks: number;
}

const deviceName = () => text("a device name", /^[\w.:/-]{1,64}$/, "1 to 64 letters, digits, or any of . : / _ -");

const ipAddress = () =>
  scalar<string>({ what: "an IP address", allowed: "an IPv4 or IPv6 literal", read: readIpAddress });

const prefix = () =>
  scalar<string>({
    what: "an IP prefix",
    allowed: 'such as "10.0.0.0/8" or "2001:db8::/32"',
    read: (value) => {
      const read = typeof value === "string" ? readPrefix(value) : undefined;
      return typeof value !== "string" || read === undefined || hasHostBits(read) ? undefined : value;
    },
    explain: (value) =>
      typeof value === "string" && readPrefix(value) !== undefined
        ? `'${value}' has bits beyond its length`
        : undefined,
  });

const datapath = section({
  type: oneOf(["soft"], ["kernel", "switchdev", "sai"]).default("soft"),
  local_addresses: list(ipAddress(), "IP addresses").default([]),
  routes: mapping(prefix(), portId(), "IP prefixes to port ids")
    .transform((raw) =>
      Object.entries(raw).flatMap(([text, portId]): Route[] => {
        const read = readPrefix(text);
        return read === undefined ? [] : [{ prefix: read, portId }];
      }),
    )
    .default([]),
}).transform((raw): SoftDatapath => ({ type: raw.type, localAddresses: raw.local_addresses, routes: raw.routes }));

const fieldName = text("a field", /^[^\s.]+(\.[^\s.]+)+$/, "table.field as in P4Info");
const actionName = text("an action", /^\S+$/, "the name of an action as in P4Info");

const pipeline = section({
  unbound_tables: oneOf(["refuse", "store"]).default(defaultPipeline.unboundTables),
  identical_commit: oneOf(["clear", "keep"]).default(defaultPipeline.identicalCommit),
  bindings: mapping(fieldName, oneOf(keyFieldNames), "table.field to key field names")
    .transform(Object.entries<KeyFieldName>)
    .default([]),
  actions: mapping(actionName, oneOf(packetActions), "action names to SAI packet actions")
    .transform(Object.entries<PacketAction>)
    .default([]),
}).transform((raw): PipelineOptions => ({
  unboundTables: raw.unbound_tables,
  identicalCommit: raw.identical_commit,
  bindings: raw.bindings,
  actions: raw.actions,
}));

const acl = section({
  table_size: oneOf(["exact", "at-least"]).default(defaultAcl.tableSize),
  max_masks: integer("a number of masks", 1, 65536).default(defaultAcl.maxMasks),
}).transform((raw): AclOptions => ({ tableSize: raw.table_size, maxMasks: raw.max_masks }));

const device = section({
  device_id: deviceId(),
  name: deviceName().optional(),
  datapath: datapath.prefault({}),
  pipeline: pipeline.default(defaultPipeline),
  acl: acl.default(defaultAcl),
}).transform((raw): Device => ({
  deviceId: raw.device_id,
  name: raw.name ?? defaultDeviceName(raw.device_id),
  datapath: raw.datapath,
  pipeline: raw.pipeline,
  acl: raw.acl,
}));

export const devices = list(device, "devices", 1);
