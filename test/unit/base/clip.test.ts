import assert from "node:assert/strict";
import fc from "fast-check";
import { boundaryBefore, clip } from "../../../src/base/clip.js";

/** Texts in which characters beyond the basic plane, two UTF-16 units each, are as frequent as others. */
const texts = fc.string({ unit: fc.constantFrom("a", "é", "字", "😀", "𐍈"), maxLength: 40 });

describe("a text that is too long", () => {
  for (const { text, max, want } of [
    { text: "", max: 1, want: "" },
    { text: "abc", max: 3, want: "abc" },
    { text: "abcd", max: 3, want: "ab…" },
    { text: "😀😀", max: 4, want: "😀😀" },
    { text: "😀😀", max: 3, want: "😀…" },
    { text: "a😀😀", max: 4, want: "a😀…" },
    { text: "😀😀", max: 2, want: "…" },
    { text: "😀😀", max: 1, want: "…" },
  ])
    it(`is ${JSON.stringify(want)} for ${JSON.stringify(text)} in ${max} units`, () =>
      assert.equal(clip(text, max), want));

  it("keeps whole characters from its beginning, as many as there is room for", () => {
    const keeps = (text: string, max: number) => {
      const shown = clip(text, max);
      assert.ok(shown.isWellFormed(), "half a character");
      assert.ok(shown.length <= max, `${shown.length} units`);
      if (text.length <= max) assert.equal(shown, text);
      else {
        assert.ok(shown.endsWith("…") && text.startsWith(shown.slice(0, -1)), shown);
        assert.ok(shown.length >= max - 1, "a character less than fits");
      }
    };
    fc.assert(fc.property(texts, fc.integer({ min: 1, max: 60 }), keeps));
  });
});

describe("an offset in a text", () => {
  it("is moved before the character that it cuts, or stays", () => {
    const moves = (text: string, at: number) => {
      const offset = Math.min(at, text.length);
      const boundary = boundaryBefore(text, offset);
      assert.ok(text.slice(0, boundary).isWellFormed() && text.slice(boundary).isWellFormed());
      assert.equal(boundary, text.slice(0, offset).isWellFormed() ? offset : offset - 1);
    };
    fc.assert(fc.property(texts, fc.nat(80), moves));
  });
});
