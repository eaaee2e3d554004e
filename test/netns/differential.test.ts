import assert from "node:assert/strict";
import fc from "fast-check";
import { loadAddon } from "../../src/addon/load.js";
import type { PortId } from "../../src/datapath/port.js";
import type { TableSpec } from "../../src/datapath/rule.js";
import { anyFrame } from "../support/any-frame.js";
import { anyChanges, type Change } from "../support/any-rules.js";
import { frameBytes, frames } from "../support/frame-model.js";
import { fuzzRuns } from "../support/fuzz-runs.js";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { Twins, type Surroundings } from "./twins.js";

const tables = 3;
const framesPerStep = 100;
const steps = 4;
const ruleSets = 1000;
/** BPF_PROG_TEST_RUN takes no frame shorter than these, by EtherType; the wire test has such frames. */
const minFrameBytes = 14;
const minBytes: ReadonlyMap<number, number> = new Map([
  [0x0800, 34],
  [0x86dd, 54],
]);

function takenByTestRun(frame: Uint8Array): boolean {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  return frame.length >= (minBytes.get(type) ?? minFrameBytes);
}

/**
 * An address of each family that frames of the model have, what the kernel itself holds to be local, and a route to
 * another address.
 */
const around: Surroundings = {
  locals: [
    Uint8Array.of(10, 0, 0, 1),
    Uint8Array.of(192, 168, 1, 254),
    Uint8Array.of(192, 168, 1, 255),
    Uint8Array.of(255, 255, 255, 255),
    Uint8Array.of(224, 0, 0, 1), // every interface joins all-hosts and all-nodes
    Uint8Array.from(Buffer.from("ff010000000000000000000000000001", "hex")),
    Uint8Array.from(Buffer.from("ff020000000000000000000000000001", "hex")),
    Uint8Array.from(Buffer.from("20010db8000000010000000000000001", "hex")),
  ],
  routes: [{ prefix: Uint8Array.of(192, 168, 1, 0), length: 24, port: 2 as PortId }],
};

/** A frame and the port it comes by. */
interface Arrival {
  readonly port: PortId;
  readonly frame: Uint8Array;
}

const port = fc.constantFrom(...[1, 2, 7].map((id) => id as PortId));
const arrival: fc.Arbitrary<Arrival> = fc.oneof(
  { weight: 4, arbitrary: frames.map((frame) => ({ port: frame.port as PortId, frame: frameBytes(frame) })) },
  { weight: 1, arbitrary: fc.record({ port, frame: anyFrame().filter(takenByTestRun) }) },
);

/** Changes of the rules, and then frames. */
interface Step {
  readonly changes: readonly Change[];
  readonly arrivals: readonly Arrival[];
}

const scenario: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    changes: anyChanges({ tables }),
    arrivals: fc.array(arrival, { maxLength: framesPerStep, size: "max" }),
  }),
  { minLength: 1, maxLength: steps, size: "max" },
);

const specs: readonly TableSpec[] = Array.from({ length: tables }, (_, i) => ({ name: `table ${i}`, maxMasks: 256 }));

describeInNetns("kernel and software datapath", () => {
  noLeaks();

  it(`make the same of frames of ${ruleSets} rule sets`, async function () {
    this.timeout(300_000);
    await using twins = await Twins.open(loadAddon(), around, (namespace) => {
      namespace.set("net.ipv4.conf.all.forwarding", 1);
      namespace.ip("address add 192.168.1.254/24 dev t2");
    });
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (history) => {
        await twins.reset(specs);
        for (const { changes, arrivals } of history) {
          await twins.change(changes);
          for (const { port, frame } of arrivals) await twins.compare(port, frame);
          seen += arrivals.length;
          await twins.compareCounts();
        }
      }),
      { numRuns: fuzzRuns(ruleSets) },
    );
    assert.ok(seen >= 100 * fuzzRuns(ruleSets), `${seen} frames are not enough`);
  });
});
