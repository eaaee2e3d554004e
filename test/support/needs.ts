/** Suites that need more than Node: skipped where it is missing, by name. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./repository.js";

/** `root`: network namespaces can be made. `libbpf`: the addon is built with it. Anything else: a command to be found. */
export type Need = "root" | "libbpf" | (string & {});

/** What tests of the kernel datapath between network namespaces need. */
const netnsNeeds: readonly Need[] = ["root", "libbpf", "ip", "bpftool", "tcpdump"];

const addon = join(root, "build/Release/p4rtd.node");
const known = new Map<Need, boolean>();

/** What of `needs` this machine lacks, in words; undefined: nothing. */
export function lacking(needs: readonly Need[]): string | undefined {
  const lacks = needs.filter((need) => {
    const has = known.get(need) ?? isThere(need);
    known.set(need, has);
    return !has;
  });
  const words = lacks.map((need) => (need === "libbpf" ? "an addon built with libbpf" : need));
  return words.length === 0 ? undefined : words.join(", ");
}

/** A suite that needs something; skipped with its name in the title, which with `CI=true` is a failure. */
export function describeNeeding(needs: readonly Need[], title: string, body: () => void): void {
  const lack = lacking(needs);
  if (lack === undefined) describe(title, body);
  else if (process.env["CI"] === "true") describe(title, () => it("has what it needs", () => refuse(lack)));
  else describe.skip(`${title} (skipped: needs ${lack})`, body);
}

/** The same for the kernel datapath between network namespaces. @param more programs that it needs besides */
export function describeInNetns(title: string, body: () => void, more: readonly Need[] = []): void {
  describeNeeding([...netnsNeeds, ...more], title, body);
}

function refuse(lack: string): never {
  throw new Error(`this machine lacks ${lack}`);
}

function isThere(need: Need): boolean {
  if (need === "root") return process.getuid?.() === 0 && canMakeNamespaces();
  if (need === "libbpf") return hasLibbpf();
  return spawnSync("sh", ["-c", 'command -v "$0"', need]).status === 0;
}

function canMakeNamespaces(): boolean {
  return spawnSync("unshare", ["--net", "true"]).status === 0;
}

function hasLibbpf(): boolean {
  if (!existsSync(addon)) return false;
  const loaded = createRequire(import.meta.url)(addon) as { readonly libbpf?: unknown }; // checked by use
  return typeof loaded.libbpf === "string";
}
