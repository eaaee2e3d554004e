/** Options under which tests build programs: the software datapath's capabilities, nothing configured. */
import type { Steps } from "../../src/base/steps.js";
import { decodeP4Info } from "../../src/wire/decode-p4info.js";
import type { P4InfoSpec } from "../../src/pipeline/p4info.js";
import type { P4InfoSource, PipelineConfig, ProgramOptions } from "../../src/switch/program.js";
import { SoftDatapath } from "../../src/datapath/soft/soft-datapath.js";
import { loadP4Info, type PublishedProgram } from "./p4info.js";

export function programOptions(more: Partial<ProgramOptions> = {}): ProgramOptions {
  return {
    bindings: new Map(),
    actions: new Map(),
    maxMasks: 256,
    queues: [],
    capabilities: new SoftDatapath().capabilities,
    tableSize: "exact",
    unboundTables: "refuse",
    egressFallback: "zero",
    missingMetadata: "zero",
    isPort: (port) => port >= 1 && port <= 8,
    ports: () => [1, 2, 3, 4, 5, 6, 7, 8],
    ...more,
  };
}

/** A P4Info that needs no decoding; two of them have the same meaning if they are given the same `name`. */
export function sourceOf(spec: P4InfoSpec, name: string): P4InfoSource {
  return { bytes: Buffer.from(name), decode: () => stepsTo(spec), fingerprint: () => name };
}

/** `value`, after one step. */
export function* stepsTo<T>(value: T): Steps<T> {
  yield;
  return value;
}

export function published(name: PublishedProgram): P4InfoSpec {
  return decodeP4Info(loadP4Info(name));
}

/** A config as a controller pushes it; without cookie. */
export function configOf(spec: P4InfoSpec, name: string, more: Partial<PipelineConfig> = {}): PipelineConfig {
  return { p4info: sourceOf(spec, name), deviceConfig: new Uint8Array(0), cookie: undefined, ...more };
}
