/** Counters of switches and RPCs → metrics, if anybody collects them. */
import type { Logger } from "../base/logger.js";
import { codeName } from "../base/status.js";
import type { Config } from "../config/config.js";
import type { PortStatus } from "../datapath/port.js";
import { dropTotals } from "../switch/drop-totals.js";
import type { Switch } from "../switch/switch.js";
import { metric, openMetrics, writeSecondsHistogram, type MetricSource, type Sample } from "../telemetry/metrics.js";
import { processMetrics } from "../telemetry/process-metrics.js";
import { servePrometheus } from "../telemetry/prometheus.js";
import { ListenError } from "./listen-error.js";

export interface RunningTelemetry extends AsyncDisposable {
  /** Counts one finished RPC. */
  readonly finished: (method: string, code: number, seconds: number) => void;
}

type Devices = ReadonlyMap<bigint, Switch>;

/** Opens the Prometheus endpoint where one is configured. @throws ListenError if it cannot bind */
export async function openTelemetry(
  config: Config,
  devices: Devices,
  { log, version }: { readonly log: Logger; readonly version: string },
): Promise<RunningTelemetry> {
  const listen = config.telemetry.prometheus?.listen;
  if (listen === undefined) return { finished: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  const rpcs = new Map<string, number>();
  const writeSeconds = writeSecondsHistogram();
  const sources = [...switchMetrics(devices), rpcMetric(rpcs), ...processMetrics(version)];
  const metrics = await openMetrics({ sources, histograms: [writeSeconds] });
  const server = await servePrometheus({ ...listen, metrics, log }).catch((error: unknown) => {
    throw new ListenError(`${listen.address}:${listen.port}`, error);
  });
  log.info("telemetry.serving", { address: server.address, port: server.port });
  return {
    finished: (method, code, seconds) => {
      const key = `${method} ${codeName(code)}`;
      rpcs.set(key, (rpcs.get(key) ?? 0) + 1);
      if (method === "Write") writeSeconds.observe(seconds);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function rpcMetric(rpcs: ReadonlyMap<string, number>): MetricSource {
  return metric({
    name: "p4rtd_rpcs_total",
    help: "Finished RPCs by method and canonical code.",
    kind: "counter",
    labels: ["method", "code"],
    read: () => [...rpcs].map(([key, count]): Sample => [key.split(" "), count]),
  });
}

function switchMetrics(devices: Devices): readonly MetricSource[] {
  const perDevice = (name: string, help: string, kind: MetricSource["kind"], read: (device: Switch) => number) =>
    metric({
      name,
      help,
      kind,
      labels: ["device"],
      read: () => [...devices.values()].map((device): Sample => [[device.deviceId.toString()], read(device)]),
    });
  const perPort = (name: string, help: string, read: (port: PortStatus) => number) =>
    metric({ name, help, kind: "counter", labels: ["device", "port"], read: () => portSamples(devices, read) });
  return [
    perDevice(
      "p4rtd_packet_in_total",
      "PacketIn messages queued for controllers.",
      "counter",
      (d) => d.packets.packetIns,
    ),
    perDevice(
      "p4rtd_packet_out_total",
      "PacketOut frames the datapath accepted.",
      "counter",
      (d) => d.packets.packetOuts,
    ),
    perDevice(
      "p4rtd_idle_notifications_total",
      "IdleTimeoutNotifications queued for controllers.",
      "counter",
      (d) => d.idleTimeouts.notified,
    ),
    perDevice(
      "p4rtd_idle_notifications_dropped_total",
      "IdleTimeoutNotifications for which there was no primary, or one that did not read.",
      "counter",
      (d) => d.idleTimeouts.dropped,
    ),
    perDevice("p4rtd_streams", "Open StreamChannel calls that named the device.", "gauge", (d) => d.controllers.count),
    perDevice("p4rtd_controllers", "Live controllers.", "gauge", (d) => d.controllers.arbiter.controllerCount),
    perDevice("p4rtd_primaries", "Roles that have a primary.", "gauge", (d) => d.controllers.arbiter.primaries.length),
    perDevice("p4rtd_entries", "Committed table entries.", "gauge", (d) => d.entryCount),
    perDevice(
      "p4rtd_entries_unrealised",
      "Committed table entries that nothing on the datapath realises.",
      "gauge",
      (d) => d.unrealisedCount,
    ),
    perDevice(
      "p4rtd_frames_classified_total",
      "Frames that met the ACL.",
      "counter",
      (d) => d.datapath.stats().classified,
    ),
    perDevice(
      "p4rtd_frames_punted_total",
      "Frames the datapath handed to the agent.",
      "counter",
      (d) => d.datapath.stats().punted,
    ),
    metric({
      name: "p4rtd_dropped_total",
      help: "Frames that went no further, by reason.",
      kind: "counter",
      labels: ["device", "reason"],
      read: () => [...devices.values()].flatMap(dropSamples),
    }),
    perPort("p4rtd_port_frames_in_total", "Frames received.", (port) => port.framesIn),
    perPort("p4rtd_port_frames_out_total", "Frames sent.", (port) => port.framesOut),
    perPort("p4rtd_port_frames_punted_total", "Frames punted to the agent.", (port) => port.framesPunted),
    perPort("p4rtd_port_frames_dropped_total", "Frames dropped.", (port) => port.framesDropped),
  ];
}

function portSamples(devices: Devices, read: (port: PortStatus) => number): readonly Sample[] {
  return [...devices.values()].flatMap((device) =>
    device.datapath.stats().ports.map((port): Sample => [[device.deviceId.toString(), port.name], read(port)]),
  );
}

function dropSamples(device: Switch): readonly Sample[] {
  return [...dropTotals(device)].map(([reason, count]): Sample => [[device.deviceId.toString(), reason], count]);
}
