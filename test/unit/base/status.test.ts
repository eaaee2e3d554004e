import assert from "node:assert/strict";
import {
  Code,
  StatusError,
  aborted,
  alreadyExists,
  cancelled,
  codeName,
  failedPrecondition,
  internal,
  invalidArgument,
  notFound,
  outOfRange,
  permissionDenied,
  resourceExhausted,
  statusOf,
  unavailable,
  unimplemented,
} from "../../../src/base/status.js";

describe("a status", () => {
  // Numbers are those of google.rpc.Code.
  for (const { make, code, name } of [
    { make: cancelled, code: 1, name: "CANCELLED" },
    { make: invalidArgument, code: 3, name: "INVALID_ARGUMENT" },
    { make: notFound, code: 5, name: "NOT_FOUND" },
    { make: alreadyExists, code: 6, name: "ALREADY_EXISTS" },
    { make: permissionDenied, code: 7, name: "PERMISSION_DENIED" },
    { make: resourceExhausted, code: 8, name: "RESOURCE_EXHAUSTED" },
    { make: failedPrecondition, code: 9, name: "FAILED_PRECONDITION" },
    { make: aborted, code: 10, name: "ABORTED" },
    { make: outOfRange, code: 11, name: "OUT_OF_RANGE" },
    { make: unimplemented, code: 12, name: "UNIMPLEMENTED" },
    { make: internal, code: 13, name: "INTERNAL" },
    { make: unavailable, code: 14, name: "UNAVAILABLE" },
  ])
    it(`of ${name} is code ${code} with message and fields`, () => {
      const error = make("why", { width: 12 });
      assert.deepEqual(statusOf(error), { code, message: "why", fields: { width: 12 } });
      assert.equal(error.message, "why");
      assert.equal(codeName(code), name);
    });

  it("without fields has none", () =>
    assert.deepEqual(notFound("why").status, { code: Code.NOT_FOUND, message: "why" }));

  it("keeps the cause of its error", () => {
    const cause = new Error("deeper");
    assert.equal(new StatusError({ code: Code.INTERNAL, message: "why" }, { cause }).cause, cause);
  });

  it("is never made of an error that is not ours", () => {
    const bug = new TypeError("bug");
    assert.throws(() => statusOf(bug), bug);
  });

  it("names a code without a name by its number", () => assert.equal(codeName(99), "CODE_99"));
});
