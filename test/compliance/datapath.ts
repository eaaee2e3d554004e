/** The backend-neutral tests of the `Datapath` contract: every backend must pass them. */
import type { OpenBench, WithBench } from "./bench.js";
import { Punts } from "./bench.js";
import { colourCompliance } from "./colours.js";
import { dumpCompliance } from "./dump.js";
import { keyCompliance } from "./keys.js";
import { packetCompliance } from "./packets.js";
import { planCompliance } from "./plans.js";
import { portCompliance } from "./ports.js";
import { replicationCompliance } from "./replication.js";
import { selectorCompliance } from "./selectors.js";
import { verdictCompliance } from "./verdicts.js";

/** Declares the suite for the backend that `open` opens; once per test. */
export function datapathCompliance(name: string, open: OpenBench): void {
  const withBench: WithBench =
    (body, options = {}) =>
    async () => {
      await using bench = await open(options);
      const punts = new Punts(bench);
      try {
        await body(bench, punts);
      } finally {
        await punts.close();
      }
    };

  describe(`the ${name} datapath keeps the contract`, () => {
    describe("keys", () => keyCompliance(withBench));
    describe("plans", () => planCompliance(withBench));
    describe("dumps", () => dumpCompliance(withBench));
    describe("selectors", () => selectorCompliance(withBench));
    describe("verdicts", () => verdictCompliance(withBench));
    describe("counters by colour", () => colourCompliance(withBench));
    describe("redirects and copies", () => replicationCompliance(withBench));
    describe("packets", () => packetCompliance(withBench));
    describe("ports", () => portCompliance(withBench));
  });
}
