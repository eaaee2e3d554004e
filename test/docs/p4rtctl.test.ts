import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { p4rtctl } from "../support/ctl.js";
import { Daemon, Folder } from "../support/daemon.js";
import { sameAsFile } from "../support/golden.js";
import { noLeaks } from "../support/no-leaks.js";
import { readText, root } from "../support/repository.js";

const page = "docs/p4rtctl.md";
const session = /^```console\n\$ p4rtctl (.*)\n([^]*?)^```$/gm;

/** Lets the demo play its controller. */
async function demo(address: string): Promise<void> {
  const child = spawn(process.execPath, [join(root, "dist/examples/demo.js"), "--address", address], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await once(child, "close");
  assert.equal(child.exitCode, 0);
}

describe(page, () => {
  noLeaks();

  // UPDATE_GOLDEN=1 writes what is printed into the page.
  it("shows what p4rtctl prints after the demo", async () => {
    using folder = new Folder();
    const socket = folder.at("admin.sock");
    const yaml = `listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]\nadmin: { unix: ${socket} }`;
    await using daemon = await Daemon.start({ yaml });
    await demo(await daemon.address());
    const text = readText(page);
    let printed = text;
    const blocks = [...text.matchAll(session)];
    for (const [block, command = ""] of blocks) {
      const { code, stdout, stderr } = await p4rtctl(command.split(" "), { socket });
      assert.deepEqual([code, stderr], [0, ""], command);
      printed = printed.replace(block, () => `\`\`\`console\n$ p4rtctl ${command}\n${stdout}\`\`\``);
    }
    assert.ok(blocks.length >= 4);
    sameAsFile(page, printed);
  });
});
