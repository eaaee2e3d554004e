/** Real programs, unmodified, in network namespaces. */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Namespace } from "../support/namespace.js";

/** A program that ran to its end. */
export interface Ended {
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
}

/** A program while it runs. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #output = "";

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes: Buffer) => (this.#output += bytes.toString()));
    this.ended = once(child, "close").then(() => ({ code: child.exitCode, output: this.#output }));
  }

  static start(namespace: Namespace, command: readonly string[]): Program {
    const child = spawn("ip", ["netns", "exec", namespace.name, ...command], { stdio: ["ignore", "pipe", "pipe"] });
    return new Program(child);
  }

  /** Runs a program that must succeed. Resolves with its output. */
  static async run(namespace: Namespace, command: readonly string[]): Promise<string> {
    await using program = Program.start(namespace, command);
    const { code, output } = await program.ended;
    assert.equal(code, 0, `${command.join(" ")} in ${namespace.name}: ${output}`);
    return output;
  }

  /** What it has said so far. */
  get output(): string {
    return this.#output;
  }

  /** Ends it if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGTERM");
    await this.ended;
  }
}

/** Pings `address`; every echo must be answered. */
export async function ping(from: Namespace, address: string, count = 5): Promise<void> {
  const output = await Program.run(from, ["ping", "-n", "-c", `${count}`, "-i", "0.02", "-W", "2", address]);
  assert.match(output, new RegExp(`${count} packets transmitted, ${count} received`));
}
