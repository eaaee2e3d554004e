/** The file as a whole: its sections, and what its values say about each other. */
import type { Config } from "./config.js";
import type * as z from "zod";
import { admin } from "./admin.js";
import { arbitration } from "./arbitration.js";
import { defaultConfig, defaultInterfaces } from "./defaults.js";
import { devices } from "./devices.js";
import { deepFreeze } from "./freeze.js";
import { health } from "./health.js";
import { completeInterface, interfaces } from "./interfaces.js";
import { keepalive } from "./keepalive.js";
import { limits } from "./limits.js";
import { listeners } from "./listeners.js";
import { nearest } from "./nearest.js";
import { packetIn } from "./packet-in.js";
import { packetOut } from "./packet-out.js";
import { isPlanned } from "./planned.js";
import type { KeyPath } from "./problem.js";
import { punt } from "./punt.js";
import { checkReferences } from "./references.js";
import { restart } from "./restart.js";
import { section } from "./sections.js";
import { streamErrors } from "./stream-errors.js";
import { telemetry } from "./telemetry.js";

/** The keys of the file. */
export const fileSchema = section({
  listeners: listeners.default([...defaultConfig.listeners]),
  admin: admin.optional(),
  devices: devices.default([...defaultConfig.devices]),
  interfaces: interfaces.optional(),
  limits: limits.default(defaultConfig.limits),
  keepalive: keepalive.default(defaultConfig.keepalive),
  arbitration: arbitration.default(defaultConfig.arbitration),
  punt: punt.default(defaultConfig.punt),
  packet_in: packetIn.default(defaultConfig.packetIn),
  packet_out: packetOut.default(defaultConfig.packetOut),
  stream_errors: streamErrors.default(defaultConfig.streamErrors),
  restart: restart.default(defaultConfig.restart),
  telemetry: telemetry.default(defaultConfig.telemetry),
  health: health.default(defaultConfig.health),
});

/** A fault of a value; `part` says whether its key or the value itself is wrong. */
export interface ValueProblem {
  readonly path: KeyPath;
  readonly part: "key" | "value";
  readonly reason: string;
}

/** The configuration that `raw` (as `readDocument` gives it) says, or everything that is wrong with it. */
export function checkConfig(
  raw: unknown,
): { readonly config: Config } | { readonly problems: readonly ValueProblem[] } {
  const parsed = fileSchema.safeParse(raw);
  const issues = parsed.success ? [] : parsed.error.issues.flatMap(problemsOf);
  const references = checkReferences(raw).map((problem): ValueProblem => ({ part: "value", ...problem }));
  const problems = [...issues, ...references];
  return parsed.success && problems.length === 0 ? { config: assemble(parsed.data) } : { problems };
}

function assemble(file: z.infer<typeof fileSchema>): Config {
  const types = new Map(file.devices.map(({ deviceId, datapath }) => [deviceId, datapath.type]));
  const only = file.devices[0]?.deviceId ?? 0n;
  return deepFreeze({
    listeners: file.listeners,
    admin: file.admin,
    devices: file.devices,
    interfaces:
      file.interfaces?.map((entry) => {
        const deviceId = entry.deviceId ?? only;
        return completeInterface(entry, deviceId, types.get(deviceId) ?? "soft");
      }) ?? defaultInterfaces(only),
    limits: file.limits,
    keepalive: file.keepalive,
    arbitration: file.arbitration,
    punt: file.punt,
    packetIn: file.packet_in,
    packetOut: file.packet_out,
    streamErrors: file.stream_errors,
    restart: file.restart,
    telemetry: file.telemetry,
    health: file.health,
  });
}

function problemsOf(issue: z.core.$ZodIssue): ValueProblem[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...path, key], key, issue.message.split(" ")));
  }
  if (issue.code === "invalid_key") {
    return [{ path, part: "key", reason: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ path, part: "value", reason: issue.message }];
}

function unknownKey(path: KeyPath, key: string, known: readonly string[]): ValueProblem {
  if (isPlanned(path)) return { path, part: "key", reason: "not implemented yet" };
  const meant = nearest(key, known);
  const hint = meant === undefined ? "" : `, did you mean '${meant}'?`;
  return { path, part: "key", reason: `unknown key${hint} (allowed: ${known.join(", ")})` };
}
