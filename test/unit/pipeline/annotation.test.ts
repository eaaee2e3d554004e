import assert from "node:assert/strict";
import fc from "fast-check";
import {
  annotationArguments,
  annotationBodies,
  parseAnnotation,
  parseAnnotations,
  stringLiteral,
  stringPieces,
} from "../../../src/pipeline/annotation.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";

describe("an annotation", () => {
  for (const { text, want } of [
    { text: "@hidden", want: { name: "hidden", body: undefined } },
    { text: "@sai_acl(INGRESS)", want: { name: "sai_acl", body: "INGRESS" } },
    { text: " @ sai_field ( X / Y ) ", want: { name: "sai_field", body: " X / Y " } },
    { text: "@a.b_1()", want: { name: "a.b_1", body: "" } },
    { text: '@x("a)b(")', want: { name: "x", body: '"a)b("' } },
    { text: "@x(\n1,\n2)", want: { name: "x", body: "\n1,\n2" } },
    { text: "x", want: undefined },
    { text: "@", want: undefined },
    { text: "@1x", want: undefined },
    { text: "@x(", want: undefined },
    { text: "@x(1) y", want: undefined },
    { text: "", want: undefined },
  ])
    it(`'${text.replaceAll("\n", "↵")}' ${want === undefined ? "is none" : "is taken apart"}`, () => {
      assert.deepEqual(parseAnnotation(text), want);
    });

  it("is found by name, in order, with an empty body where it has no parentheses", () => {
    const annotations = parseAnnotations(["@a(1)", "@b", "nothing", "@a", "@a(2)"]);
    assert.deepEqual(annotationBodies(annotations, "a"), ["1", "", "2"]);
  });

  for (const { body, want } of [
    { body: "", want: [] },
    { body: "  ", want: [] },
    { body: "A", want: ["A"] },
    { body: " A , B ", want: ["A", "B"] },
    { body: "f(a, b), c", want: ["f(a, b)", "c"] },
    { body: '"a,b", c', want: ['"a,b"', "c"] },
    { body: '"a\\",b", c', want: ['"a\\",b"', "c"] },
    { body: "A,", want: ["A", ""] },
  ])
    it(`'${body}' has ${want.length} arguments`, () => {
      assert.deepEqual(annotationArguments(body), want);
    });

  for (const { body, want } of [
    { body: '"a"', want: ["a"] },
    { body: ' "a" \n "b"', want: ["a", "b"] },
    { body: '"a""b"', want: ["a", "b"] },
    { body: '"\\n\\t\\r\\"\\\\\\x"', want: ['\n\t\r"\\x'] },
    { body: '""', want: [""] },
    { body: '"a" b', want: undefined },
    { body: 'a "b"', want: undefined },
    { body: '"a', want: undefined },
    { body: '"a\\', want: undefined },
    { body: "", want: undefined },
  ])
    it(`'${body.replaceAll("\n", "↵")}' ${want === undefined ? "is no string" : `is ${want.length} literals`}`, () => {
      assert.deepEqual(stringPieces(body), want);
      assert.equal(stringLiteral(body), want?.join(""));
    });

  it("gives back any text that was quoted", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), (texts) => {
        const body = texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(" ");
        assert.deepEqual(stringPieces(body), texts);
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  for (const [what, text] of [
    ["open quotes", '"' + '\\"'.repeat(1_000_000)],
    ["one open string", '"' + "a".repeat(4_000_000)],
    ["closing parentheses", `@a(${") ".repeat(1_000_000)}x`],
    ["blanks", `@a${" ".repeat(4_000_000)}x`],
  ] as const)
    it(`of megabytes of ${what} takes no longer than its length asks for`, () => {
      const began = performance.now();
      assert.equal(stringPieces(text), undefined);
      assert.equal(parseAnnotation(text), undefined);
      assert.ok(performance.now() - began < 2000);
    });
});
