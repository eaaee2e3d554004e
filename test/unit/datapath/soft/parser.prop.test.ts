import assert from "node:assert/strict";
import fc from "fast-check";
import { Presence, keyFields, keyWords } from "../../../../src/datapath/frame-key.js";
import type { PortId } from "../../../../src/datapath/port.js";
import { parseFrame } from "../../../../src/datapath/soft/parser.js";
import { anyFrame } from "../../../support/any-frame.js";
import { fuzzRuns } from "../../../support/fuzz-runs.js";

const port = 3 as PortId;

/** Which presence bits may come together: headers exclude each other as the key layout needs. */
function consistent(presence: number): boolean {
  const has = (bits: number) => (presence & bits) !== 0;
  const network = [Presence.ipv4, Presence.ipv6, Presence.arp].filter(has);
  const transport = [Presence.l4, Presence.icmp, Presence.icmpv6].filter(has);
  return (
    network.length <= 1 &&
    transport.length <= 1 &&
    has(Presence.ip) === has(Presence.ipv4 | Presence.ipv6) &&
    (transport.length === 0 || has(Presence.ip)) &&
    (!has(Presence.tcp) || has(Presence.l4)) &&
    !has(Presence.never)
  );
}

/** True if every bit that is set belongs to a header that is there. */
function onlyPresent(key: Int32Array): boolean {
  const allowed = new Int32Array(keyWords);
  allowed[0] = -1;
  for (const { word, shift, width, presence } of Object.values(keyFields)) {
    if (((key[0] ?? 0) & presence) !== presence) continue;
    let bits = ((1n << BigInt(width)) - 1n) << BigInt(shift);
    for (let at = word; bits > 0n; at--, bits >>= 32n) {
      allowed[at] = (allowed[at] ?? 0) | Number(BigInt.asIntN(32, bits));
    }
  }
  return key.every((word, at) => (word & ~(allowed[at] ?? 0)) === 0);
}

describe("parseFrame on any bytes", () => {
  it("never throws, and sets only bits of headers that are there", () => {
    const key = new Int32Array(keyWords);
    fc.assert(
      fc.property(anyFrame(), (frame) => {
        const parsable = parseFrame(port, frame, key);
        const presence = key[0] ?? 0;
        return consistent(presence) && onlyPresent(key) && (parsable || presence === 0);
      }),
      { numRuns: fuzzRuns(1000) },
    );
  });

  it("reads nothing beyond the end of a frame", () => {
    const inside = new Int32Array(keyWords);
    const alone = new Int32Array(keyWords);
    fc.assert(
      fc.property(anyFrame(), fc.uint8Array({ minLength: 64, maxLength: 64 }), (frame, behind) => {
        const buffer = new Uint8Array([...frame, ...behind]);
        const parsable = parseFrame(port, buffer.subarray(0, frame.length), inside);
        assert.equal(parsable, parseFrame(port, frame.slice(), alone));
        assert.deepEqual(inside, alone);
      }),
      { numRuns: fuzzRuns(300) },
    );
  });
});
