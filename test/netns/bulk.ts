/** Much data over one TCP connection, by the kernel's own TCP: a program that sends or receives it, and who runs it. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** Bytes of which no two stretches are alike. */
export function pattern(bytes: number): Uint8Array {
  const words = Uint32Array.from({ length: Math.ceil(bytes / 4) }, (_, i) => Math.imul(i + 1, 0x9e3779b1) ^ (i >>> 3));
  return new Uint8Array(words.buffer, 0, bytes);
}

export function digestOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Says when it listens, takes one connection, and says what it was sent. */
async function receive(address: string, port: number): Promise<void> {
  const server = createServer((socket) => {
    const hash = createHash("sha256");
    socket.on("data", (chunk: Buffer) => hash.update(chunk));
    socket.on("end", () => {
      console.log(hash.digest("hex"));
      socket.end();
      server.close();
    });
  });
  server.listen(port, address);
  await once(server, "listening");
  console.log("listening");
  await once(server, "close");
}

async function send(address: string, port: number, bytes: number): Promise<void> {
  const socket = connect(port, address);
  await once(socket, "connect");
  socket.end(pattern(bytes));
  socket.resume();
  await once(socket, "close");
}

/** Does what the arguments of a program say, if that is `send` or `receive`. */
export async function runAsProgram(args: readonly string[]): Promise<boolean> {
  const [what, address = "", port, bytes] = args;
  if (what === "receive") await receive(address, Number(port));
  else if (what === "send") await send(address, Number(port), Number(bytes));
  else return false;
  return true;
}

const bulkProgram = fileURLToPath(new URL("./bulk-program.js", import.meta.url));

/** A run of it in a network namespace. */
export class BulkProcess {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  #said = "";

  /**
   * @param namespace undefined: the caller's
   * @param program the file to run, which calls `runAsProgram`
   */
  constructor(namespace: string | undefined, args: readonly string[], program = bulkProgram) {
    const enter = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
    const [command = process.execPath, ...rest] = [...enter, process.execPath, program, ...args];
    this.#child = spawn(command, rest, {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child.stdout.on("data", (bytes: Buffer) => (this.#said += bytes.toString()));
  }

  /** Waits until it has said something. */
  async said(): Promise<void> {
    while (this.#said === "") await Promise.race([once(this.#child.stdout, "data"), once(this.#child, "close")]);
  }

  /** All it said, once it has ended. @throws Error if it failed or took longer than `ms` */
  async end(ms = 20_000): Promise<string> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ms);
    if (this.#child.exitCode === null) await once(this.#child, "close");
    clearTimeout(timer);
    if (this.#child.exitCode !== 0) throw new Error(`${this.#child.spawnargs.join(" ")} failed`);
    return this.#said;
  }
}
