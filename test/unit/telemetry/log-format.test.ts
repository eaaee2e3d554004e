import assert from "node:assert/strict";
import fc from "fast-check";
import { formatJson, formatText, plainFields } from "../../../src/telemetry/log-format.js";

const timeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

describe("plainFields", () => {
  for (const { what, value, want } of [
    { what: "a bigint in decimal", value: 2n ** 64n - 1n, want: "18446744073709551615" },
    { what: "bytes in hexadecimal", value: Uint8Array.of(0, 255), want: "00ff" },
    { what: "a number that JSON has not", value: NaN, want: "NaN" },
    { what: "a date", value: new Date(timeMs), want: "2026-01-02T03:04:05.006Z" },
    { what: "a date that is none", value: new Date(NaN), want: "Invalid Date" },
    { what: "a set", value: new Set([1n, "a"]), want: ["1", "a"] },
    { what: "a map", value: new Map([["a", 1n]]), want: [["a", "1"]] },
    { what: "an object without its undefined parts", value: { a: 1, b: undefined }, want: { a: 1 } },
    { what: "null", value: null, want: null },
    { what: "a symbol", value: Symbol("x"), want: "Symbol(x)" },
    { what: "a function by its kind", value: () => 1, want: "function" },
    { what: "what is nested deeply, cut", value: [[[[[[1]]]]]], want: [[[[["…"]]]]] },
  ]) {
    it(`gives ${what}`, () => assert.deepEqual(plainFields({ value }), { value: want }));
  }

  it("leaves out fields that are undefined", () => assert.deepEqual(plainFields({ a: undefined }), {}));

  it("gives an error with code, stack and cause", () => {
    const error = Object.assign(new TypeError("no", { cause: new Error("why") }), { code: "ENO" });
    const { value } = plainFields({ value: error });
    const { stack } = error;
    assert.ok(error.cause instanceof Error);
    const cause = { name: "Error", message: "why", stack: error.cause.stack };
    assert.deepEqual(value, { name: "TypeError", message: "no", code: "ENO", stack, cause });
  });

  it("ends at an object that holds itself", () => {
    const ring: unknown[] = [];
    ring.push(ring);
    assert.match(JSON.stringify(plainFields({ ring })), /^\{"ring":\[+"…"\]+\}$/);
  });
});

describe("formatJson", () => {
  it("gives time, level, event and the fields in order", () => {
    const fields = plainFields({ table: "acl", rules: 300 });
    assert.equal(
      formatJson({ timeMs, level: "warn", event: "acl.refused", fields }),
      '{"time":"2026-01-02T03:04:05.006Z","level":"warn","event":"acl.refused","table":"acl","rules":300}',
    );
  });

  it("keeps a field that is called as one of its own", () => {
    const line = formatJson({ timeMs, level: "info", event: "a.b", fields: plainFields({ level: 5, event: "x" }) });
    assert.deepEqual(JSON.parse(line), { ...{ time: "2026-01-02T03:04:05.006Z", level: "info", event: "a.b" }, ...{ level_: 5, event_: "x" } }); // prettier-ignore
  });

  it("is one line of JSON whatever the fields are", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true, withMap: true })),
        (any) => {
          const line = formatJson({ timeMs, level: "info", event: "a.b", fields: plainFields(any) });
          const read: unknown = JSON.parse(line);
          return !line.includes("\n") && typeof read === "object";
        },
      ),
    );
  });
});

describe("formatText", () => {
  for (const { what, fields, want } of [
    { what: "plain values as they are", fields: { a: "x/1:2", b: 1, c: true, d: 7n }, want: " a=x/1:2 b=1 c=true d=7" },
    { what: "ambiguous text in quotes", fields: { a: "x y", b: "", c: "k=v" }, want: ' a="x y" b="" c="k=v"' },
    { what: "a line break as two characters", fields: { a: "x\ny" }, want: ' a="x\\ny"' },
    { what: "what a terminal would obey in escapes", fields: { a: "\u009b2J\u2028" }, want: ' a="\\u009b2J\\u2028"' },
    { what: "the same within objects", fields: { a: ["\u0085"] }, want: ' a=["\\u0085"]' },
    { what: "objects as JSON", fields: { a: { b: [1] } }, want: ' a={"b":[1]}' },
    { what: "an error without its stack", fields: { e: new Error("no") }, want: ' e={"name":"Error","message":"no"}' },
  ]) {
    it(`gives ${what}`, () => {
      const line = formatText({ timeMs, level: "warn", event: "acl.refused", fields: plainFields(fields) });
      assert.equal(line, `2026-01-02T03:04:05.006Z warn  acl.refused${want}`);
    });
  }

  it("has no control characters, so that no peer can forge a line", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", " ", "\n", "\u001b", "\u007f", "\u0085", "\u009b", "\u2028", "\ud800"),
    });
    fc.assert(
      fc.property(text, text, (name, value) => {
        const fields = plainFields({ [name]: value });
        return !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(formatText({ timeMs, level: "info", event: "a.b", fields }));
      }),
    );
  });
});
