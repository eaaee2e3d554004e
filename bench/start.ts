/** From exec to a written port file, and what the idle daemon then needs. */
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon, type DaemonOptions } from "./daemon.js";
import type { Sample } from "./measure.js";

const idleMs = 10_000;

export async function runStart(options: DaemonOptions): Promise<readonly Sample[]> {
  const began = performance.now();
  await using daemon = await Daemon.start(options);
  const startMs = performance.now() - began;
  const cpuMs = daemon.cpuUs() / 1000;
  await sleep(idleMs);
  return [
    { what: "exec to port file", unit: "ms", value: startMs, goal: { atMost: 300 } },
    { what: "CPU time until then", unit: "ms", value: cpuMs },
    { what: "resident 10 s later", unit: "MB", value: daemon.residentMb(), goal: { atMost: 90 } },
  ];
}
