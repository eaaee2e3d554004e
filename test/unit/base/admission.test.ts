import assert from "node:assert/strict";
import { Admission } from "../../../src/base/admission.js";

describe("Admission", () => {
  it("lets in as many requests as its limit names, and more when some leave", () => {
    const admission = new Admission({ requests: 2, bytes: 100 });
    const first = admission.enter(1);
    assert.ok(first);
    assert.ok(admission.enter(1));
    assert.equal(admission.enter(1), undefined);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assert.ok(admission.enter(1));
    assert.equal(admission.enter(1), undefined);
  });

  it("lets in no more bytes than its limit names, but one request of any size", () => {
    const admission = new Admission({ requests: 10, bytes: 100 });
    const big = admission.enter(1000);
    assert.ok(big);
    assert.equal(admission.enter(1), undefined);
    big[Symbol.dispose]();
    assert.ok(admission.enter(60));
    assert.equal(admission.enter(41), undefined);
    assert.ok(admission.enter(40));
  });
});
