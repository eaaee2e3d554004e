import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import fc from "fast-check";
import { Code, type Status } from "../../../src/base/status.js";
import { batchError } from "../../../src/rpc/batch-error.js";
import { google, p4 } from "../../../src/wire/gen/proto.js";

const KiB = 1024;

/** A call of a peer that takes `bytes` of trailers, more than 16 KiB. */
function peerOf(bytes: number) {
  const metadata = new grpc.Metadata();
  metadata.set("user-agent", "grpc-go/1.79.0");
  return { metadata, call: { stream: { session: { remoteSettings: { maxHeaderListSize: bytes } } } } };
}

const failed = (message: string): Status => ({ code: Code.NOT_FOUND, message });
const decoded = (details: Buffer | undefined) =>
  details &&
  google.rpc.Status.decode(details).details.map(({ value }) => p4.v1.Error.decode(value ?? new Uint8Array(0)));

describe("the error of a batch", () => {
  it("gives the counts and the first failure, in the words of the batch", () => {
    const results = [undefined, failed("no such entry"), undefined, failed("neither this one")];
    const { code, message } = batchError(results, "requests", peerOf(64 * KiB));
    assert.deepEqual([code, message], [Code.UNKNOWN, "2 of 4 requests failed; first: #1 NOT_FOUND no such entry"]);
  });

  it("names the update that was wrong, not those that were undone before it", () => {
    const undone: Status = { code: Code.ABORTED, message: "undone" };
    const { message } = batchError([undone, undone, failed("no such entry"), undone], "updates", peerOf(64 * KiB));
    assert.equal(message, "4 of 4 updates failed; first: #2 NOT_FOUND no such entry");
  });

  for (const { messages, slots, longest } of [
    { messages: 200, slots: 40, longest: 200 }, // whole
    { messages: 2000, slots: 100, longest: 160 }, // 200 kB whole, about 20 kB in 160 characters
    { messages: 2000, slots: 200, longest: 64 },
    { messages: 2000, slots: 500, longest: 0 },
  ])
    it(`of ${slots} failures with ${messages} characters keeps ${longest} of each for a peer that takes 36 KiB`, () => {
      const results = Array.from({ length: slots }, () => failed("x".repeat(messages)));
      const errors = decoded(batchError(results, "updates", peerOf(36 * KiB + 1024)).details);
      assert.deepEqual(new Set(errors?.map(({ message }) => message.length)), new Set([longest]));
      assert.deepEqual(new Set(errors?.map(({ canonicalCode }) => canonicalCode)), new Set([Code.NOT_FOUND]));
    });

  it("leaves the details out when not even the codes fit", () => {
    const results = Array.from({ length: 1000 }, () => failed("x"));
    assert.equal(batchError(results, "updates", peerOf(36 * KiB)).details, undefined);
  });

  it("never exceeds what the peer takes, and leaves out details only if the bare slots do not fit", () => {
    const result = fc.option(fc.string({ unit: fc.constantFrom("a", " ", "é", "字", "😀"), maxLength: 400 }), {
      nil: undefined,
      freq: 3,
    });
    const results = fc.array(result, { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(results, fc.integer({ min: 17 * KiB, max: 80 * KiB }), (messages, budget) => {
        const statuses = [
          failed("one at least"),
          ...messages.map((text) => (text === undefined ? text : failed(text))),
        ];
        const { message, details } = batchError(statuses, "updates", peerOf(budget));
        const bare = 40 * statuses.length + Buffer.byteLength(message);
        assert.ok(message.isWellFormed());
        for (const error of decoded(details) ?? []) assert.ok(!error.message.includes("\ufffd"), "half a character");
        if (details === undefined) assert.ok((4 / 3) * bare + encodeURIComponent(message).length > budget - 512);
        else {
          const bytes = details.toString("base64").length + encodeURIComponent(message).length;
          assert.ok(bytes + 128 <= budget, `${bytes} bytes and names for a budget of ${budget}`);
          assert.equal(decoded(details)?.length, statuses.length);
        }
      }),
      { numRuns: 200 },
    );
  });
});
