/** Reads of a whole table. */
import type { Sample } from "./measure.js";
import { median } from "./measure.js";
import { becomePrimary, Controller } from "./controller.js";
import { CpuMeter, Daemon, type DaemonOptions } from "./daemon.js";
import { readRequest, writeRequests } from "./entries.js";
import { programBytes } from "./programs.js";

const warmUp = 10;
const repeats = 20;

/** One run, on a daemon of its own. */
export async function runRead(options: DaemonOptions): Promise<readonly Sample[]> {
  await using daemon = await Daemon.start(options);
  using controller = new Controller(daemon.port);
  using _stream = await becomePrimary(controller);
  const small = await reads(daemon, controller, 10_000);
  const large = await reads(daemon, controller, 100_000);
  return [
    { what: "10,000 entries, first Read of a daemon", unit: "ms", value: small.first },
    { what: "10,000 entries", unit: "ms", value: small.ms, goal: { atMost: 40 }, ...small.cpu },
    { what: "100,000 entries", unit: "ms", value: large.ms, ...large.cpu },
  ];
}

async function reads(daemon: Daemon, controller: Controller, entries: number) {
  await controller.push(programBytes("ternary"));
  for (const request of writeRequests("ternary", { count: entries, perBatch: 1000 })) await controller.write(request);
  const [first = NaN] = await timed(controller, warmUp);
  const cpu = new CpuMeter(daemon);
  const times = await timed(controller, repeats);
  const { daemonUs, clientUs } = cpu.read(repeats * entries);
  return { first, ms: median(times), cpu: { daemonUs, clientUs } };
}

/** Milliseconds from the call to the last message, `repeats` times. */
async function timed(controller: Controller, times: number): Promise<readonly number[]> {
  const request = readRequest();
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await controller.read(request);
    found.push(performance.now() - began);
  }
  return found;
}
