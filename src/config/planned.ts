/** Keys that are settled or sketched but whose feature does not exist yet: refused by name, never ignored. */

/** Patterns of key paths; `*` stands for one list index or one key of the operator's. */
const planned = new Set([
  "accounting",
  "auth",
  "authz",
  "tls_profiles",
  "arbitration.auto_promote",
  "devices.*.admin_state",
  "devices.*.location",
  "devices.*.datapath.drop_hook",
  "devices.*.datapath.engine",
  "devices.*.datapath.reconcile_interval",
  "devices.*.datapath.sai",
  "devices.*.datapath.switchdev",
  "devices.*.pipeline.accept",
  "devices.*.pipeline.default_p4info",
  "devices.*.pipeline.preload",
  "interfaces.*.members",
  "interfaces.*.netns",
  "interfaces.*.watch_port",
  "interfaces.*.watch_ports",
  "keepalive.min_client_interval",
  "keepalive.permit_without_stream",
  "limits.idle_timeout",
  "limits.max_connections",
  "limits.rate_limit_per_minute",
  "limits.session_limit",
  "listeners.*.dscp",
  "listeners.*.name",
  "listeners.*.netns",
  "listeners.*.tls_profile",
  "listeners.*.vrf",
  "packet_in.snaplen",
  "packet_out.pad_runts",
  "restart.state_dir",
  "telemetry.pcap_tap",
  "telemetry.statsd",
]);

/** True if the key at `path` belongs to a feature that does not exist yet. */
export function isPlanned(path: readonly (string | number)[]): boolean {
  const [section, ...rest] = path.map(String);
  const starred = section === "devices" || section === "interfaces" || section === "listeners";
  const pattern = starred && rest.length > 0 ? [section, "*", ...rest.slice(1)] : [section, ...rest];
  return planned.has(pattern.join("."));
}
