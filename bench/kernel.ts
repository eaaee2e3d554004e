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

/** What is missing here to run it, one sentence. */
export class Missing extends Error {}

/** One run. @throws Missing */
export async function runKernel(options: DaemonOptions): Promise<readonly Sample[]> {
  const missing = missingForKernel();
  if (missing.length > 0) throw new Missing(`the kernel benchmark needs ${missing.join(", ")}`);
  using lab = KernelBenchLab.build();
  const samples: Sample[] = [];
  for (const part of [classify, forward, punt, transmit]) samples.push(...(await part(lab)));
  samples.push(...(await endToEnd(lab, options)));
  return samples;
}
