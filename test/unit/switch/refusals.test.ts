/** What a controller is told in each situation in which an update or a request is refused: golden files, one each. */
import assert from "node:assert/strict";
import { situations, type Situation } from "../../../src/base/situation.js";
import { codeName, type Status } from "../../../src/base/status.js";
import { errorsDocument } from "../../support/errors-document.js";
import { golden, sameAsFile } from "../../support/golden.js";
import { refusedReads, refusedUpdates, unshown } from "./refusals.js";
import { Device } from "./device.js";

const byNumber = new Map(Object.entries(situations).map(([name, { number }]) => [number, name]));

/** `status` as a golden file has it; a status without number is no situation. */
function text(what: string, status: Status | undefined): string {
  if (status === undefined) return `${what}\n  taken\n`;
  const name = byNumber.get(status.number ?? 0) ?? "no situation";
  return `${what}\n  ${codeName(status.code)} ${status.number ?? 0} (${name}): ${status.message}\n`;
}

describe("a refusal", () => {
  it("has a number of its own in each situation, and keeps it", () => {
    const numbers = Object.values(situations).map(({ number }) => number);
    assert.equal(new Set(numbers).size, numbers.length);
  });

  it("is explained in docs/errors.md (node scripts/errors-doc.mjs writes it)", () => {
    sameAsFile("docs/errors.md", errorsDocument());
  });

  for (const situation of Object.keys(situations) as readonly Situation[])
    it(`says what is wrong and what would be right: ${situation}`, async () => {
      const updates = refusedUpdates[situation] ?? [];
      const reads = refusedReads[situation] ?? [];
      if (updates.length + reads.length === 0) {
        assert.ok(unshown.has(situation), "has an example, or is shown elsewhere");
        return;
      }
      let shown = "";
      for (const { what, given = [], sent, options } of updates) {
        const device = await Device.with(options?.program, "verify-and-commit", options);
        for (const one of given) assert.deepEqual(await device.write("continue-on-error", one), ["OK"], what);
        const { results } = await device.run("continue-on-error", sent);
        shown += text(what, results[0]);
      }
      for (const { what, entity } of reads) {
        const device = await Device.with();
        const statuses = await device.readStatuses(entity);
        shown += text(what, statuses[0]);
      }
      golden(`refusals/${situation}.txt`, shown);
      const { number } = situations[situation];
      for (const line of shown.split("\n").filter((one) => one.startsWith("  ")))
        assert.ok(line.includes(` ${number} (${situation}): `), line);
    });
});
