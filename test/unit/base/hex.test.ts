import assert from "node:assert/strict";
import { toHex } from "../../../src/base/hex.js";

describe("bytes in hexadecimal", () => {
  for (const { bytes, limit, want } of [
    { bytes: [], limit: 4, want: "" },
    { bytes: [0, 0x0a, 0xff], limit: 4, want: "000aff" },
    { bytes: [1, 2, 3, 4], limit: 4, want: "01020304" },
    { bytes: [1, 2, 3, 4, 5], limit: 4, want: "01020304… (5 bytes)" },
  ])
    it(`are ${JSON.stringify(want)} for ${bytes.length} bytes of at most ${limit}`, () =>
      assert.equal(toHex(Uint8Array.from(bytes), limit), want));

  it("are those of a view, not of the buffer below it", () =>
    assert.equal(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3)), "0203"));
});
