import assert from "node:assert/strict";
import fc from "fast-check";
import { finish } from "../../../src/base/steps.js";
import type { MatchKind } from "../../../src/pipeline/pipeline.js";
import { maxSourceLength, tokenize } from "../../../src/constraints/lexer.js";
import { parse } from "../../../src/constraints/parser.js";
import { compileEntryRestriction } from "../../../src/constraints/restriction.js";
import { RestrictionError } from "../../../src/constraints/restriction-error.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { judge, ModelTypeError } from "./model.js";
import { print, shapeOf, type Shape } from "./print.js";
import { table, type FieldSketch } from "./programs.js";
import { record, tableLayout, type SlotValue } from "./records.js";

const kinds: readonly MatchKind[] = ["exact", "ternary", "lpm", "range", "optional"];
const widths = [1, 8, 12, 32, 48, 49, 128];
const fields: readonly FieldSketch[] = [
  ...kinds.flatMap((kind) => widths.map((width) => ({ name: `${kind}.w${width}`, kind, width }))),
  { name: "text1", kind: "exact", width: "text" },
  { name: "text2", kind: "exact", width: "text" },
  { name: "some1", kind: "optional", width: "text" },
  { name: "some2", kind: "optional", width: "text" },
];
const t = table("t", fields);
const layout = tableLayout(t);

const partsOf: Readonly<Record<MatchKind, readonly string[]>> = {
  exact: ["value"],
  ternary: ["value", "mask"],
  lpm: ["value", "prefix_length"],
  range: ["low", "high"],
  optional: ["value", "mask"],
};

/** Numbers near the edges of the widths above, and a few that few bytes make. */
const interesting = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt(0n, 3n) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...widths, 16), fc.bigInt(-1n, 1n)).map(([w, d]) => (1n << BigInt(w)) + d),
  },
  { weight: 1, arbitrary: fc.bigInt(0n, (1n << 130n) - 1n) },
);

const literal: fc.Arbitrary<Shape> = interesting.map((value) => ({ kind: "number", value }));
const whole: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 3, arbitrary: literal },
  { weight: 1, arbitrary: fc.constant<Shape>({ kind: "attribute", name: "priority" }) },
);
const negated = whole.map<Shape>((of) => ({ kind: "negate", of }));
const field = fc.constantFrom(...fields);
const bare = (sketch: FieldSketch): Shape => ({ kind: "name", name: sketch.name });
const part = (sketch: FieldSketch): fc.Arbitrary<Shape> =>
  fc.constantFrom(...partsOf[sketch.kind]).map((name) => ({ kind: "part", of: bare(sketch), part: name }));
/** A field or one of its parts, and another of the same width: mostly well typed. */
const operands: fc.Arbitrary<readonly [Shape, Shape]> = field.chain((sketch) => {
  const alike = fields.filter((each) => each.width === sketch.width);
  const one = fc.oneof(fc.constant(bare(sketch)), part(sketch));
  const other = fc.oneof(
    { weight: 4, arbitrary: whole },
    { weight: 1, arbitrary: negated },
    { weight: 3, arbitrary: fc.constantFrom(...alike).chain(part) },
    { weight: 1, arbitrary: fc.constantFrom(...alike).map(bare) },
    { weight: 1, arbitrary: field.map(bare) },
  );
  return fc.tuple(one, other, fc.boolean()).map(([a, b, swap]) => (swap ? [b, a] : [a, b]));
});
const op = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");
const comparison = fc.tuple(op, operands).map<Shape>(([op, [left, right]]) => ({ kind: "compare", op, left, right }));

const { condition } = fc.letrec<{ condition: Shape }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 4, arbitrary: comparison },
    { weight: 1, arbitrary: fc.boolean().map<Shape>((value) => ({ kind: "boolean", value })) },
    { weight: 1, arbitrary: tie("condition").map<Shape>((of) => ({ kind: "not", of })) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom("all" as const, "any" as const),
          fc.array(tie("condition"), { minLength: 2, maxLength: 5 }),
        )
        .map<Shape>(([kind, terms]) => ({ kind, terms })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("condition"), tie("condition"))
        .map<Shape>(([premise, conclusion]) => ({ kind: "implies", premise, conclusion })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("==", "!="), tie("condition"), tie("condition"))
        .map<Shape>(([op, left, right]) => ({ kind: "compare", op, left, right })),
    },
  ),
}));

const slotValue = (sketch: FieldSketch): fc.Arbitrary<SlotValue | undefined> => {
  const { kind, width } = sketch;
  if (width === "text") return fc.constantFrom("", "\0", "\x01", "\x02", "\0\x01", "\x01\0", "Ethernet0");
  const number = interesting.map((value) => BigInt.asUintN(width, value));
  const alone = kind === "exact" ? number : fc.option(number, { nil: undefined });
  if (kind === "exact" || kind === "optional") return alone;
  const second = kind === "lpm" ? fc.integer({ min: 0, max: width }) : number;
  return fc.oneof(alone, fc.tuple(number, second));
};
const entry = fc
  .tuple(
    fc.tuple(...fields.map(slotValue)),
    fc.nat({ max: 0x7fffffff }).map((n) => (n % 3 === 0 ? n % 4 : n)),
  )
  .map(([values, priority]) => {
    const named = fields.flatMap(({ name }, i) => (values[i] === undefined ? [] : [[name, values[i]] as const]));
    return record(layout, Object.fromEntries(named), priority);
  });

describe("any restriction", () => {
  it("is the same after printing and parsing", () => {
    const same = (shape: Shape) => assert.deepEqual(shapeOf(parse(finish(tokenize(print(shape))))), shape);
    fc.assert(fc.property(condition, same), { numRuns: fuzzRuns(500) });
  });

  it("judges any entry as its definition does, or is refused where it has no type", () => {
    const agrees = (shape: Shape, entries: readonly Uint8Array[]) => {
      const want = entries.map((each) => outcome(() => judge(shape, layout, each)));
      const got = entries.map((each) =>
        outcome(() => compileEntryRestriction(print(shape), t, layout).violated(each) === undefined),
      );
      assert.deepEqual(got, want);
    };
    fc.assert(fc.property(condition, fc.array(entry, { minLength: 1, maxLength: 4 }), agrees), {
      numRuns: fuzzRuns(1500),
    });
  });

  it("compares any two operands as its definition does", () => {
    const agrees = (shape: Shape, each: Uint8Array) => {
      const want = outcome(() => judge(shape, layout, each));
      assert.equal(
        outcome(() => compileEntryRestriction(print(shape), t, layout).violated(each) === undefined),
        want,
      );
    };
    fc.assert(fc.property(comparison, entry, agrees), { numRuns: fuzzRuns(3000) });
  });
});

/** What `run` answers; undefined if there is no such type. */
function outcome(run: () => boolean): boolean | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof ModelTypeError || error instanceof RestrictionError) return undefined;
    throw error;
  }
}

describe("any text", () => {
  const marks = "( ) ! - ; . < > = & | : ' \" / * && || -> :: == /* */ // \t \n \r \u{1f600}".split(" ");
  const words = [...marks, " ", "0", "1", "0x1", "é", "x", "_", "true", "text1", "ipv4('1.2.3.4')"];
  const soup = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((each) => each.join("")),
  );

  it("compiles, or is refused with a place inside it", () => {
    const taken = (source: string) => {
      try {
        compileEntryRestriction(source, t, layout);
      } catch (error) {
        if (!(error instanceof RestrictionError)) throw error;
        const line = source.split(/\r\n?|\n/)[error.line - 1];
        assert.ok(line !== undefined, `line ${error.line}`);
        assert.ok(error.column >= 1 && error.column <= line.length + 1, `column ${error.column} of ${line.length}`);
      }
    };
    fc.assert(fc.property(soup, taken), { numRuns: fuzzRuns(3000) });
  });

  it("of the greatest length is read in linear time", () => {
    for (const unit of ["a.", "(", "!", "-", "/*", "'", "true&&", "1 ", "//\n", "true;", ":: ", "0"]) {
      const source = unit.repeat(maxSourceLength / unit.length);
      assert.doesNotThrow(() =>
        outcome(() => compileEntryRestriction(source, t, layout).violated(record(layout, {})) === undefined),
      );
    }
  });
});
