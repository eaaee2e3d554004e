import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { Daemon, Folder } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";

const listener = (path: string, more = "") =>
  `listeners: [{ address: 127.0.0.1, port: 0, insecure: true }, { unix: ${path}, insecure: true${more} }]`;

describe("a Unix listener", () => {
  noLeaks();
  let folder: Folder;
  let path: string;
  beforeEach(() => {
    folder = new Folder();
    path = folder.at("p4rtd.sock");
  });
  afterEach(() => folder[Symbol.dispose]());

  it("has its mode and its group, and is gone after the stop", async () => {
    const gid = process.getgid?.() ?? 0;
    await using daemon = await Daemon.start({ yaml: listener(path, `, mode: "0600", group: "${gid}"`) });
    const { mode, gid: owner } = statSync(path);
    assert.deepEqual([(mode & 0o777).toString(8), owner], ["600", gid]);
    assert.equal((await daemon.stop()).code, 0);
    assert.equal(existsSync(path), false);
  });

  it("takes the place of a socket that a killed daemon left", async () => {
    const killed = await Daemon.start({ yaml: listener(path) });
    killed.signal("SIGKILL");
    await killed[Symbol.asyncDispose]();
    assert.equal(existsSync(path), true);
    await using daemon = await Daemon.start({ yaml: listener(path) });
    assert.equal((await daemon.stop()).code, 0);
  });

  it("does not take the place of a daemon that runs", async () => {
    await using daemon = await Daemon.start({ yaml: listener(path) });
    const second = await Daemon.outcome({ yaml: listener(path) });
    assert.equal(second.code, 71);
    assert.match(second.stderr, /another process listens there/);
    assert.equal(existsSync(path), true);
    await daemon.stop();
  });

  it("does not take the place of a file", async () => {
    folder.write("p4rtd.sock", "precious");
    const { code } = await Daemon.outcome({ yaml: listener(path) });
    assert.equal(code, 71);
    assert.equal(statSync(path).size, 8);
  });
});
