/** Kept results, and the document made of them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "../test/support/repository.js";
import type { Report } from "./measure.js";
import { renderTable } from "./table.js";

const folder = join(root, "bench/results");

/** A report with where and when it was made. */
interface Kept extends Report {
  readonly machine: string;
  /** What else went on there. */
  readonly conditions: string;
  readonly date: string;
}

/** Keeps `report` as the newest of its name. */
export function saveReport(report: Report): void {
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const kept: Kept = { ...report, machine: machine(), conditions: conditions(), date };
  writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(kept, undefined, 2)}\n`);
}

function machine(): string {
  const cores = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cores[0]?.model ?? "unknown processor"}, ${cores.length} cores, ${memory} GiB, Linux ${release()}, Node ${process.versions.node}`;
}

/** Load, and how this process and the daemons it starts are scheduled. @see proc_pid_stat(5): field 41 is the policy */
function conditions(): string {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const policy = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[41 - 3];
  const scheduling = policy === "0" ? "scheduled as usual" : "scheduled before all others (chrt)";
  return `load average ${loadavg()[0]?.toFixed(1) ?? "unknown"}, daemon and client ${scheduling}`;
}

/** Writes `docs/performance.md` from what is kept. */
export function writeDocument(): void {
  const kept = readdirSync(folder)
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Kept); // written by `saveReport`
  writeFileSync(join(root, "docs/performance.md"), renderDocument(kept));
}

function renderDocument(reports: readonly Kept[]): string {
  const sections = reports.map(
    (report) =>
      `## ${report.name}\n\n${report.date}, ${report.runs} runs: ${report.machine}; ${report.conditions}.\n\n${renderTable(report)}\n`,
  );
  return `${head}\n${sections.join("\n")}`;
}

const head = `# Performance

Made by \`npm run bench -- report\` from \`bench/results/\`; do not edit. Each table comes from
\`npm run bench -- <name> --save\`.

The daemon is a process of its own, started as users start it, with a client in another process on the same machine
(memory alone is measured in the benchmark's own process). Requests are encoded before the clock starts. Rates are what
the client saw; CPU is µs of all threads per operation (an entry, a packet), of daemon and client apart. Each run has a
fresh daemon, warmed up unless the row says otherwise; the table shows the median over runs and the extremes. Where the
machine was busy with other work, CPU times say more than rates.

In \`kernel\` a share is of a limit that the same run measured, in frames a CPU-second: the CPU time of the frames' source, with all
that its frames cause in softirqs. For the hook the kernel makes the frames (XDP live frames, 125 ns each); those that are forwarded
come by sendmmsg over a veth pair. The client of the end-to-end rows reads gRPC messages straight from HTTP/2.
`;
