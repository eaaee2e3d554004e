/** The files of this repository, as the tests about its form see them. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the checkout begins; tests run from `dist/test/support/`. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Built, fetched or private folders: no part of the source. */
const skipped = new Set(["node_modules", "build", "dist", "coverage", ".git", "gen"]);

/** Every file at or below `path` (relative to the root) that ends in `suffix`: paths from the root, sorted; none if `path` is absent. */
export function filesBelow(path: string, suffix = ""): readonly string[] {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return [];
  if (!statSync(absolute).isDirectory()) return path.endsWith(suffix) ? [path] : [];
  return readdirSync(absolute)
    .filter((name) => !skipped.has(name))
    .flatMap((name) => filesBelow(join(path, name), suffix))
    .sort();
}

/** The text of the file at `path` (from the root). */
export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The files at or below `path` that end in `suffix`, by path from the root. */
export function textsBelow(path: string, suffix: string): ReadonlyMap<string, string> {
  return new Map(filesBelow(path, suffix).map((file) => [file, readText(file)]));
}
