import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describeNeeding } from "../support/needs.js";
import { noLeaks } from "../support/no-leaks.js";
import { readText, root } from "../support/repository.js";

/** What differs from run to run is made the same: addresses of veth pairs, times, lengths of what hosts tell of themselves. */
function normalised(text: string): string {
  return text
    .replace(/[0-9a-f]{2}(:[0-9a-f]{2}){5}/g, "02:00:00:00:00:01")
    .replace(/\d\d:\d\d:\d\d\.\d+/g, "00:00:00.000000")
    .replace(/\d+\.\d+ ms/g, "1 ms")
    .replace(/(port 02:00:00:00:00:01), \d+ bytes/g, "$1, 203 bytes")
    .replace(/(lldp|traceroute-v6-1) +packets \d+ +bytes \d+/g, "$1 packets");
}

describeNeeding(["root", "libbpf", "ip", "lldpd", "traceroute", "tcpdump"], "npm run demo:kernel", () => {
  noLeaks();

  it("prints what README shows, and everything goes as it should", async function () {
    this.timeout(60_000);
    const program = join(root, "dist/examples/demo-kernel.js");
    const child = spawn(process.execPath, [program], {
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (output += bytes.toString()));
    await once(child, "close");
    assert.equal(child.exitCode, 0, output);
    assert.match(output, /everything went as it should/);
    const shown = /```text\n(4 {2}lldpd[^]*?)```/.exec(readText("README.md"))?.[1];
    assert.ok(shown !== undefined, "README shows the demo");
    assert.ok(normalised(output).includes(normalised(shown)), output);
  });
});
