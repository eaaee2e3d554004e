import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../../src/wire/byte-writer.js";
import { writeStruct, type StructFields, type StructValue } from "../../../src/wire/encode-struct.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { decodeStruct } from "../../support/struct.js";

const key = fc.string({ unit: "grapheme", maxLength: 20 }).filter((name) => name !== "__proto__");
const { fields } = fc.letrec<{ fields: StructFields; value: StructValue }>((tie) => ({
  fields: fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc.double({ noNaN: true }),
    fc.boolean(),
    tie("fields"),
    fc.array(tie("value"), { maxLength: 5 }),
  ),
}));

describe("a Struct", () => {
  it("reads as what was written, by the protobuf library", () => {
    fc.assert(
      fc.property(fields, (written) => {
        const writer = new ByteWriter();
        writeStruct(writer, written);
        assert.deepEqual(decodeStruct(writer.take()), written);
      }),
      { numRuns: fuzzRuns(300) },
    );
  });
});
