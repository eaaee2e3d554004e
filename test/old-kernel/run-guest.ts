/** Runs programs on Debian 12's kernel, in QEMU. @see scripts/old-kernel.sh */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, stop } from "esbuild";
import { root } from "../support/repository.js";

/** Exit code of the script where something is missing. @see sysexits(3) EX_UNAVAILABLE */
const unavailable = 69;

/** How long a guest may take, on a machine that does other things too. */
const guestSeconds = 600;

/** How the guest ended; code 69: `errors` says what this machine lacks. */
interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs a program of this folder on the other kernel, as one file.
 * @param commands programs of this machine that it needs besides
 */
async function runGuest(name: string, commands: readonly string[]): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "p4rtd-guest-"));
  try {
    const program = join(folder, "guest.js");
    await build({
      entryPoints: [join(root, `dist/test/old-kernel/${name}.js`)],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
    });
    await stop();
    const child = spawn(join(root, "scripts/old-kernel.sh"), [program, ...commands], {
      env: { ...process.env, NODE: process.execPath, P4RTD_KERNEL_SECONDS: `${guestSeconds}` },
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

/**
 * The output of a guest that ends well. Skips `context` if this machine lacks something, which with CI=true is a failure.
 * @param commands programs of this machine that it needs besides
 */
export async function guestOutput(
  context: Mocha.Context,
  name: string,
  commands: readonly string[] = [],
): Promise<string> {
  context.timeout(1000 * (guestSeconds + 60));
  const { code, output, errors } = await runGuest(name, commands);
  if (code === unavailable && process.env["CI"] !== "true") {
    if (context.test !== undefined) context.test.title += ` (${errors.trim()})`;
    return context.skip();
  }
  assert.equal(code, 0, `${output}${errors}`);
  return output;
}
