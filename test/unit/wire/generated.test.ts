import assert from "node:assert/strict";
import fc from "fast-check";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { generatedType, messages, plainMessage } from "../../support/generated-types.js";

describe("the generated module", () => {
  // Depth is how far messages nest inside: enough for the longest path that does not recurse.
  for (const { name, depth } of [
    { name: "p4.config.v1.P4Info", depth: 4 },
    { name: "p4.v1.WriteRequest", depth: 5 },
    { name: "p4.v1.ReadResponse", depth: 4 },
    { name: "p4.v1.StreamMessageRequest", depth: 4 },
    { name: "p4.v1.StreamMessageResponse", depth: 4 },
  ])
    it(`gives back any ${name} as it was encoded`, () => {
      const type = generatedType(name);
      fc.assert(
        fc.property(messages(name, depth), (message) => {
          const bytes = type.encode(message).finish();
          const decoded = type.decode(bytes);
          assert.deepEqual(plainMessage(name, decoded), plainMessage(name, message));
          assert.deepEqual(type.encode(decoded).finish(), bytes);
        }),
        { numRuns: fuzzRuns(50) },
      );
    });
});
