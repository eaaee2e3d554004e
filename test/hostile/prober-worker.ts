/** A controller in a thread of its own: inserts and deletes one entry, over and over, until it is told to stop. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { defined } from "../../src/base/invariant.js";
import { acl, aclProgram } from "../support/acl-program.js";
import { long, P4Client, uint128, type Update } from "../support/p4-client.js";
import { p4 } from "../../src/wire/gen/proto.js";

/** What the prober found between two questions. */
export interface Probes {
  /** Of every acknowledged Write, in ms, less what the daemon or this thread, whichever was longer, waited for a processor. */
  readonly latencies: readonly number[];
  /** Whether the last acknowledged Write left the entry there. */
  readonly present: boolean;
}

/** Where the daemon is. */
export interface ProberData {
  readonly port: number;
  readonly pid: number;
}

/** `pause` asks for the probes so far and stops writing; `go` begins again. */
export type Order = "pause" | "go";

/** Election id of the prober in the default role. */
export const proberElection = 10n;

const gapMs = 3;
const main = defined(parentPort ?? undefined, "runs as a worker");
const { port, pid } = workerData as ProberData;
const client = new P4Client(`127.0.0.1:${port}`);

const stream = client.stream();
await stream.arbitrate(proberElection);
await client.setPipeline({
  deviceId: long(1n),
  electionId: uint128(proberElection),
  action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
  config: { p4info: p4.config.v1.P4Info.decode(aclProgram({ ports: "untranslated", size: 131_072 })) },
});

let present = false;
let latencies: number[] = [];
let running = false;

function change(): Update {
  const match = [
    { fieldId: acl.etherType, ternary: { value: Buffer.from("88cc", "hex"), mask: Buffer.from("ffff", "hex") } },
  ];
  const action = { action: { actionId: acl.trap } };
  const type = present ? p4.v1.Update.Type.DELETE : p4.v1.Update.Type.INSERT;
  return { type, entity: { tableEntry: { tableId: acl.table, match, priority: 1, action } } };
}

async function probe(): Promise<void> {
  while (running) {
    const [ours, theirs] = waitedMs();
    const began = performance.now();
    await client.write({ deviceId: long(1n), electionId: uint128(proberElection), updates: [change()] });
    const took = performance.now() - began;
    const [oursNow, theirsNow] = waitedMs();
    // Both may wait at the same time: only the longer wait is certain to be no fault of the daemon's.
    latencies.push(Math.max(0, took - Math.max(oursNow - ours, theirsNow - theirs)));
    present = !present;
    await delay(gapMs);
  }
}

/**
 * How long this thread, and the daemon's first one, have been ready to run while the processors were busy with others.
 * @see proc(5), /proc/PID/schedstat
 */
function waitedMs(): readonly [number, number] {
  const waited = (path: string) => Number(readFileSync(path, "utf8").split(" ")[1]) / 1e6;
  return [waited("/proc/thread-self/schedstat"), waited(`/proc/${pid}/task/${pid}/schedstat`)];
}

let probing: Promise<void> = Promise.resolve();
main.on("message", (order: Order) => {
  running = order === "go";
  if (running) {
    probing = probe();
    return;
  }
  void probing.then(() => {
    main.postMessage({ latencies, present } satisfies Probes);
    latencies = [];
  });
});
main.postMessage("ready");
