/** Frames that arrive on a netdev, as tcpdump sees them. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { defined } from "../../src/base/invariant.js";
import type { Namespace } from "./namespace.js";
import { until } from "./until.js";

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;

/** @see pcap-savefile(5) */
export class Capture implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #frames: Uint8Array[] = [];
  #rest = Buffer.alloc(0);
  #header = false;
  #came: () => void = () => {};

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    child.stdout.on("data", (bytes: Buffer) => this.#read(bytes));
  }

  /**
   * Starts capturing what `netdev` of the namespace receives, or sends; ready when it returns.
   * @param options.maxBytes of a frame, whatever it may be by default. The kernel keeps 8 MiB in slots of this size: for
   *   hundreds of frames in a row they must be small.
   */
  static async open(
    namespace: string,
    netdev: string,
    { direction = "in", maxBytes = 0 }: { readonly direction?: "in" | "out"; readonly maxBytes?: number } = {},
  ): Promise<Capture> {
    const kept = ["-s", String(maxBytes), "-B", "8192"];
    const options = ["--immediate-mode", "-U", ...kept, "-Q", direction, "-i", netdev, "-w", "-"];
    const child = spawn("ip", ["netns", "exec", namespace, "tcpdump", ...options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const capture = new Capture(child);
    // Its stderr stays open: tcpdump writes the rest of the line after "listening on" and would die of SIGPIPE.
    let said = "";
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    await until("tcpdump listens", () => said.includes("listening on") || child.exitCode !== null);
    if (!said.includes("listening on")) throw new Error(`tcpdump: ${said}`);
    return capture;
  }

  /** Frames since the last call up to the one that `ends` is true for, which is not among them. */
  async takeUntil(ends: (frame: Uint8Array) => boolean): Promise<readonly Uint8Array[]> {
    while (!this.#frames.some(ends)) await new Promise<void>((resolve) => (this.#came = resolve));
    return this.#frames.splice(0, this.#frames.findIndex(ends) + 1).slice(0, -1);
  }

  /** The first frame that `wanted` names, seen already or yet to come. @throws if it does not come within 8 s */
  async find(wanted: (frame: Uint8Array) => boolean): Promise<Uint8Array> {
    await until("the captured frame", () => this.#frames.some(wanted), 8000);
    return defined(this.#frames.find(wanted), "it was there");
  }

  /** Frames since the last call, once there are `count` of them. @throws if they do not come within 10 s */
  async take(count: number): Promise<readonly Uint8Array[]> {
    await until(`${count} captured frames`, () => this.#frames.length >= count, 10_000);
    return this.#frames.splice(0, count);
  }

  /** How many frames that `wanted` names have been seen and not taken. */
  count(wanted: (frame: Uint8Array) => boolean): number {
    return this.#frames.filter(wanted).length;
  }

  /** Frames that wait to be taken. */
  get waiting(): number {
    return this.#frames.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill("SIGTERM");
    await once(this.#child, "close");
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    let at = this.#header ? 0 : fileHeaderBytes;
    if (this.#rest.length < at) return;
    this.#header = true;
    while (at + recordHeaderBytes <= this.#rest.length) {
      const length = this.#rest.readUInt32LE(at + 8);
      const end = at + recordHeaderBytes + length;
      if (end > this.#rest.length) break;
      this.#frames.push(new Uint8Array(this.#rest.subarray(at + recordHeaderBytes, end)));
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
    this.#came();
  }
}

/** True for exactly `frame`. */
export function is(frame: Uint8Array): (other: Uint8Array) => boolean {
  return (other) => Buffer.from(other).equals(frame);
}

/** The first `count` frames that arrive on a netdev while `send` runs and after, of at most 2,048 bytes, with their VLAN tags. */
export async function captured(
  namespace: Namespace,
  netdev: string,
  count: number,
  send: () => void,
): Promise<readonly Uint8Array[]> {
  await using capture = await Capture.open(namespace.name, netdev, { maxBytes: 2048 });
  send();
  return await capture.take(count);
}
