/** Millions of punted frames through one p4rtd. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { noLeaks } from "../support/no-leaks.js";
import { scrape } from "../support/scrape.js";
import { describeInNetns } from "./capability.js";
import { Controller } from "./controller.js";
import { flood } from "./flood.js";
import { Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";

const warmUpMs = 4000;
/** P4RTD_PUNT_SECONDS=100 punts ten million on two cores. */
const halfMs = (1000 * Number(process.env["P4RTD_PUNT_SECONDS"] ?? 18)) / 2;
const sampleMs = 200;
/**
 * V8 lets its heap grow by steps, on Node 24 larger ones, and then stops; an object left of each frame would be a hundred
 * and more each time. So it must not grow by more from one peak to the next, at the latest after so many of them.
 */
const allowedMb = 48;
const maxPeaks = 6;
/** Small, so that it weighs nothing whether it is full: a controller reads slower or faster as the machine is busy. */
const backlog = "packet_in: { backlog: { frames: 1024, bytes: 1048576 } }";

/** From the last peak but one to the last. */
function growth(peaks: readonly number[]): number {
  return (peaks.at(-1) ?? NaN) - (peaks.at(-2) ?? NaN);
}

/** Resident memory in MB (10^6 bytes). */
function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
}

describeInNetns(
  "p4rtd's memory",
  () => {
    noLeaks();
    noTraces("noted daemons");

    it("is flat while as many frames are punted as one source can send", async function () {
      this.timeout(30_000 + maxPeaks * halfMs);
      await using lab = await Neighbourhood.build();
      const daemon = await lab.start({ more: backlog });
      const controller = await Controller.connect(daemon);
      let read = 0;
      const reading = (async () => {
        for (;;) {
          const { packet } = await controller.stream.next();
          if (packet) read++;
          else return;
        }
      })();
      const punted = async () => (await scrape(daemon)).get('p4rtd_frames_punted_total{device="1"}') ?? 0;
      /** The most that was resident within so long. */
      const sample = async (ms: number) => {
        const samples: number[] = [];
        for (const end = performance.now() + ms; performance.now() < end;) {
          samples.push(residentMb(daemon.pid));
          await delay(sampleMs);
        }
        return Math.max(...samples);
      };
      const peaks: number[] = [];
      {
        await using _load = flood(lab, { ttl: 1, rate: 0, bytes: 120 });
        await sample(warmUpMs);
        do peaks.push(await sample(halfMs));
        while (peaks.length < 2 || (growth(peaks) >= allowedMb && peaks.length < maxPeaks));
      }
      const count = await punted();
      controller.stream.send({ other: { type_url: "test/end", value: new Uint8Array(0) } });
      await reading;
      const shown = peaks.map(Math.round).join(", ");
      process.stdout.write(`      ${count} punted, ${read} read, ${shown} MB resident\n`);
      assert.ok(count > 500_000, `${count} frames were punted`);
      assert.ok(growth(peaks) < allowedMb, `${shown} MB: it goes on growing`);
    });
  },
  ["gcc"],
);
