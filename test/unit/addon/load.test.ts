import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAddon } from "../../../src/addon/load.js";

describe("loadAddon", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "p4rtd-load-"));
    mkdirSync(join(folder, "build/Release"), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("gives one and the same addon", () => {
    assert.equal(loadAddon(), loadAddon());
    assert.equal(typeof loadAddon().openPacketSender, "function");
  });

  it("says what to run and to install if the file is missing", () => {
    assert.throws(() => loadAddon(folder), {
      message: `the native addon ${folder}/build/Release/p4rtd.node is missing: run \`npm rebuild\` in ${folder}; it needs python3, make and g++, and libbpf-dev for the kernel datapath`,
    });
  });

  it("says what Node said if the file cannot be loaded", () => {
    writeFileSync(join(folder, "build/Release/p4rtd.node"), "no library");
    assert.throws(
      () => loadAddon(folder),
      (error) =>
        error instanceof Error &&
        /p4rtd\.node cannot be loaded \(.+\): run `npm rebuild` in/.test(error.message) &&
        error.cause instanceof Error,
    );
  });
});
