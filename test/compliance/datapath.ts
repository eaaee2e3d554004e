/** The backend-neutral tests of the `Datapath` contract: every backend must pass them. */
import type { OpenBench, WithBench } from "./bench.js";
import { Punts } from "./bench.js";
import { keyCompliance } from "./keys.js";
import { packetCompliance } from "./packets.js";
import { planCompliance } from "./plans.js";
import { portCompliance } from "./ports.js";
import { verdictCompliance } from "./verdicts.js";

/** What of the suite to declare: `all`, or what shows that frames come in and go out. */
export type Extent = "all" | "frames and ports";

/** Declares the suite for the backend that `open` opens; once per test. */
export function datapathCompliance(name: string, open: OpenBench, extent: Extent = "all"): void {
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
    describe("packets", () => packetCompliance(withBench));
    describe("ports", () => portCompliance(withBench));
    if (extent === "frames and ports") return;
    describe("keys", () => keyCompliance(withBench));
    describe("plans", () => planCompliance(withBench));
    describe("verdicts", () => verdictCompliance(withBench));
  });
}
