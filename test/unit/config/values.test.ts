import assert from "node:assert/strict";
import type { Config } from "../../../src/config/config.js";
import { parseConfig } from "../../../src/config/load.js";

const load = (yaml: string): Promise<Config> => parseConfig(Buffer.from(yaml), "p4rtd.yaml");

/** What a file says, and what the configuration then holds. */
const rows: readonly {
  readonly says: string;
  readonly yaml: string;
  readonly read: (config: Config) => unknown;
  readonly want: unknown;
}[] = [
  {
    says: "an IPv6 listener and any free port",
    yaml: 'listeners: [{ address: "::", port: 0, insecure: true }]',
    read: (config) => config.listeners,
    want: [{ kind: "tcp", address: "::", port: 0, security: "insecure" }],
  },
  {
    says: "a host name",
    yaml: "listeners: [{ address: switch-1.example.net, insecure: true }]",
    read: (config) => config.listeners[0],
    want: { kind: "tcp", address: "switch-1.example.net", port: 9559, security: "insecure" },
  },
  {
    says: "a socket with the usual permissions",
    yaml: "listeners: [{ unix: /run/p4rtd/p4rtd.sock, insecure: true }]",
    read: (config) => config.listeners,
    want: [{ kind: "unix", path: "/run/p4rtd/p4rtd.sock", mode: 0o660, group: undefined, security: "insecure" }],
  },
  {
    says: "a socket of a group",
    yaml: 'listeners: [{ unix: /run/a, mode: "600", group: p4rtd, insecure: true }]',
    read: (config) => config.listeners,
    want: [{ kind: "unix", path: "/run/a", mode: 0o600, group: "p4rtd", security: "insecure" }],
  },
  {
    says: "the largest device id, not rounded",
    yaml: "devices: [{ device_id: 18446744073709551615 }]",
    read: (config) => [config.devices[0]?.deviceId, config.interfaces[0]?.deviceId],
    want: [2n ** 64n - 1n, 2n ** 64n - 1n],
  },
  {
    says: "an id beyond the integers of a double",
    yaml: "devices: [{ device_id: 9007199254740993, name: integrated_circuit0 }]",
    read: (config) => [config.devices[0]?.deviceId, config.devices[0]?.name],
    want: [9007199254740993n, "integrated_circuit0"],
  },
  {
    says: "two devices with the same port ids",
    yaml: `devices: [{ device_id: 1 }, { device_id: 2 }]
interfaces: { a: { port_id: 4294967039, device: 1 }, b: { port_id: 4294967039, device: 2, mtu: 9000 } }`,
    read: (config) => config.interfaces,
    want: [
      { name: "a", portId: 0xfffffeff, deviceId: 1n, type: "virtual", mtu: 1500 },
      { name: "b", portId: 0xfffffeff, deviceId: 2n, type: "virtual", mtu: 9000 },
    ],
  },
  {
    says: "a device without interfaces",
    yaml: "interfaces: {}",
    read: (config) => config.interfaces,
    want: [],
  },
  {
    says: "addresses and routes",
    yaml: `devices:
  - device_id: 1
    datapath: { local_addresses: [192.0.2.1, "2001:db8::1"], routes: { 10.0.0.0/8: 2, "::/0": 3 } }`,
    read: (config) => config.devices[0]?.datapath,
    want: {
      type: "soft",
      localAddresses: ["192.0.2.1", "2001:db8::1"],
      routes: [
        { prefix: { address: "10.0.0.0", length: 8 }, portId: 2 },
        { prefix: { address: "::", length: 0 }, portId: 3 },
      ],
    },
  },
  {
    says: "a kernel datapath and no more",
    yaml: "devices: [{ device_id: 1, datapath: { type: kernel } }]\ninterfaces: {}",
    read: (config) => config.devices[0]?.datapath,
    want: { type: "kernel", attach: "auto", netns: undefined, maxRules: 16_384, puntRingBytes: 16 * 1024 * 1024 },
  },
  {
    says: "a kernel datapath with everything",
    yaml: `devices:
  - device_id: 1
    datapath: { type: kernel, attach: clsact, netns: blue, max_rules: 1048576, punt_ring: 65536 }
restart: { rules_on_exit: keep }
interfaces: {}`,
    read: (config) => [config.devices[0]?.datapath, config.restart.rulesOnExit],
    want: [
      { type: "kernel", attach: "clsact", netns: "/run/netns/blue", maxRules: 1_048_576, puntRingBytes: 65_536 },
      "keep",
    ],
  },
  {
    says: "a network namespace by its path",
    yaml: `devices: [{ device_id: 1, datapath: { type: kernel, netns: /proc/1/ns/net } }]
interfaces: {}`,
    read: (config) => config.devices[0]?.datapath,
    want: {
      ...{ type: "kernel", attach: "auto", netns: "/proc/1/ns/net" },
      ...{ maxRules: 16_384, puntRingBytes: 16 * 1024 * 1024 },
    },
  },
  {
    says: "interfaces of a kernel datapath",
    yaml: `devices: [{ device_id: 1, datapath: { type: kernel } }]
interfaces:
  ethernet-1/1: { port_id: 1, netdev: swp1 }
  fifteen-bytes-a: { port_id: 2 }
  vm: { port_id: 3, type: tap, netdev: tap3 }
  tap4: { port_id: 4, type: tap }`,
    read: (config) => config.interfaces,
    want: [
      { name: "ethernet-1/1", portId: 1, deviceId: 1n, type: "netdev", netdev: "swp1" },
      { name: "fifteen-bytes-a", portId: 2, deviceId: 1n, type: "netdev", netdev: "fifteen-bytes-a" },
      { name: "vm", portId: 3, deviceId: 1n, type: "tap", netdev: "tap3" },
      { name: "tap4", portId: 4, deviceId: 1n, type: "tap", netdev: "tap4" },
    ],
  },
  {
    says: "one netdev name in two network namespaces, and ports of both datapaths",
    yaml: `devices:
  - { device_id: 1, datapath: { type: kernel } }
  - { device_id: 2, datapath: { type: kernel, netns: blue } }
  - { device_id: 3 }
interfaces:
  a: { device: 1, port_id: 1, netdev: swp1 }
  b: { device: 2, port_id: 1, netdev: swp1 }
  c: { device: 3, port_id: 1 }`,
    read: (config) => config.interfaces.map((each) => (each.type === "virtual" ? each.mtu : each.netdev)),
    want: ["swp1", "swp1", 1500],
  },
  {
    says: "bindings",
    yaml: `devices:
  - device_id: 1
    pipeline:
      unbound_tables: store
      bindings: { acl_table.hdr.ethernet.etherType: ether_type }
      actions: { punt: SAI_PACKET_ACTION_TRAP }`,
    read: (config) => config.devices[0]?.pipeline,
    want: {
      unboundTables: "store",
      identicalCommit: "clear",
      bindings: [["acl_table.hdr.ethernet.etherType", "ether_type"]],
      actions: [["punt", "SAI_PACKET_ACTION_TRAP"]],
    },
  },
  {
    says: "a size in bytes",
    yaml: "limits: { max_recv_bytes: 4194304 }",
    read: (config) => config.limits.maxRecvBytes,
    want: 4 * 1024 * 1024,
  },
  {
    says: "a size with a unit",
    yaml: "limits: { max_recv_bytes: 1GiB }",
    read: (config) => config.limits.maxRecvBytes,
    want: 1024 ** 3,
  },
  {
    says: "durations with each unit",
    yaml: "keepalive: { time: 2h, timeout: 500ms }",
    read: (config) => config.keepalive,
    want: { timeMs: 7_200_000, timeoutMs: 500 },
  },
  {
    says: "queues and policers",
    yaml: "punt: { queues: { lldp: { pps: 200, burst: 400 } }, policers: { per_port: { pps: 1, burst: 2 } } }",
    read: (config) => config.punt,
    want: {
      excludeLocal: true,
      unparsable: "pass",
      queues: [{ name: "lldp", pps: 200, burst: 400 }],
      policers: { perPort: { pps: 1, burst: 2 }, deviceTotal: undefined },
    },
  },
  {
    says: "the backlog by one of its bounds",
    yaml: "packet_in: { backlog: { frames: 1 } }",
    read: (config) => config.packetIn.backlog,
    want: { frames: 1, bytes: 32 * 1024 * 1024 },
  },
  {
    says: "a metrics address of IPv6",
    yaml: 'telemetry: { prometheus: { listen: "[::1]:9560" } }',
    read: (config) => config.telemetry,
    want: { logLevel: "info", prometheus: { listen: { address: "::1", port: 9560 } } },
  },
  {
    says: "one rate twice by anchor and alias",
    yaml: "punt: { policers: { per_port: &r { pps: 1, burst: 2 }, device_total: *r } }",
    read: (config) => config.punt.policers,
    want: { perPort: { pps: 1, burst: 2 }, deviceTotal: { pps: 1, burst: 2 } },
  },
  {
    says: "a byte order mark in front",
    yaml: "\uFEFFarbitration: { promotion: next-highest }",
    read: (config) => config.arbitration,
    want: { promotion: "next-highest" },
  },
];

describe("a configuration that says", () => {
  for (const { says, yaml, read, want } of rows) {
    it(`${says} is taken`, async () => assert.deepEqual(read(await load(yaml)), want));
  }
});
