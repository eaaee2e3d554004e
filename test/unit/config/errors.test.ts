import assert from "node:assert/strict";
import { loadConfig, parseConfig } from "../../../src/config/load.js";
import { ConfigError } from "../../../src/config/problem.js";
import { golden } from "../../support/golden.js";

/** Everything that is wrong with `yaml`, a line each. */
async function errorsOf(yaml: string | Uint8Array): Promise<string> {
  try {
    await parseConfig(typeof yaml === "string" ? Buffer.from(yaml) : yaml, "p4rtd.yaml");
  } catch (error) {
    if (error instanceof ConfigError) return `${error.message}\n`;
    throw error;
  }
  return assert.fail("the configuration was taken");
}

/** Broken files by the name of the golden file that holds their errors. */
const broken: Readonly<Record<string, string>> = {
  "syntax-and-nothing-else": "limits: { max_recv_bytes: 1\nlisteners: [\n",
  "a-tab-in-front": "limits:\n\tmax_recv_bytes: 4MiB\n",
  "two-documents": "limits: {}\n---\nlimits: {}\n",
  "unknown-tag": "limits: !limits {}\n",
  "yaml-1-1": "%YAML 1.1\n---\nhealth: { reflection: no }\n",
  empty: "# nothing but a comment\n",
  "not-a-mapping": "- listeners\n",
  "lines-that-end-in-crlf": "limits: {}\r\n# x\u2028\r\nhealth: 1\r\n",
  "duplicate-keys": "limits: {}\nhealth: { reflection: true, reflection: false }\nlimits: {}\n",
  "keys-that-are-no-text": "? [a]\n: 1\n__proto__: {}\nnull: 1\n",
  "anchor-of-nothing": "limits: *none\n",
  "alias-that-holds-itself": "devices: &a [*a, *a]\n",
  "nested-too-deeply": `limits: ${"[".repeat(50)}${"]".repeat(50)}\n`,
  admin: `listeners: [{ unix: /run/p4rtd.sock, insecure: true }]
admin: { unix: /run/p4rtd.sock, mode: 0660, group: "a b", insecure: true }
`,
  "admin-without-socket": "admin: {}\n",
  "unknown-keys": `lissteners: []
limit: {}
zzzzzzzz: 1
limits: { max_recv_byte: 64MiB, controllers_per_device: 16 }
interfaces: { eth1: { port-id: 1, port_id: 1 } }
`,
  "not-implemented-yet": `tls_profiles: {}
auth: {}
authz: {}
accounting: {}
listeners:
  - { address: "::", port: 9559, insecure: true, tls_profile: mgmt, vrf: mgmt, dscp: cs4, netns: blue }
devices:
  - device_id: 1
    datapath: { type: sai, drop_hook: xdp, engine: tuples }
    pipeline: { preload: true }
interfaces:
  eth1: { port_id: 1, netns: blue, watch_port: 2 }
limits: { session_limit: 20, max_connections: 10 }
keepalive: { min_client_interval: 1s }
restart: { mode: warm, state_dir: /var/lib/p4rtd }
telemetry: { pcap_tap: /run/x }
`,
  "sections-of-the-wrong-shape": `listeners: {}
devices: [1, [], null]
interfaces: []
limits:
keepalive: 4s
punt: { queues: [a], policers: 5 }
packet_in: { backlog: 5 }
health: on
`,
  listeners: `listeners:
  - { address: 127.0.0.1, port: 9559 }
  - { address: "[::1]", port: 65536, insecure: false }
  - { address: 256.1.1.1, port: "9559", insecure: yes }
  - { port: 9559, insecure: true }
  - { unix: run/p4rtd.sock, mode: 0660, insecure: true, port: 1 }
  - { unix: /run/p4rtd.sock, mode: "0999", group: "a b", insecure: true }
  - { kind: tcp, address: localhost, port: 1, insecure: true }
  - {}
  - text
`,
  "listeners-twice": `listeners:
  - { address: "::1", port: 9559, insecure: true }
  - { address: "::1", port: 0, insecure: true }
  - { address: "::1", port: 0, insecure: true }
  - { address: "::1", port: 9559, insecure: true }
  - { unix: /run/a, insecure: true }
  - { unix: /run/a, insecure: true }
`,
  "no-listener-no-device": "listeners: []\ndevices: []\n",
  devices: `devices:
  - { name: "" }
  - { device_id: 0 }
  - { device_id: 18446744073709551616 }
  - { device_id: 1.5 }
  - { device_id: "1" }
  - { device_id: -1, name: a b, acl: { table_size: exactly, max_masks: 0 } }
interfaces: {}
`,
  datapath: `devices:
  - device_id: 1
    datapath:
      type: softer
      local_addresses: [10.0.0.1, 10.0.0.0/8, "fe80::1%eth0", 5]
      routes: { 10.0.0.1/8: 1, 10.0.0.0/33: 1, "2001:db8::1/32": 1, default: 1, 0.0.0.0/0: 0, "::/0": 9 }
`,
  "kernel-datapath": `devices:
  - device_id: 1
    datapath: { type: kernel, attach: xdp, netns: "../blue", max_rules: 0, punt_ring: 3MiB }
  - device_id: 2
    datapath: { type: kernel, attach: tcxx, netns: a/b, max_rules: 1048577, punt_ring: 32KiB, local_addresses: [], routes: {} }
  - device_id: 3
    datapath: { attach: auto, netns: blue, max_rules: 1, punt_ring: 1MiB }
    acl: { max_masks: 5000 }
  - device_id: 4
    datapath: { type: kernel, punt_ring: 2GiB, routs: {} }
    acl: { max_masks: 5000 }
interfaces: {}
`,
  "kernel-without-interfaces": "devices: [{ device_id: 1, datapath: { type: kernel } }]\n",
  "kernel-interfaces": `devices: [{ device_id: 1, datapath: { type: kernel } }]
interfaces:
  ethernet-1/1: { port_id: 1 }
  swp-name-that-is-long: { port_id: 2 }
  a: { port_id: 3, netdev: "" }
  b: { port_id: 4, netdev: sixteen-bytes-ab }
  c: { port_id: 5, netdev: "a b" }
  d: { port_id: 6, netdev: tap%d, type: tap }
  e: { port_id: 7, netdev: .. }
  f: { port_id: 8, netdev: 5 }
  swp1: { port_id: 9 }
  g: { port_id: 10, netdev: swp1 }
  h: { port_id: 11, mtu: 9000 }
  i: { port_id: 12, type: virtual }
  j: { port_id: 13, type: veth }
`,
  "interfaces-of-both-datapaths": `devices:
  - { device_id: 1, datapath: { type: soft } }
  - { device_id: 2, datapath: { type: kernel } }
  - { device_id: 3, datapath: { type: kernel, netns: /run/netns/blue } }
  - { device_id: 4, datapath: { type: kernel, netns: blue } }
interfaces:
  a: { device: 1, port_id: 1, netdev: swp1 }
  b: { device: 1, port_id: 2, type: tap }
  c: { device: 2, port_id: 1, netdev: swp1 }
  d: { device: 3, port_id: 1, netdev: swp1 }
  e: { device: 4, port_id: 1, netdev: swp1 }
  f: { device: 5, port_id: 1, netdev: swp1 }
restart: { rules_on_exit: keep }
`,
  "too-much-for-a-kernel-datapath": `devices: [{ device_id: 1, datapath: { type: kernel } }]
interfaces:
${Array.from({ length: 1025 }, (_, index) => `  swp${index + 1}: { port_id: ${index + 1} }\n`).join("")}punt:
  queues:
${Array.from({ length: 65 }, (_, index) => `    q${index}: { pps: 1, burst: 1 }\n`).join("")}`,
  "routes-twice": `devices:
  - device_id: 1
    datapath: { routes: { "2001:db8::/32": 1, "2001:DB8:0::/32": 2, 10.0.0.0/8: 1 } }
`,
  pipeline: `devices:
  - device_id: 1
    pipeline:
      unbound_tables: stored
      identical_commit: true
      bindings: { etherType: ether_type, acl.hdr.ethernet.etherType: ethertype }
      actions: { punt: TRAP, copy: SAI_PACKET_ACTION_COPYY }
`,
  "devices-twice": `devices:
  - { device_id: 18446744073709551615, name: a }
  - { device_id: 18446744073709551615, name: a }
  - { device_id: 1, name: device-2 }
  - { device_id: 2 }
interfaces: {}
`,
  interfaces: `interfaces:
  a: { port_id: 0 }
  b: { port_id: 4294967040 }
  c: { port_id: 7, mtu: 67 }
  d: { port_id: 7, mtu: 1.5 }
  "e f": { port_id: 8 }
  g: { port_id: 9, device: 2 }
  h: {}
  i:
  cpu: { port_id: 10 }
`,
  "interfaces-of-several-devices": `devices:
  - { device_id: 1, datapath: { routes: { 10.0.0.0/8: 3 } } }
  - { device_id: 2, datapath: { routes: { 10.0.0.0/8: 3 } } }
  - { device_id: 3, datapath: { routes: { 10.0.0.0/8: 3 } } }
  - { device_id: 4, datapath: { routes: { 10.0.0.0/8: 3 } } }
interfaces:
  a: { port_id: 1, device: 1 }
  b: { port_id: 1, device: 2 }
  c: { port_id: 1, device: 2 }
  d: { port_id: 2 }
  e: { port_id: 3, device: 3 }
  f: { port_id: 3, device: 5 }
`,
  "no-interfaces-of-several-devices": "devices: [{ device_id: 1 }, { device_id: 2 }]\n",
  "a-route-without-its-default-interface": `devices:
  - { device_id: 7, datapath: { routes: { 10.0.0.0/8: 5 } } }
`,
  "quantities-and-words": `limits: { max_recv_bytes: 4095KiB, controllers_per_role: 15, max_concurrent_streams: 0 }
keepalive: { time: 4, timeout: 4 seconds }
arbitration: { promotion: highest }
punt:
  exclude_local: "true"
  unparsable: keep
  queues: { "a b": { pps: 1, burst: 1 }, lldp: { pps: 0, burst: 1.5 }, arp: {} }
  policers: { per_port: { pps: 1 }, device: {} }
packet_in: { target_egress_fallback: fib, backlog: { frames: 0, bytes: 2GiB } }
packet_out: { missing_metadata: lenient, rate: { pps: 1000000001, burst: 1 } }
stream_errors: { enabled: 1, per_stream_per_second: 0, echo_bytes: 65537 }
restart: { rules_on_exit: "" }
telemetry: { log_level: trace, prometheus: {} }
`,
  "prometheus-listen": 'telemetry: { prometheus: { listen: "::1:9560" } }\n',
  "several-faults-of-several-kinds": `listeners:
  - { address: 127.0.0.1, port: 70000, insecure: true }
devices:
  - { device_id: 1, datapath: { routes: { 10.0.0.0/8: 9 } } }
interfaces:
  a: { port_id: 1, mtu: big }
  b: { port_id: 1 }
limits: { max_recv_bytes: 1 }
limits: {}
`,
};

describe("a broken configuration", () => {
  for (const [name, yaml] of Object.entries(broken)) {
    it(`is refused with every reason: ${name}`, async () => golden(`config/${name}.txt`, await errorsOf(yaml)));
  }

  it("is refused when it is not UTF-8", async () => {
    assert.equal(await errorsOf(Uint8Array.of(0x61, 0xff)), "p4rtd.yaml: is not UTF-8 text\n");
  });

  it("is refused when it is larger than 1 MiB", async () => {
    assert.match(await errorsOf(new Uint8Array(1024 * 1024 + 1)), /1048577 bytes \(allowed: at most 1048576\)/);
  });

  it("is refused, by name, when it cannot be read", async () => {
    await assert.rejects(loadConfig("test/no-such-file.yaml"), {
      name: "ConfigError",
      message: /^test\/no-such-file\.yaml: cannot be read: ENOENT/,
    });
  });

  it("gives each problem as fields too", async () => {
    const reason = "1 is not true or false (allowed: true, false)";
    await assert.rejects(parseConfig(Buffer.from("health:\n  reflection: 1\n"), "x.yaml"), {
      problems: [{ file: "x.yaml", line: 2, column: 15, path: "health.reflection", reason }],
    });
  });
});
