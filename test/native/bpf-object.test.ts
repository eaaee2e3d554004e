/** The committed BPF object is what its sources give. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../support/repository.js";

/** What this machine lacks to build the object; CI must not. */
const missing = ["clang", "llvm-strip"].filter((tool) => spawnSync(tool, ["--version"]).status !== 0);
if (missing.length > 0 && process.env["CI"] === "true") throw new Error(`this machine lacks ${missing.join(", ")}`);
const [test, needs] = missing.length === 0 ? [it, ""] : [it.skip, ` (skipped: needs ${missing.join(", ")})`];

describe("native/bpf/p4rtd.bpf.o", () => {
  test(`comes out of its sources byte by byte${needs}`, () => {
    const check = spawnSync(process.execPath, [join(root, "scripts/build-bpf.mjs"), "--check"], { encoding: "utf8" });
    assert.deepEqual({ code: check.status, said: check.stderr }, { code: 0, said: "" });
  });
});
