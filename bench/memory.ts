/** What an entry takes: heap and buffers of store and software datapath together, in this process, after full collections. */
import type { Sample } from "./measure.js";
import { writeRequests } from "./entries.js";
import { programBytes } from "./programs.js";
import { silentLogger } from "../src/base/logger.js";
import { defaultConfig } from "../src/config/defaults.js";
import { openDevices } from "../src/daemon/devices.js";
import { defaultRunFolder, RunFolder } from "../src/daemon/run-folder.js";
import { Backlog } from "../src/packetio/backlog.js";
import { electionId } from "../src/session/election-id.js";
import { defaultRole } from "../src/session/role.js";
import type { Switch } from "../src/switch/switch.js";
import { decodeWriteRequest } from "../src/wire/decode-write.js";
import { EncodedP4Info } from "../src/wire/p4info-source.js";

const entries = 100_000;
const caller = { peer: "bench", principal: "bench" };
const claim = { role: "", electionId: electionId(0n, 1n) };

export async function runMemory(): Promise<readonly Sample[]> {
  const requests = writeRequests("ternary", { count: entries, perBatch: 1000 });
  const failed = (error: unknown) => {
    throw error;
  };
  const surroundings = { log: silentLogger, folder: new RunFolder(defaultRunFolder), failed };
  await using devices = await openDevices(defaultConfig, surroundings);
  const [device] = devices.byId.values();
  if (device === undefined) throw new Error("the default configuration has a device");
  await prepare(device);
  const before = heldBytes();
  for (const request of requests) await device.write({ ...decodeWriteRequest(request), bytes: request.length }, caller);
  const perEntry = (heldBytes() - before) / device.entryCount;
  return [{ what: "held by a ternary entry of five fields", unit: "bytes", value: perEntry, goal: { atMost: 600 } }];
}

/** A primary and a pipeline. */
async function prepare(device: Switch): Promise<void> {
  const nothing = (): void => {};
  const backlog = new Backlog({ frames: 1, bytes: 1 }, nothing);
  const stream = { peer: "bench", backlog, notify: nothing, error: nothing, idle: () => false, end: nothing };
  const id = device.controllers.connect(stream);
  const { electionId } = claim;
  device.controllers.update(id, { deviceId: device.deviceId, role: defaultRole, roleConfig: undefined, electionId });
  const p4info = new EncodedP4Info(programBytes("ternary"));
  const config = { p4info, deviceConfig: new Uint8Array(0), cookie: undefined };
  const push = { ...claim, bytes: 0, action: () => "verify-and-commit" as const, config: () => config } as const;
  await device.setPipeline(push, caller);
}

function heldBytes(): number {
  if (globalThis.gc === undefined) throw new Error("run with node --expose-gc");
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
