import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import fc from "fast-check";
import { silentLogger } from "../../../src/base/logger.js";
import { invalidArgument } from "../../../src/base/status.js";
import type { RpcContext } from "../../../src/rpc/context.js";
import { clipEncoded, encodedLength } from "../../../src/rpc/status-text.js";
import { serviceError } from "../../../src/rpc/unary.js";

const texts = fc.string({ unit: fc.constantFrom("a", " ", "\n", "%", "é", "字", "😀", "\ud800"), maxLength: 60 });

describe("a status message", () => {
  it("takes at most the bytes that there are, percent-encoded, and as many as fit", () => {
    const fits = (text: string, max: number) => {
      const shown = clipEncoded(text, max);
      assert.ok(encodedLength(shown) <= max, `${encodedLength(shown)} bytes for ${max}`);
      if (encodedLength(text) <= max) assert.equal(shown, text);
      else if (max < 9) assert.equal(shown, "");
      else assert.ok(encodedLength(shown) > max - 12, `only ${encodedLength(shown)} bytes of ${max}`);
    };
    fc.assert(fc.property(texts, fc.nat(400), fits));
  });

  const context: RpcContext = {
    devices: new Map(),
    log: silentLogger,
    backlog: { frames: 1, bytes: 1 },
    streamErrors: undefined,
    streams: new Set(),
    build: { version: "0", platform: "test", runtime: "test" },
    maxMessageBytes: 0,
    fatal: () => {},
    finished: () => {},
  };

  for (const { agent, budget } of [
    { agent: "grpc-python/1.75.0 grpc-c/50.0.0 (linux; chttp2)", budget: 8 * 1024 },
    { agent: "grpc-node-js/1.14.0", budget: 48 * 1024 },
  ])
    for (const word of ["x", "a b ", "字", "😀", "a😀"])
      it(`of a hundred thousand '${word}' fits the trailers of ${agent}`, () => {
        const metadata = new grpc.Metadata();
        metadata.set("user-agent", agent);
        const call = { metadata, getPeer: () => "peer" };
        const { details } = serviceError(context, "Write", call, invalidArgument(word.repeat(100_000)));
        assert.ok(encodeURI(details).length + 128 <= budget, `${encodeURI(details).length} bytes`);
        assert.ok(details.length > 500, "most of it");
      });
});
