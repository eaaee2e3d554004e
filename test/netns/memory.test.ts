/** Millions of punted frames through one p4rtd. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Daemon } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { scrape } from "../support/scrape.js";
import { describeInNetns } from "../support/needs.js";
import { Controller } from "./controller.js";
import { flood } from "./flood.js";
import { Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";

/** So many frames reach the agent, in every run. */
const wanted = 10_000_000;
/** A quiet machine punts them in less than half a minute; one that does not in this time fails. */
const limitMs = 240_000;
/** Before memory is looked at: buffers and code have their sizes after it. */
const warmUpFrames = 2_000_000;
/** Counted by frames, not by time: the same leak weighs the same on a slow machine. */
const windowFrames = 4_000_000;
const sampleMs = 200;
const progressMs = 5000;
/**
 * V8 lets its heap grow by steps, on Node 24 larger ones, and then stops; an object left of each frame would be a hundred
 * and more in each window, 12 bytes of each frame are this much. So it must not grow by more from one peak to the next, at
 * the latest after so many of them.
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

/**
 * `agent`: frames that it had in hand so far; each was queued for a controller, or dropped as that one reads too slowly.
 * `datapath`: those that it has handed over, or is about to.
 */
async function punted(daemon: Daemon): Promise<{ readonly agent: number; readonly datapath: number }> {
  const samples = await scrape(daemon);
  const queued = samples.get('p4rtd_packet_in_total{device="1"}') ?? 0;
  const dropped = samples.get('p4rtd_dropped_total{device="1",reason="controller-backlog"}') ?? 0;
  return { agent: queued + dropped, datapath: samples.get('p4rtd_frames_punted_total{device="1"}') ?? 0 };
}

function millions(frames: number): string {
  return `${(frames / 1e6).toFixed(1)} million`;
}

describeInNetns(
  "p4rtd's memory",
  () => {
    noLeaks();
    noTraces();

    it(`is flat while ${wanted} frames are punted as fast as one source can send`, async function () {
      this.timeout(limitMs + 30_000);
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
      const began = performance.now();
      let toldAt = began;
      /** The most that was resident until so many frames had reached the agent. @throws when the time is over */
      const peakUntil = async (frames: number) => {
        for (let peak = 0, next = 0; ;) {
          await delay(sampleMs);
          peak = Math.max(peak, residentMb(daemon.pid));
          const now = performance.now();
          if (now < next) continue;
          next = now + 5 * sampleMs;
          const { agent: count } = await punted(daemon);
          if (count >= frames) return peak;
          const told = `${millions(count)} punted in ${Math.round((now - began) / 1000)} s`;
          assert.ok(
            now < began + limitMs,
            `only ${told}, not ${millions(frames)}; peaks: [${peaks.map(Math.round).join(", ")}] MB`,
          );
          if (now < toldAt + progressMs) continue;
          toldAt = now;
          process.stdout.write(`      ${told}\n`);
        }
      };
      const peaks: number[] = [];
      {
        await using _load = flood(lab, { ttl: 1, rate: 0, bytes: 120 });
        let frames = warmUpFrames;
        await peakUntil(frames);
        do {
          frames += windowFrames;
          peaks.push(await peakUntil(frames));
        } while (frames < wanted || (growth(peaks) >= allowedMb && peaks.length < maxPeaks));
      }
      controller.stream.send({ other: { type_url: "test/end", value: new Uint8Array(0) } });
      await reading;
      let count = await punted(daemon);
      for (const end = performance.now() + 5000; count.agent !== count.datapath && performance.now() < end;) {
        await delay(sampleMs); // the last frames are on their way
        count = await punted(daemon);
      }
      const shown = peaks.map(Math.round).join(", ");
      process.stdout.write(`      ${count.agent} punted, ${read} read, ${shown} MB resident\n`);
      assert.ok(count.agent >= wanted, `${count.agent} frames were punted`);
      assert.equal(count.agent, count.datapath, "the agent had every frame that the datapath says it punted");
      assert.ok(growth(peaks) < allowedMb, `${shown} MB: it goes on growing`);
    });
  },
  ["gcc"],
);
