/** Holds what the list calls tested against what a whole run of the tests did. Loaded by mocha before all tests. */
import assert from "node:assert/strict";
import { readAreas } from "../conformance/requirement-list.js";
import { filesBelow } from "./repository.js";

/** Every test below `suite`. */
function* testsOf(suite: Mocha.Suite): Generator<Mocha.Test> {
  yield* suite.tests;
  for (const inner of suite.suites) yield* testsOf(inner);
}

/** The requirements that a title begins with: `ID1 ID2: sentence`. */
export function idsOf(title: string): readonly string[] {
  const [, ids] = /^((?:[A-Z0-9]{3}-\d{2} )*[A-Z0-9]{3}-\d{2}): /.exec(title) ?? [];
  return ids?.split(" ") ?? [];
}

/** Ids called tested of which no test passed. */
export function notShown(tests: Iterable<Pick<Mocha.Test, "title" | "state">>): readonly string[] {
  const shown = new Set<string>();
  for (const { title, state } of tests) if (state === "passed") for (const id of idsOf(title)) shown.add(id);
  return readAreas()
    .flatMap(({ requirements }) => requirements)
    .filter(({ id, status }) => status === "tested" && !shown.has(id))
    .map(({ id }) => id);
}

export const mochaHooks: Mocha.RootHookObject = {
  /** A run of some files only shows what it shows. Elsewhere than in CI a test may be skipped for what a machine lacks. */
  afterAll(this: Mocha.Context) {
    let root: Mocha.Suite | undefined = this.test?.parent;
    while (root?.parent !== undefined) root = root.parent;
    if (root === undefined) return;
    const tests = [...testsOf(root)];
    const files = new Set(tests.map(({ file }) => file));
    if (files.size < filesBelow("test", ".test.ts").length) return;
    const lacking = notShown(tests);
    if (process.env["CI"] === "true")
      assert.deepEqual(lacking, [], "requirements called tested that this run did not show");
    else if (lacking.length > 0) console.log(`  not shown by this run: ${lacking.join(", ")}`);
  },
};
