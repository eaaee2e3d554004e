import assert from "node:assert/strict";
import type { Verdict } from "../../../../src/datapath/rule.js";
import { Fate } from "../../../../src/datapath/soft/verdict.js";
import { always } from "../../../support/key-rules.js";

/** Verdicts in falling precedence; `copy`: the table whose copy survives. */
const rows: readonly { verdicts: readonly Verdict[]; forwarded: boolean; copy?: number }[] = [
  { verdicts: [], forwarded: true },
  { verdicts: ["forward"], forwarded: true },
  { verdicts: ["drop"], forwarded: false },
  { verdicts: ["trap"], forwarded: false, copy: 0 },
  { verdicts: ["copy"], forwarded: true, copy: 0 },
  { verdicts: ["deny"], forwarded: false },
  { verdicts: ["copy-cancel"], forwarded: true },
  { verdicts: ["copy", "copy"], forwarded: true, copy: 0 },
  { verdicts: ["forward", "copy"], forwarded: true, copy: 1 },
  { verdicts: ["drop", "copy"], forwarded: false, copy: 1 },
  { verdicts: ["copy", "drop"], forwarded: false, copy: 0 },
  { verdicts: ["copy", "trap"], forwarded: false, copy: 0 },
  { verdicts: ["trap", "copy"], forwarded: false, copy: 0 },
  { verdicts: ["deny", "copy"], forwarded: false },
  { verdicts: ["deny", "trap"], forwarded: false },
  { verdicts: ["copy", "deny"], forwarded: false, copy: 0 },
  { verdicts: ["copy-cancel", "copy"], forwarded: true },
  { verdicts: ["copy-cancel", "trap"], forwarded: false },
  { verdicts: ["copy", "copy-cancel"], forwarded: true, copy: 0 },
  { verdicts: ["copy", "copy-cancel", "copy"], forwarded: true, copy: 0 },
  { verdicts: ["forward", "copy-cancel", "copy"], forwarded: true },
  { verdicts: ["drop", "deny", "trap"], forwarded: false },
];

describe("Fate", () => {
  const matching = ["trap", "copy", "drop"].map((verdict) => always(verdict as Verdict)); // told apart by identity
  const fate = new Fate();
  for (const { verdicts, forwarded, copy } of rows) {
    const outcome = `${forwarded ? "forwards" : "drops"}, ${copy === undefined ? "copies nothing" : `copies for table ${copy}`}`;
    it(`${outcome}, after [${verdicts.join(", ")}]`, () => {
      fate.reset();
      verdicts.forEach((verdict, i) => fate.apply(matching[i] ?? assert.fail(), verdict, verdict));
      const want = copy === undefined ? undefined : matching[copy];
      assert.deepEqual([fate.forwarded, fate.copy === want, fate.metered], [forwarded, true, false]);
    });
  }

  const meterings: readonly {
    /** A pair is what the rule says of green frames, and its verdict. */
    tables: readonly (Verdict | readonly [green: Verdict, verdict: Verdict])[];
    metered: boolean;
    reason?: "rule" | "rule-meter";
  }[] = [
    { tables: [["copy", "forward"]], metered: true },
    { tables: [["trap", "drop"]], metered: true, reason: "rule-meter" },
    { tables: [["trap", "deny"]], metered: true, reason: "rule-meter" },
    { tables: [["trap", "copy"]], metered: false },
    { tables: [["forward", "forward"]], metered: false },
    { tables: [["forward", "drop"]], metered: false, reason: "rule" },
    { tables: ["copy-cancel", ["trap", "drop"]], metered: false, reason: "rule" },
    { tables: [["copy", "forward"], "drop"], metered: true, reason: "rule" },
    { tables: ["deny", ["trap", "drop"]], metered: false, reason: "rule" },
    { tables: ["drop", ["trap", "drop"]], metered: true, reason: "rule" },
    { tables: [["trap", "drop"], "drop"], metered: true, reason: "rule" },
    { tables: [["trap", "forward"], "copy"], metered: false },
    { tables: ["copy", ["trap", "forward"]], metered: false },
    { tables: [["trap", "drop"], "copy"], metered: false, reason: "rule" },
    { tables: [["copy", "forward"], "copy-cancel", "trap"], metered: true, reason: "rule" },
  ];
  for (const { tables, metered, reason } of meterings) {
    const titles = tables.map((each) => (typeof each === "string" ? each : each.join(" made ")));
    const outcome = reason === undefined ? "" : `, and drops by ${reason}`;
    it(`${metered ? "says" : "does not say"} that a meter cost the copy${outcome}, after [${titles.join(", ")}]`, () => {
      fate.reset();
      tables.forEach((each, i) => {
        const [green, verdict] = typeof each === "string" ? [each, each] : each;
        fate.apply(matching[i] ?? assert.fail(), verdict, green);
      });
      assert.equal(fate.metered, metered);
      if (reason !== undefined) assert.equal(fate.reason, reason);
    });
  }
});
