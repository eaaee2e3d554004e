import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inventory, noLeaks, survivors } from "../../support/no-leaks.js";
import { root } from "../../support/repository.js";

describe("noLeaks", () => {
  noLeaks();

  it("names an open file", () => {
    const before = inventory();
    const fd = openSync("/dev/null", "r");
    assert.deepEqual(survivors(before, inventory()), ["1 × descriptor /dev/null"]);
    closeSync(fd);
    assert.deepEqual(survivors(before, inventory()), []);
  });

  it("names a listening socket and its resource", async () => {
    const before = inventory();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const left = survivors(before, inventory()).join();
    assert.match(left, /descriptor socket:\[\d+\]/);
    assert.match(left, /resource TCPServerWrap/);
    server.close();
    await once(server, "close");
  });

  it("names a running timer", () => {
    const before = inventory();
    const timer = setTimeout(() => {}, 60_000);
    assert.deepEqual(survivors(before, inventory()), ["1 × resource Timeout"]);
    clearTimeout(timer);
    assert.deepEqual(survivors(before, inventory()), []);
  });

  for (const { what, cleanUp, status, says } of [
    {
      what: "fails a suite whose hooks leave a server open",
      cleanUp: "",
      status: 1,
      says: /left open: .*TCPServerWrap/,
    },
    {
      what: "waits for hooks that were registered after it",
      cleanUp: "after(() => server.close());",
      status: 0,
      says: /1 passing/,
    },
  ])
    it(what, function () {
      this.timeout(20_000); // starts a process that waits for what is never closed
      const folder = mkdtempSync(join(tmpdir(), "p4rtd-no-leaks-"));
      const file = join(folder, "suite.mjs");
      const module = new URL("../../support/no-leaks.js", import.meta.url).href;
      const lines = [
        `import { createServer } from "node:net";`,
        `import { noLeaks } from ${JSON.stringify(module)};`,
        `describe("a suite", () => {`,
        `  noLeaks();`,
        `  let server;`,
        `  before((done) => { server = createServer().listen(0, "127.0.0.1", done); });`,
        `  ${cleanUp}`,
        `  it("listens", () => {});`,
        `});`,
      ];
      writeFileSync(file, lines.join("\n"));
      const mocha = join(root, "node_modules/mocha/bin/mocha.js");
      const run = spawnSync(process.execPath, [mocha, "--no-config", "--exit", file], {
        encoding: "utf8",
        cwd: folder,
      });
      rmSync(folder, { recursive: true });
      assert.equal(run.status, status, run.stdout + run.stderr);
      assert.match(run.stdout, says);
    });
});
