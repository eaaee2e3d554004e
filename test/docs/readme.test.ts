import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseConfig } from "../../src/config/load.js";
import { noLeaks } from "../support/no-leaks.js";
import { readText, root } from "../support/repository.js";

const environment = { ...process.env, NO_COLOR: "1" };

/** What `npm run` would start: `exec node FILE`. */
function npmRun(name: "start" | "demo", args: readonly string[]): ChildProcess {
  const { scripts } = JSON.parse(readText("package.json")) as { scripts: Record<string, string> };
  const file = /^exec node (\S+)$/.exec(scripts[name] ?? "")?.[1];
  assert.ok(file, `npm run ${name} is node and a file`);
  return spawn(process.execPath, [file, ...args], { cwd: root, env: environment, stdio: ["ignore", "pipe", "pipe"] });
}

/** The built daemon on a free port. */
class Daemon implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(
    child: ChildProcess,
    readonly address: string,
  ) {
    this.#process = child;
  }

  /** Resolves when it says that it serves. */
  static async start(): Promise<Daemon> {
    const child = npmRun("start", ["--port", "0"]);
    assert.ok(child.stderr);
    for await (const line of createInterface({ input: child.stderr })) {
      const { event, listening } = JSON.parse(line) as { event: string; listening?: readonly string[] };
      if (event !== "daemon.serving") continue;
      child.stderr.resume();
      return new Daemon(child, listening?.[0] ?? "");
    }
    throw new Error("the daemon ended before it served");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#process, "close");
    this.#process.kill();
    await closed;
  }
}

/** What the demo prints, and its exit code. */
async function demo(args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = npmRun("demo", args);
  const chunks: Buffer[] = [];
  child.stderr?.resume();
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  return { code: child.exitCode, text: Buffer.concat(chunks).toString() };
}

/** What differs from run to run is made the same. */
function normalised(text: string): string {
  return text.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:9559").replace(/election id \d+/g, "election id 1");
}

const fence = /```text\n([^]*?)```/;

describe("README.md", () => {
  noLeaks();

  // UPDATE_GOLDEN=1 writes the demo's output into the README.
  it("shows what `npm run demo` prints", async () => {
    await using daemon = await Daemon.start();
    const { code, text } = await demo(["--address", daemon.address]);
    const printed = text.replaceAll(daemon.address, "127.0.0.1:9559");
    assert.equal(code, 0, text);
    const shown = fence.exec(readText("README.md"))?.[1] ?? "";
    if (process.env["UPDATE_GOLDEN"] === "1" && normalised(shown) !== normalised(printed))
      writeFileSync(
        join(root, "README.md"),
        readText("README.md").replace(shown, () => printed),
      );
    else assert.equal(normalised(printed), normalised(shown));
  });

  it("shows a configuration that p4rtd takes", async () => {
    const yaml = /```yaml\n([^]*?)```/.exec(readText("README.md"))?.[1] ?? "";
    const config = await parseConfig(Buffer.from(yaml), "README.md");
    assert.deepEqual(
      config.interfaces.map((each) => [each.portId, each.type === "virtual" && each.mtu]),
      [
        [1, 1500],
        [2, 9000],
      ],
    );
  });

  it("and the demo use the WBB program that the other tests use", () => {
    assert.equal(readText("examples/wbb.p4info.pb.txt"), readText("test/support/p4info/wbb.p4info.pb.txt"));
  });
});

describe("npm run demo", () => {
  it("says how to start the daemon where none runs", async () => {
    const { code, text } = await demo(["--address", "127.0.0.1:1"]);
    assert.deepEqual([code, text], [1, "p4rtd demo, a controller for device 1 at 127.0.0.1:1\n"]);
  });
});
