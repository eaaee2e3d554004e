/** Brings the list up to date with the tests. */
import { isMap, isSeq, parseDocument } from "yaml";
import type { TestsById } from "./requirement-calls.js";

/**
 * The text of a list file in which every requirement that a test names, and that was open or thought not applicable,
 * is `tested`. Everything else, comments included, stays as it is.
 * @param text a file of `requirements/`
 */
export function markTested(text: string, tests: TestsById): string {
  const document = parseDocument(text);
  const requirements = document.get("requirements");
  if (!isSeq(requirements)) throw new Error("a list file has a sequence 'requirements'");
  for (const requirement of requirements.items) {
    if (!isMap(requirement)) throw new Error("a requirement is a mapping");
    const status = requirement.get("status");
    if (!tests.has(String(requirement.get("id"))) || (status !== "open" && status !== "not-applicable")) continue;
    requirement.set("status", "tested");
    requirement.delete(status === "open" ? "until" : "why");
  }
  return document.toString({ lineWidth: 0 });
}
