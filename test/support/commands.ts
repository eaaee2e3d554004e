/** Programs of iproute2 and bpftool, each for a bounded time. */
import { execFileSync } from "node:child_process";

/** On a busy machine thousands of changes by one `ip` take ten seconds. */
const commandMs = 60_000;

/** Runs `program`; its output. @throws Error with what it said if it fails or takes too long */
export function run(program: string, args: readonly string[]): string {
  return runWith("", program, args);
}

/** The same; the program reads `input`. */
export function runWith(input: string, program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: "utf8", timeout: commandMs, input, stdio: "pipe" });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`${program} ${args.join(" ")}: ${said}`, { cause: error });
  }
}

/** Runs `ip` with the words of `line`. */
export function ip(line: string): string {
  return run("ip", line.split(" "));
}

/** What `ip -json` or `bpftool -j` says, as an array. */
export function listed(program: string, args: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  const text = run(program, args).trim();
  const parsed: unknown = text === "" ? [] : JSON.parse(text);
  return Array.isArray(parsed)
    ? parsed.filter((each): each is Record<string, unknown> => typeof each === "object")
    : [];
}
