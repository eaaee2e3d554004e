import assert from "node:assert/strict";
import fc from "fast-check";
import { finish } from "../../../src/base/steps.js";
import { StatusError } from "../../../src/base/status.js";
import { decodeReadRequest } from "../../../src/wire/decode-read.js";
import { StreamDecoder } from "../../../src/wire/decode-stream.js";
import { decodeWriteRequest } from "../../../src/wire/decode-write.js";
import { EncodedP4Info } from "../../../src/wire/p4info-source.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { generatedType, messages } from "../../support/generated-types.js";
import { schemaOf, shapes } from "../../support/programs.js";

const schema = schemaOf(shapes);
const stream = new StreamDecoder();

function each(count: number, decode: (index: number) => unknown): void {
  for (let i = 0; i < count; i++) refusable(() => decode(i));
}

/** Runs `attempt`, which may be refused but not fail otherwise. */
function refusable(attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

interface Decoder {
  readonly message: string;
  readonly depth: number;
  readonly decode: (bytes: Uint8Array) => void;
}

const decoders: Readonly<Record<string, Decoder>> = {
  decodeWriteRequest: {
    message: "p4.v1.WriteRequest",
    depth: 5,
    decode(bytes) {
      const { updates } = decodeWriteRequest(bytes);
      each(updates.count, (i) => updates.decode(i, schema));
    },
  },
  decodeReadRequest: {
    message: "p4.v1.ReadRequest",
    depth: 5,
    decode(bytes) {
      const { queries } = decodeReadRequest(bytes);
      each(queries.count, (i) => queries.decode(i, schema));
    },
  },
  StreamDecoder: { message: "p4.v1.StreamMessageRequest", depth: 4, decode: (bytes) => void stream.decode(bytes) },
  EncodedP4Info: {
    message: "p4.config.v1.P4Info",
    depth: 4,
    decode(bytes) {
      const source = new EncodedP4Info(bytes);
      refusable(() => source.fingerprint());
      indexP4Info(finish(source.decode()));
    },
  },
};

/** Bytes of `message`, some of them changed, cut out or doubled. */
function damaged(name: string, depth: number): fc.Arbitrary<Uint8Array> {
  const type = generatedType(name);
  return fc
    .tuple(
      messages(name, depth).map((message) => type.encode(message).finish()),
      fc.array(fc.record({ at: fc.nat(), cut: fc.nat(3), put: fc.uint8Array({ maxLength: 4 }) }), { maxLength: 4 }),
    )
    .map(([bytes, edits]) =>
      edits.reduce((before, { at, cut, put }) => {
        const from = at % (before.length + 1);
        return Buffer.concat([before.subarray(0, from), put, before.subarray(from + cut)]);
      }, Buffer.from(bytes)),
    );
}

for (const [name, { message, depth, decode }] of Object.entries(decoders))
  describe(name, () => {
    for (const { kind, bytes, runs } of [
      { kind: "any bytes", bytes: fc.uint8Array({ maxLength: 100 }), runs: 300 },
      { kind: `a damaged ${message}`, bytes: damaged(message, depth), runs: 100 },
    ])
      it(`gives a value or a StatusError for ${kind}`, () => {
        fc.assert(
          fc.property(bytes, (input) => refusable(() => decode(input))),
          { numRuns: fuzzRuns(runs) },
        );
      });
  });

describe("a decoder of hostile bytes", () => {
  const mega = 1 << 20;

  /** Memory that `decode` asks for and keeps until its end, in bytes. */
  function memory(decode: () => unknown): number {
    const gc = globalThis.gc;
    assert.ok(gc, "run with --expose-gc");
    gc();
    const before = process.memoryUsage();
    let kept: unknown;
    refusable(() => (kept = decode()));
    gc();
    const after = process.memoryUsage();
    assert.ok(kept !== before);
    return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  }

  /** `pair` over and over. */
  const many = (pair: string) => Buffer.alloc(mega, pair, "hex");
  const inside = (tag: string, body: Uint8Array) =>
    Buffer.concat([Buffer.from(tag, "hex"), Buffer.from("808040", "hex"), body]); // 1 MiB as a varint

  for (const { name, decode } of [
    { name: "empty updates", decode: () => decodeWriteRequest(many("2200")) },
    { name: "empty entities to read", decode: () => decodeReadRequest(many("1200")) },
    { name: "empty election ids", decode: () => decodeWriteRequest(many("1a00")) },
    { name: "empty packet metadata", decode: () => stream.decode(inside("12", many("1200"))) },
    { name: "empty packets", decode: () => stream.decode(many("1200")) },
  ])
    it(`keeps at most 16 times the size of ${name}`, () => {
      const bytes = memory(decode);
      assert.ok(bytes < 16 * mega, `${bytes}`);
    });

  it("takes an announced length for what it is", () => {
    for (const [message, decode] of [
      ["22ffffffff0f", decodeWriteRequest],
      ["12ffffffff07", decodeReadRequest],
      ["0affffffff07", (bytes: Uint8Array) => stream.decode(bytes)],
    ] as const)
      assert.throws(() => decode(Buffer.from(message, "hex")), /bytes announced/);
  });
});
