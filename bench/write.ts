/** Writes: batches of 1,000 entries into a growing table, and one entry a batch. */
import type { Goal, Sample } from "./measure.js";
import { median } from "./measure.js";
import { becomePrimary, Controller } from "./controller.js";
import { CpuMeter, Daemon, type DaemonOptions } from "./daemon.js";
import { writeRequests } from "./entries.js";
import { framed, UnaryCalls } from "./http2-calls.js";
import { programBytes, type ProgramName } from "./programs.js";

const entries = 100_000;
const perBatch = 1000;
/** Batches before the clock starts: the compiler of Node has then seen the path. */
const warmUp = 60;
/** Batches at both ends of a run whose times are compared. */
const ends = 10;

const goals: Readonly<Record<ProgramName, Goal>> = {
  ternary: { atLeast: 150_000 },
  restricted: { atLeast: 150_000 },
  exact: { atLeast: 250_000 },
};

/** One run, on a daemon of its own. */
export async function runWrite(options: DaemonOptions): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const program of ["ternary", "restricted", "exact"] as const) {
    await using daemon = await Daemon.start(options);
    using controller = new Controller(daemon.port);
    using _stream = await becomePrimary(controller);
    samples.push(...(await batches(daemon, controller, program, goals[program])));
    if (program === "ternary") samples.push(...(await singles(daemon, controller)));
  }
  return samples;
}

/** 100,000 entries of a program in and out again. @param goal entries inserted a second */
export async function batches(
  daemon: Daemon,
  controller: Controller,
  program: ProgramName,
  goal: Goal,
): Promise<readonly Sample[]> {
  const p4info = programBytes(program);
  const inserts = writeRequests(program, { count: entries, perBatch });
  await controller.push(p4info);
  const cold = await timed(daemon, controller, inserts.slice(0, warmUp));
  await controller.push(p4info);
  const full = await timed(daemon, controller, inserts);
  const first = median(full.times.slice(0, ends));
  const last = median(full.times.slice(-ends));
  const residentMb = daemon.residentMb();
  const modified = await timed(
    daemon,
    controller,
    writeRequests(program, { count: entries, perBatch, kind: "MODIFY" }),
  );
  const deleted = await timed(daemon, controller, writeRequests(program, { count: entries, perBatch, kind: "DELETE" }));
  return [
    rate(`${program}: insert 100,000, 1,000 a batch`, full, goal),
    {
      what: `${program}: last 10,000 against first 10,000`,
      unit: "times as long",
      value: last / first,
      goal: { atMost: 1.2 },
    },
    rate(`${program}: first ${warmUp},000 of a daemon`, cold),
    rate(`${program}: modify, 1,000 a batch`, modified),
    rate(`${program}: delete, 1,000 a batch`, deleted),
    { what: `${program}: resident with 100,000 entries`, unit: "MB", value: residentMb },
  ];
}

async function singles(daemon: Daemon, controller: Controller): Promise<readonly Sample[]> {
  await controller.push(programBytes("ternary"));
  const inserts = writeRequests("ternary", { count: 70_000, perBatch: 1 }).map(framed);
  using calls = new UnaryCalls(daemon.port, "/p4.v1.P4Runtime/Write");
  await inFlight(daemon, calls, inserts.slice(0, 30_000), 32);
  const alone = await inFlight(daemon, calls, inserts.slice(30_000, 40_000), 1);
  const many = await inFlight(daemon, calls, inserts.slice(40_000), 32);
  return [
    rate("one entry a batch, 1 in flight", alone, { atLeast: 3500 }),
    rate("one entry a batch, 32 in flight", many, { atLeast: 12_000 }),
  ];
}

interface Timed {
  readonly entries: number;
  readonly ms: number;
  readonly daemonUs: number;
  readonly clientUs: number;
}

function rate(what: string, { entries: count, ms, daemonUs, clientUs }: Timed, goal?: Goal): Sample {
  return { what, unit: "entries/s", value: (1000 * count) / ms, daemonUs, clientUs, ...(goal && { goal }) };
}

/** One batch after the other; `times` has the milliseconds of each. */
async function timed(
  daemon: Daemon,
  controller: Controller,
  requests: readonly Buffer[],
): Promise<Timed & { readonly times: readonly number[] }> {
  const times: number[] = [];
  const count = requests.length * perBatch;
  const cpu = new CpuMeter(daemon);
  for (const request of requests) {
    const began = performance.now();
    await controller.write(request);
    times.push(performance.now() - began);
  }
  return { entries: count, times, ...cpu.read(count) };
}

/** Requests of one entry each, `width` of them on their way at any time. */
async function inFlight(daemon: Daemon, calls: UnaryCalls, requests: readonly Buffer[], width: number): Promise<Timed> {
  const cpu = new CpuMeter(daemon);
  const queue = requests.values();
  const worker = async () => {
    for (const request of queue) await calls.call(request);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return { entries: requests.length, ...cpu.read(requests.length) };
}
