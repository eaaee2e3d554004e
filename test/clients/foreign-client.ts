/** Clients in other languages: made ready once per machine, run as processes. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readText, root } from "../support/repository.js";

const exec = promisify(execFile);
const setUpMs = 150_000;
const runMs = 60_000;

/** A program to start: file and first arguments. */
export type Command = readonly [file: string, ...args: string[]];

/** What this machine lacks, for the title of a skipped suite. */
export class MissingCapability extends Error {
  override readonly name = "MissingCapability";
}

/** Runs `command` and returns its output, one JSON value a line. */
export async function linesOf(command: Command, args: readonly string[]): Promise<unknown[]> {
  const [file, ...first] = command;
  const { stdout } = await exec(file, [...first, ...args], { timeout: runMs, maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

/** Python with grpcio in a virtual environment of its own, kept for later runs. @throws MissingCapability */
export async function pythonClient(): Promise<Command> {
  const requirements = join(root, "test/clients/python/requirements.txt");
  const version = await output("python3 with venv", "python3", "-c", "import venv, ensurepip, sys; print(sys.version)");
  const folder = cached(`python-${version}-${readText("test/clients/python/requirements.txt")}`);
  const python = join(folder, "bin/python");
  if (!existsSync(python)) {
    const fresh = `${folder}.${process.pid}`;
    await output("python3 with venv", "python3", "-m", "venv", fresh);
    const pip = ["-m", "pip", "install", "--quiet", "--requirement", requirements];
    await output("grpcio from PyPI", join(fresh, "bin/python"), ...pip);
    settle(fresh, folder);
  }
  return [python, join(root, "test/clients/python/failing_calls.py")];
}

/** A Go client with grpc-go and the published P4Runtime stubs. @throws MissingCapability */
export async function goClient(): Promise<Command> {
  const version = await output("go", "go", "version");
  const sources = ["main.go", "go.sum"].map((name) => readText(`test/clients/go/${name}`));
  const binary = cached(`go-${version}-${sources.join("")}`);
  if (!existsSync(binary)) {
    const fresh = `${binary}.${process.pid}`;
    const from = join(root, "test/clients/go");
    await output("the modules of test/clients/go/go.mod", "go", "-C", from, "build", "-o", fresh, ".");
    settle(fresh, binary);
  }
  return [binary];
}

async function output(capability: string, file: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await exec(file, args, { timeout: setUpMs })).stdout;
  } catch (error) {
    throw new MissingCapability(capability, { cause: error });
  }
}

/** Where what `key` stands for is kept between runs. */
function cached(key: string): string {
  const folder = join(tmpdir(), `p4rtd-test-clients-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, createHash("sha256").update(key).digest("hex").slice(0, 16));
}

/** Puts `fresh` in its place unless another run was first. */
function settle(fresh: string, place: string): void {
  if (existsSync(place)) rmSync(fresh, { recursive: true });
  else renameSync(fresh, place);
}
