/** Suites that need more than Node: skipped where it is missing, by name. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./repository.js";

/** `root`: network namespaces can be made. `libbpf`: the addon is built with it. Anything else: a command to be found. */
export type Need = "root" | "libbpf" | (string & {});

const addon = join(root, "build/Release/p4rtd.node");

/** What of `needs` this machine lacks, in words; undefined: nothing. */
export function lacking(needs: readonly Need[]): string | undefined {
  const lacks = needs.flatMap((need) => {
    if (need === "root") return canMakeNamespaces() ? [] : ["root"];
    if (need === "libbpf") return hasLibbpf() ? [] : ["an addon built with libbpf"];
    return spawnSync("sh", ["-c", 'command -v "$0"', need]).status === 0 ? [] : [need];
  });
  return lacks.length === 0 ? undefined : lacks.join(", ");
}

/** A suite that needs something; skipped with its name in the title, which with `CI=true` is a failure. */
export function describeNeeding(needs: readonly Need[], title: string, body: () => void): void {
  const lack = lacking(needs);
  if (lack === undefined) {
    describe(title, body);
    return;
  }
  if (process.env["CI"] === "true") throw new Error(`${title}: this machine lacks ${lack}`);
  describe.skip(`${title} (skipped: needs ${lack})`, body);
}

function canMakeNamespaces(): boolean {
  return spawnSync("unshare", ["--net", "true"]).status === 0;
}

function hasLibbpf(): boolean {
  if (!existsSync(addon)) return false;
  const loaded = createRequire(import.meta.url)(addon) as { readonly libbpf?: unknown }; // checked by use
  return typeof loaded.libbpf === "string";
}
