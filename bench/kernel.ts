/**
 * The kernel datapath in network namespaces that the benchmark builds and removes. Each share is of a limit that the same run
 * measured; CPU time, not elapsed time, so that other work on the machine counts little. Needs root and a C compiler.
 */
import type { DaemonOptions } from "./daemon.js";
import { classify, forward } from "./kernel-classify.js";
import { endToEnd } from "./kernel-daemon.js";
import { KernelBenchLab, missingForKernel } from "./kernel-lab.js";
import { punt } from "./kernel-punt.js";
import { transmit } from "./kernel-transmit.js";
import type { Sample } from "./measure.js";

/** One run. @throws Error that names what is missing here */
export async function runKernel(options: DaemonOptions): Promise<readonly Sample[]> {
  const missing = missingForKernel();
  if (missing.length > 0) throw new Error(`the kernel benchmark is missing: ${missing.join(", ")}`);
  using lab = KernelBenchLab.build();
  const samples: Sample[] = [];
  for (const part of process.env["P"] ? [] : process.env["Q"] === "1" ? [classify] : process.env["Q"] === "2" ? [forward, transmit] : [classify, forward, punt, transmit]) samples.push(...(await part(lab)));
  if (!process.env["Q"]) samples.push(...(await endToEnd(lab, options)));
  return samples;
}
