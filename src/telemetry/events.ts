/** Every event of level warn and above, declared once; `docs/events.md` is made from it. */

/** What an operator needs to know about an event, a sentence or two each. */
export interface EventDescription {
  readonly level: "warn" | "error" | "fatal";
  readonly title: string;
  readonly cause: string;
  readonly effect: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** By name `area.event_name`, sorted. */
export const events: Readonly<Record<string, EventDescription>> = {
  "addresses.groups_not_followed": {
    level: "warn",
    title: "Joined multicast groups are not followed",
    cause: "The kernel tells of multicast groups that are joined or left only since Linux 6.14.",
    effect: "With punt.exclude_local, frames to groups that the box joins after the start can be taken by rules.",
    remedy: "Update the kernel, or let rules that could take such frames name an EtherType.",
  },
  "addresses.groups_not_listed": {
    level: "warn",
    title: "Joined multicast groups are not known",
    cause: "The kernel did not list the multicast groups that interfaces joined; `reason` says why.",
    effect: "With punt.exclude_local, frames to groups of this `family` (2: IPv4, 10: IPv6) can be taken by rules.",
    remedy: "Update the kernel, or let rules that could take such frames name an EtherType.",
  },
  "addresses.not_listed": {
    level: "warn",
    title: "Addresses and interfaces are not known any more",
    cause: "Changes were lost and the kernel did not list everything anew; `reason` says why.",
    effect:
      "p4rtd goes on with what it knew: addresses and states of ports may be old. It asks again, and tells this once until the kernel has listed everything.",
    remedy: "None if it passes; else restart p4rtd.",
  },
  "daemon.cannot_listen": {
    level: "fatal",
    title: "A listener cannot bind",
    cause: "An address is in use, not this host's, or not allowed; `reason` names it and says why.",
    effect: "p4rtd closes what it opened and exits with code 71.",
    remedy: "Free the address, or change listeners or telemetry.prometheus in the configuration.",
  },
  "daemon.cannot_notify": {
    level: "fatal",
    title: "The service manager cannot be told that p4rtd serves",
    cause: "NOTIFY_SOCKET is set, and the addon that would write to it cannot be loaded; `reason` says why.",
    effect: "p4rtd exits with code 69 at once: systemd would wait for READY=1 in vain and then end it.",
    remedy: "Build the addon (npm rebuild), or start p4rtd by a unit of Type=exec.",
  },
  "daemon.failed": {
    level: "fatal",
    title: "p4rtd failed",
    cause: "An invariant of p4rtd broke or an error reached nobody who handles it; `error` says which.",
    effect: "Streams end with UNAVAILABLE and p4rtd exits with code 70: state that may be wrong does not keep serving.",
    remedy: "Report it with the error's stack: this is a fault of p4rtd. A service manager starts it again.",
  },
  "daemon.no_port_file": {
    level: "fatal",
    title: "The port file cannot be written",
    cause: "The file that --port-file names cannot be made; `reason` says why.",
    effect: "p4rtd closes what it opened and exits with code 73.",
    remedy: "Name a file in a folder that exists and that p4rtd may write to.",
  },
  "daemon.not_heard": {
    level: "warn",
    title: "The service manager did not take a message",
    cause: "The datagram `state` could not be written to `socket`; `error` says why.",
    effect: "If READY=1 or WATCHDOG=1 is lost, systemd ends p4rtd when its time is up and starts it again.",
    remedy: "See what became of the socket; inside a container it must be mounted at the same path.",
  },
  "datapath.cannot_open": {
    level: "fatal",
    title: "The datapath of a device cannot be opened",
    cause:
      "The addon is missing or has no libbpf, the network namespace or a bpffs is not there, the kernel lacks something, or another p4rtd holds the device or one of its ports; `reason` says which, and what to do.",
    effect: "p4rtd closes what it opened and exits with code 69. Nothing falls back to another datapath.",
    remedy: "Do what `reason` says.",
  },
  "datapath.lost": {
    level: "error",
    title: "The datapath lost its rules",
    cause:
      "A step could not be made visible to frames, or the datapath said that it lost its state; `reason` says why.",
    effect:
      "Updates in progress were answered UNAVAILABLE. Frames may miss their rules until datapath.resynced follows.",
    remedy: "Nothing if datapath.resynced follows; else see datapath.resync_failed.",
  },
  "datapath.no_segmenter": {
    level: "warn",
    title: "Bundles of segments are not punted",
    cause: "The kernel refused the pair of netdevs that undoes segmentation offload; `reason` says why.",
    effect:
      "Frames that a local sender or a card bundled (GSO, GRO) are matched and counted, but not copied to the CPU.",
    remedy: "Remove the cause and restart p4rtd, or switch off GRO of the ports and TSO and GSO of local senders.",
  },
  "datapath.not_permitted": {
    level: "fatal",
    title: "p4rtd lacks a privilege",
    cause: "A capability or a permission is missing that a kernel datapath needs; `reason` names each.",
    effect: "p4rtd exits with code 77.",
    remedy: "Grant them: systemd/p4rtd.service shows how for an ordinary user.",
  },
  "datapath.port_absent": {
    level: "warn",
    title: "A configured network interface is not there",
    cause: "There is no network interface `netdev` for the port `interface` of `device`.",
    effect: "The port is down. It is adopted when an interface of that name appears.",
    remedy: "Nothing if the interface comes later; else correct interfaces.*.netdev in the configuration.",
  },
  "datapath.resync_failed": {
    level: "error",
    title: "The rules could not be installed again",
    cause: "After datapath.lost the datapath refused the whole state too; `reason` says why.",
    effect: "The entries are kept, but frames of this `device` may miss their rules.",
    remedy: "Remove what `reason` names, then push the pipeline again or restart p4rtd.",
  },
  "idle.scan_failed": {
    level: "warn",
    title: "Idle timeouts could not be looked after",
    cause: "The datapath did not tell what its rules had counted; `error` says why.",
    effect: "Hits are not seen and controllers not told of idle entries until a scan succeeds, tried every 5 s.",
    remedy: "If it persists, restart p4rtd and report it with the error's stack.",
  },
  "pipeline.unrealised": {
    level: "warn",
    title: "Part of a pipeline has no effect on frames",
    cause:
      "Tables or actions of the pushed pipeline do not bind; `reasons` names each. pipeline.unbound_tables: store lets them in.",
    effect: "Entries that nothing realises are kept and read back, but take no frame.",
    remedy: "Bind them by pipeline.bindings and pipeline.actions, or set pipeline.unbound_tables: refuse.",
  },
  "port.not_adopted": {
    level: "warn",
    title: "A network interface cannot be made a port",
    cause:
      "An interface of a configured name appeared, and it is a bond, team, bridge or VRF, or the kernel or another p4rtd keeps it; `reason` says which.",
    effect:
      "The port stays down. p4rtd tries again whenever the interface changes, and every few seconds (10 at most).",
    remedy:
      "Do what `reason` says, such as stopping the other p4rtd; of a bond, team, bridge or VRF configure the members.",
  },
  "port.not_changed": {
    level: "warn",
    title: "A network interface was not changed",
    cause: "The kernel refused to bring an interface up or down, or its MTU; `reason` says which and why.",
    effect: "The interface of `port` stays as it was.",
    remedy: "See what else changes the interface, and bring it up by hand.",
  },
  "port.submit_limited": {
    level: "warn",
    title: "Frames sent by submit_to_ingress may be dropped",
    cause: "A setting of all interfaces overrules that of p4rtd's own; `reason` names it.",
    effect: "The kernel drops such frames if their source is not routed back.",
    remedy: "Set net.ipv4.conf.all.rp_filter to 0, or to 2.",
  },
  "read.failed": {
    level: "error",
    title: "Part of a Read could not be answered",
    cause: "An error that p4rtd does not know, in `error`; most likely the datapath could not read its counters.",
    effect: "That element of the Read was answered INTERNAL, the others as usual.",
    remedy: "Report it with the log line.",
  },
  "rpc.failed": {
    level: "error",
    title: "An RPC failed by a fault of p4rtd",
    cause: "The RPC `method` ended with an error that no rule of the protocol accounts for; `error` says which.",
    effect: "The `peer` was answered with an error; other RPCs go on. A broken invariant ends the process.",
    remedy: "Report it with the error's stack: this is a fault of p4rtd.",
  },
  "telemetry.events_dropped": {
    level: "warn",
    title: "Log events were dropped",
    cause: "More than 10,000 events came before the log library was loaded; `events` says how many more.",
    effect: "The log has a gap right after the start; nothing else is affected.",
    remedy: "Raise telemetry.log_level, or look for what floods the log at the start.",
  },
  "telemetry.scrape_failed": {
    level: "error",
    title: "Metrics could not be read",
    cause: "A component failed while its numbers were collected; `error` says how.",
    effect: "The scrape was answered with status 500; the monitoring system has a gap.",
    remedy: "Report it with the error's stack: this is a fault of p4rtd.",
  },
};

/** The declared events as Markdown. */
export function eventsDocument(): string {
  const sections = Object.entries(events).map(
    ([name, { level, title, cause, effect, remedy }]) =>
      `## ${name}\n\n**${title}** (${level})\n\n- Cause: ${cause}\n- Effect: ${effect}\n- What to do: ${remedy}\n`,
  );
  const head =
    "# Events\n\n<!-- Made by `node scripts/events-doc.mjs` from src/telemetry/events.ts; do not edit. -->\n\n" +
    "Every log event of level warn, error and fatal. A line has `time`, `level`, `event` and the event's own fields.\n";
  return [head, ...sections].join("\n");
}
