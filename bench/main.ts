/**
 * Benchmarks of the built daemon and of its parts.
 * usage: npm run bench -- write|read|packet|memory|start|kernel [--runs N] [--json] [--save] [--profile FOLDER]
 *        npm run bench -- classifier|constraints
 *        npm run bench -- report
 */
import { parseArgs } from "node:util";
import { Missing, runKernel } from "./kernel.js";
import { rowsOf, type Report, type Sample } from "./measure.js";
import { runMemory } from "./memory.js";
import { runPacket } from "./packet.js";
import { runRead } from "./read.js";
import { saveReport, writeDocument } from "./report.js";
import { runStart } from "./start.js";
import { renderTable } from "./table.js";
import { runWrite } from "./write.js";
import type { DaemonOptions } from "./daemon.js";

type Benchmark = (options: DaemonOptions) => Promise<readonly Sample[]>;

const benchmarks: Readonly<Record<string, Benchmark>> = {
  write: runWrite,
  read: runRead,
  packet: runPacket,
  memory: runMemory,
  start: runStart,
  kernel: runKernel,
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});

async function measure(name: string, benchmark: Benchmark): Promise<Report> {
  const nodeArguments = flags.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${flags.profile}`];
  const samples: Sample[] = [];
  const runs = Number(flags.runs);
  for (let run = 1; run <= runs; run++) {
    process.stderr.write(`${name}: run ${run} of ${runs}\n`);
    samples.push(...(await benchmark({ nodeArguments })));
  }
  return { name, runs, rows: rowsOf(samples) };
}

async function main(name: string | undefined): Promise<void> {
  const benchmark = benchmarks[name ?? ""];
  if (name !== undefined && benchmark !== undefined) {
    const report = await measure(name, benchmark);
    process.stdout.write(`${flags.json ? JSON.stringify(report, undefined, 1) : renderTable(report)}\n`);
    if (flags.save) saveReport(report);
  } else if (name === "classifier") await import("./classifier.js");
  else if (name === "constraints") await import("./constraints.js");
  else if (name === "report") writeDocument();
  else
    throw new RangeError(`say which benchmark: ${Object.keys(benchmarks).join(", ")}, classifier, constraints, report`);
}

await main(positionals[0]).catch((error: unknown) => {
  if (!(error instanceof Missing)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 69; // EX_UNAVAILABLE
});
