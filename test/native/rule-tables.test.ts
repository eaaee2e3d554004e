/** The rule tables of native code against a naive model, without a kernel. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../support/repository.js";

const steps = Number(process.env["P4RTD_FUZZ_RUNS"] ?? 2000);
const seed = Number(process.env["P4RTD_FUZZ_SEED"] ?? Date.now() & 0x7fffffff);
const sources = [
  "test/native/rule_tables_test.cc",
  ...["rule_tables", "rule_step", "rule_model", "filter_bitmap"].map((name) => `native/core/${name}.cc`),
];

describe("the rule tables of native code", () => {
  let folder = "";
  before(function () {
    this.timeout(120_000);
    folder = mkdtempSync(join(tmpdir(), "p4rtd-rule-tables-"));
    const flags = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-fno-sanitize-recover=undefined"];
    const sanitize = "-fsanitize=address,undefined";
    const args = [...flags, sanitize, "-Inative", ...sources, "-o", join(folder, "rule_tables_test")];
    const built = spawnSync(process.env["CXX"] ?? "g++", args, { cwd: root, encoding: "utf8" });
    assert.equal(built.status, 0, built.stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it(`show a frame what a list of rules would, in ${steps} random steps (seed ${seed})`, function () {
    this.timeout(600_000);
    const run = spawnSync(join(folder, "rule_tables_test"), [String(seed), String(steps)], { encoding: "utf8" });
    assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
  });
});
