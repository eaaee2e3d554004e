import assert from "node:assert/strict";
import { Span } from "../../../src/wire/span.js";

const bytes = (text: string) => Buffer.from(text, "hex");
const held = (span: Span) => Buffer.from(span.bytes.subarray(span.start, span.end)).toString("hex");

describe("Span", () => {
  it("borrows the only occurrence of a message", () => {
    const message = bytes("00010203");
    const span = new Span();
    span.add(message, 1, 3);
    assert.equal(span.bytes, message);
    assert.equal(held(span), "0102");
  });

  it("joins occurrences, and leaves what it was given alone", () => {
    const message = bytes("0001020304");
    const span = new Span();
    for (const [start, end] of [
      [1, 3],
      [4, 5],
      [2, 2],
      [0, 1],
    ] as const)
      span.add(message, start, end);
    assert.equal(held(span), "01020400");
    assert.equal(message.toString("hex"), "0001020304");
  });

  it("begins afresh once cleared", () => {
    const span = new Span();
    span.add(bytes("01"), 0, 1);
    span.add(bytes("02"), 0, 1);
    const { bytes: before } = span;
    span.clear();
    assert.equal(span.present, false);
    span.add(bytes("03"), 0, 1);
    span.add(bytes("04"), 0, 1);
    assert.equal(held(span), "0304");
    assert.deepEqual([...before.subarray(0, 2)], [1, 2]);
  });

  it("does not copy all that came before with each occurrence", () => {
    const span = new Span();
    const buffers = new Set<Uint8Array>();
    for (let i = 0; i < 10_000; i++) {
      span.add(bytes("aabb"), 0, 2);
      buffers.add(span.bytes);
    }
    assert.equal(span.end - span.start, 20_000);
    assert.ok(buffers.size < 20, `${buffers.size} buffers`);
  });
});
