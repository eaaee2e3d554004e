/** The folder in which this p4rtd is installed. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { invariant } from "./invariant.js";

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
}

/** The folder that holds our `package.json`, above the bundle and above compiled files alike, and the release it names. */
export function packageRoot(): { readonly root: string; readonly version: string } {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const { name, version } = manifestIn(folder);
    if (name === "p4rtd" && typeof version === "string") return { root: folder, version };
    invariant(dirname(folder) !== folder, "p4rtd lies below its package.json");
  }
}

function manifestIn(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest; // checked where it is used
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}
