/** Texts that people review: error messages, compiled rules, generated pages. */
import { AssertionError } from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./repository.js";

/**
 * Compares `actual` with the file `test/golden/<name>`; with `UPDATE_GOLDEN=1` in the environment the file is
 * written instead.
 * @throws AssertionError with both texts, which the reporter shows as a diff
 */
export function golden(name: string, actual: string): void {
  sameAsFile(join("test/golden", name), actual);
}

/** As `golden`, for a file anywhere in the repository; `path` is relative to its root. */
export function sameAsFile(path: string, actual: string): void {
  const file = join(root, path);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  const expected = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if (expected === actual) return;
  const what = expected === undefined ? "does not exist" : "differs";
  const message = `${path} ${what}; UPDATE_GOLDEN=1 writes it, git diff shows what changed`;
  throw new AssertionError({ message, actual, expected: expected ?? "", operator: "strictEqual" });
}
