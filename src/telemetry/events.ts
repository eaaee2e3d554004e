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
    title: "Groups that interfaces join are not followed",
    cause: "The kernel tells of groups joined and left since Linux 6.14, and this one is older.",
    effect:
      "punt.exclude_local knows the groups that were joined when p4rtd started, if the kernel lists them, and none that came later.",
    remedy: "Name control-plane groups in devices.datapath.local_addresses, or use a newer kernel.",
  },
  "addresses.groups_not_listed": {
    level: "warn",
    title: "Groups that interfaces joined are not known",
    cause: "The kernel cannot list the joined groups of a `family` (2: IPv4, 10: IPv6); `reason` says why.",
    effect: "Rules that name no EtherType may take frames to control-plane groups.",
    remedy: "Name those groups in devices.datapath.local_addresses, or use a newer kernel.",
  },
  "addresses.not_listed": {
    level: "warn",
    title: "Netdevs and addresses could not be listed again",
    cause: "The kernel lost messages of rtnetlink and did not answer when asked for everything; `reason` says why.",
    effect: "Ports and the addresses of the box are as they were before.",
    remedy: "Nothing if it happens once; else look for what changes the network so often, and restart p4rtd.",
  },
  "daemon.cannot_listen": {
    level: "fatal",
    title: "A listener cannot bind",
    cause: "An address is in use, not this host's, or not allowed; `reason` names it and says why.",
    effect: "p4rtd closes what it opened and exits with code 71.",
    remedy: "Free the address, or change listeners or telemetry.prometheus in the configuration.",
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
  "datapath.lost": {
    level: "error",
    title: "The datapath lost its rules",
    cause:
      "A step could not be made visible to frames, or the datapath said that it lost its state; `reason` says why.",
    effect:
      "Updates in progress were answered UNAVAILABLE. Frames may miss their rules until datapath.resynced follows.",
    remedy: "Nothing if datapath.resynced follows; else see datapath.resync_failed.",
  },
  "datapath.resync_failed": {
    level: "error",
    title: "The rules could not be installed again",
    cause: "After datapath.lost the datapath refused the whole state too; `reason` says why.",
    effect: "The entries are kept, but frames of this `device` may miss their rules.",
    remedy: "Remove what `reason` names, then push the pipeline again or restart p4rtd.",
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
    title: "A netdev that is there is not used",
    cause: "The kernel refuses the netdev of a `port`, or another p4rtd serves it; `reason` says which.",
    effect: "The port is down. It is tried again every second.",
    remedy: "Do what `reason` asks for.",
  },
  "port.not_changed": {
    level: "warn",
    title: "A netdev could not be changed",
    cause: "The kernel refused to change the netdev of a `port`; `reason` says what and why.",
    effect: "The netdev is as it was.",
    remedy: "See what errno(3) says of the number in `reason`.",
  },
  "port.submit_limited": {
    level: "warn",
    title: "Frames of submit_to_ingress may be dropped",
    cause: "A setting of the box overrules those of p4rtd's own interface; `reason` names it.",
    effect: "The kernel drops submitted frames that the setting forbids.",
    remedy: "Change the setting that `reason` names, or do without submit_to_ingress.",
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
