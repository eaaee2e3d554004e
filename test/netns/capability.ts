/** What tests in network namespaces need of the machine. */
import { spawnSync } from "node:child_process";
import { lacking } from "../support/needs.js";

/** What is missing here; empty: such tests can run. @param more programs that they need besides */
export function missingForNetns(more: readonly string[] = []): readonly string[] {
  const programs = ["ip", "bpftool", "tcpdump", ...more].filter((name) => spawnSync("which", [name]).status !== 0);
  const addon = lacking(["libbpf"]) ?? [];
  return [...(process.getuid?.() === 0 ? [] : ["root"]), ...programs].concat(addon);
}

/** `describe` for tests that need namespaces: skipped by naming what is missing, and failing for it with CI=true. */
export function describeInNetns(title: string, body: () => void, more: readonly string[] = []): void {
  const missing = missingForNetns(more);
  if (missing.length === 0) describe(title, body);
  else if (process.env["CI"] === "true") describe(title, () => it("has what it needs", () => assertNothing(missing)));
  else describe.skip(`${title} (missing: ${missing.join(", ")})`, body);
}

function assertNothing(missing: readonly string[]): never {
  throw new Error(`missing here: ${missing.join(", ")}`);
}
