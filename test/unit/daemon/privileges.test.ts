import assert from "node:assert/strict";
import { lackedCapabilities, missingCapabilities, neededCapabilities } from "../../../src/daemon/privileges.js";

/** `/proc/PID/status` of a process with the effective capabilities `effective`. */
const status = (effective: string) =>
  `Name:\tnode\nCapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`;

describe("missingCapabilities", () => {
  for (const { effective, missing } of [
    { effective: "000001ffffffffff", missing: [] },
    { effective: "0000000000000000", missing: ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF", "CAP_PERFMON"] },
    { effective: "000000c000003000", missing: [] },
    { effective: "000000c000002000", missing: ["CAP_NET_ADMIN"] },
    { effective: "000000c000001000", missing: ["CAP_NET_RAW"] },
    { effective: "0000004000003000", missing: ["CAP_BPF"] },
    { effective: "0000008000003000", missing: ["CAP_PERFMON"] },
    { effective: "0000000000200000", missing: ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF", "CAP_PERFMON"] },
  ])
    it(`names ${missing.join(", ") || "none"} for CapEff ${effective}`, () => {
      assert.deepEqual(missingCapabilities(neededCapabilities(undefined), status(effective)), missing);
    });

  it("asks for CAP_SYS_ADMIN too where the ports are in another network namespace", () => {
    const needed = neededCapabilities("/run/netns/blue");
    assert.deepEqual(missingCapabilities(needed, status("000000c000003000")), ["CAP_SYS_ADMIN"]);
    assert.deepEqual(missingCapabilities(needed, status("000000c000203000")), []);
  });

  it("does not take a text without capabilities for a process that has none", () => {
    assert.throws(() => missingCapabilities(["CAP_BPF"], "Name:\tnode\n"), RangeError);
  });

  it("reads those of this process", () => assert.deepEqual(lackedCapabilities([]), []));
});
