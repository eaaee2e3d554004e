import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { DeviceLock } from "../../../src/daemon/device-lock.js";
import { Folder } from "../../support/daemon.js";
import { noLeaks } from "../../support/no-leaks.js";

/** Leaves at `path` what a killed holder leaves. */
function leaveBehind(path: string): void {
  const code = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  assert.equal(spawnSync(process.execPath, ["-e", code]).signal, "SIGKILL");
  assert.ok(existsSync(path));
}

describe("DeviceLock", () => {
  noLeaks();

  it("has one holder at a time, and leaves nothing", async () => {
    using folder = new Folder();
    const path = folder.at("device-1.lock");
    const first = await DeviceLock.take(path);
    assert.ok(first !== undefined);
    assert.equal(await DeviceLock.take(path), undefined);
    await first[Symbol.asyncDispose]();
    assert.equal(existsSync(path), false);
    const second = await DeviceLock.take(path);
    assert.ok(second !== undefined);
    await second[Symbol.asyncDispose]();
  });

  it("is free again after its holder was killed", async () => {
    using folder = new Folder();
    const path = folder.at("device-1.lock");
    leaveBehind(path);
    const lock = await DeviceLock.take(path);
    assert.ok(lock !== undefined);
    await lock[Symbol.asyncDispose]();
  });

  it("does not replace a file that is no socket", async () => {
    using folder = new Folder();
    const path = folder.write("device-1.lock", "mine");
    assert.equal(await DeviceLock.take(path), undefined);
    assert.ok(existsSync(path));
  });

  it("says what is wrong with a folder that is not there", async () => {
    await assert.rejects(DeviceLock.take("/nowhere/device-1.lock"), { code: "EACCES" });
  });
});
