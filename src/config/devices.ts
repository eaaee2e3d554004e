/** `devices`: one ASIC or software switch each. */
import type { AclOptions, Device, DeviceDatapath, PipelineOptions, Route } from "./config.js";
import { defaultAcl, defaultDeviceName, defaultKernelDatapath, defaultPipeline } from "./defaults.js";
import { keyFieldNames, packetActions, type KeyFieldName, type PacketAction } from "./binding-names.js";
import { hasHostBits, readIpAddress, readPrefix } from "./host.js";
import { deviceId, portId } from "./ids.js";
import { maxKernelRules, netnsPath } from "./kernel.js";
import { integer, oneOf, powerOfTwoSize, scalar, text } from "./scalars.js";
import { list, mapping, section } from "./sections.js";

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

const netns = () =>
  scalar<string>({
    what: "a network namespace",
    allowed: "an absolute path, or a name under /run/netns",
    read: netnsPath,
  });

/** The keys of every type; `backends.ts` says which type has which. */
const datapath = section({
  type: oneOf(["soft", "kernel"], ["switchdev", "sai"]).default("soft"),
  local_addresses: list(ipAddress(), "IP addresses").default([]),
  routes: mapping(prefix(), portId(), "IP prefixes to port ids")
    .transform((raw) =>
      Object.entries(raw).flatMap(([text, portId]): Route[] => {
        const read = readPrefix(text);
        return read === undefined ? [] : [{ prefix: read, portId }];
      }),
    )
    .default([]),
  attach: oneOf(["auto", "tcx", "clsact"]).default(defaultKernelDatapath.attach),
  netns: netns().optional(),
  max_rules: integer("a number of rules", 1, maxKernelRules).default(defaultKernelDatapath.maxRules),
  punt_ring: powerOfTwoSize("64KiB", "1GiB").default(defaultKernelDatapath.puntRingBytes),
}).transform((raw): DeviceDatapath => {
  const { type, local_addresses: localAddresses, routes, attach, max_rules: maxRules, punt_ring: puntRingBytes } = raw;
  if (type === "soft") return { type, localAddresses, routes };
  return { type, attach, netns: raw.netns, maxRules, puntRingBytes };
});

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

/** The section `devices`. */
export const devices = list(device, "devices", 1);
