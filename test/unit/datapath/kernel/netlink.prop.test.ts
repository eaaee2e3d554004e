import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJoined, decodeLocalRoute, decodeNetconf } from "../../../../src/datapath/kernel/address-message.js";
import { decodeLink } from "../../../../src/datapath/kernel/link-message.js";
import {
  attribute,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  joined,
  nest,
} from "../../../../src/datapath/kernel/netlink.js";
import { fuzzRuns } from "../../../support/fuzz-runs.js";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const message = fc.record({
  type: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  sequence: fc.nat(0x7fffffff),
  body: bytes(40),
});
const plain = (each: Uint8Array) => [...each];

/** Random bytes, and messages with a few of their bytes changed: what nearly is one is where a decoder trips. */
const datagrams = fc.oneof(
  bytes(200),
  fc.tuple(fc.array(message, { maxLength: 4 }), fc.nat(200), fc.nat(255)).map(([messages, at, value]) => {
    const whole = joined(messages.map((each) => padded(encodeMessage(each))));
    if (at < whole.length) whole[at] = value;
    return whole;
  }),
);

function padded(encoded: Uint8Array): Uint8Array {
  return joined([encoded, new Uint8Array((4 - (encoded.length % 4)) % 4)]);
}

describe("netlink messages", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const datagram = joined(messages.map((each) => padded(encodeMessage(each))));
        const decoded = decodeMessages(datagram)?.map((each) => ({ ...each, body: plain(each.body) }));
        assert.deepEqual(
          decoded,
          messages.map((each) => ({ ...each, body: plain(each.body) })),
        );
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  it("give their attributes back, nested ones too", () => {
    const attributes = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), bytes(20)), {
      selector: ([number]) => number,
      maxLength: 6,
    });
    fc.assert(
      fc.property(attributes, (each) => {
        const encoded = each.map(([number, payload]) => attribute(number, payload));
        const outer = decodeAttributes(nest(7, ...encoded));
        const inner = decodeAttributes(outer?.get(7) ?? new Uint8Array(1));
        assert.deepEqual(
          [...(inner ?? [])].map(([number, payload]) => [number, plain(payload)]),
          each.map(([number, payload]) => [number, plain(payload)]),
        );
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  it("are refused or decoded within their bounds, whatever the bytes", () => {
    fc.assert(
      fc.property(datagrams, (datagram) => {
        const total = (decodeMessages(datagram) ?? []).reduce((sum, { body }) => sum + 16 + body.length, 0);
        assert.ok(total <= datagram.length);
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  for (const [title, decode] of [
    ["netdevs", decodeLink],
    ["routes", decodeLocalRoute],
    ["joined groups", decodeJoined],
    ["settings", decodeNetconf],
  ] as const) {
    it(`about ${title} give a value or nothing, whatever the bytes`, () => {
      fc.assert(
        fc.property(bytes(120), (body) => {
          const value = decode(body);
          assert.ok(value === undefined || typeof value === "object");
        }),
        { numRuns: fuzzRuns(200) },
      );
    });
  }
});
