import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, stop } from "esbuild";
import { noLeaks } from "../support/no-leaks.js";
import { root } from "../support/repository.js";

/** Exit code of the script where something is missing. @see sysexits(3) EX_UNAVAILABLE */
const unavailable = 69;

/** How the guest ended; code 69: `errors` says what this machine lacks. */
interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the guest on the other kernel, as one file. */
async function runGuest(): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "p4rtd-guest-"));
  try {
    const program = join(folder, "guest.js");
    await build({
      entryPoints: [join(root, "dist/test/old-kernel/guest.js")],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
    });
    await stop();
    const child = spawn(join(root, "scripts/old-kernel.sh"), [program], {
      env: { ...process.env, NODE: process.execPath },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (errors += bytes.toString()));
    await once(child, "close");
    return { code: child.exitCode, output, errors };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the kernel datapath on Debian 12's kernel, in QEMU", () => {
  noLeaks();

  it("is loaded, traps, drops, sends, and undoes segmentation offload", async function () {
    this.timeout(300_000);
    const { code, output, errors } = await runGuest();
    if (code === unavailable && process.env["CI"] !== "true") {
      if (this.test !== undefined) this.test.title += ` (${errors.trim()})`;
      this.skip();
    }
    assert.equal(code, 0, `${output}${errors}`);
    assert.match(output, /Linux 6\.1\..*tcx links: no.*ok: closed/s);
  });
});
