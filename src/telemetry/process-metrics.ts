/** Metrics of the process itself. */
import { metric, type MetricSource } from "./metrics.js";
import { lostLogLines } from "./standard-error.js";

/**
 * Memory, CPU time and start of this process.
 * @param version the release, shown as a label of `p4rtd_build_info`
 */
export function processMetrics(version: string): readonly MetricSource[] {
  const startSeconds = Date.now() / 1000 - process.uptime();
  const one = (value: number) => [[[], value] as const];
  return [
    metric({
      name: "p4rtd_build_info",
      help: "Always 1; the labels name the running release.",
      kind: "gauge",
      labels: ["version", "node"],
      read: () => [[[version, process.version], 1]],
    }),
    metric({
      name: "p4rtd_start_time_seconds",
      help: "Start of the process, in seconds since the Unix epoch.",
      kind: "gauge",
      labels: [],
      read: () => one(startSeconds),
    }),
    metric({
      name: "p4rtd_resident_memory_bytes",
      help: "Resident memory of the process, in bytes.",
      kind: "gauge",
      labels: [],
      read: () => one(process.memoryUsage.rss()),
    }),
    metric({
      name: "p4rtd_log_lines_lost_total",
      help: "Log lines that standard error did not take.",
      kind: "counter",
      labels: [],
      read: () => one(lostLogLines()),
    }),
    metric({
      name: "p4rtd_cpu_seconds_total",
      help: "CPU time of the process, user and system, in seconds.",
      kind: "counter",
      labels: [],
      read: () => {
        const { user, system } = process.cpuUsage();
        return one((user + system) / 1e6);
      },
    }),
  ];
}
