import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { outgoing } from "../../../src/rpc/outgoing.js";
import { byteMethod } from "../../../src/rpc/method.js";
import { announcedHeaderList, trailerBudget } from "../../../src/rpc/peer-limits.js";
import { noLeaks } from "../../support/no-leaks.js";

const KiB = 1024;
const MiB = 1024 * KiB;
const python = "grpc-python/1.85.1 grpc-c/53.0.0 (linux; chttp2)";
const go = "grpc-go/1.79.0";

/** A call as the library hands it to a handler, reduced to where the peer's settings are. */
function callOf(agent: string, announced: number | undefined) {
  const metadata = new grpc.Metadata();
  metadata.set("user-agent", agent);
  const remoteSettings = announced === undefined ? {} : { maxHeaderListSize: announced };
  return { metadata, call: { nextCall: { stream: { session: { remoteSettings } } } } };
}

describe("the bytes of trailers a peer takes", () => {
  for (const { agent, announced, want } of [
    { agent: python, announced: 16 * KiB, want: 8 * KiB }, // C-core's default: half of what it announces
    { agent: python, announced: 4 * KiB, want: 4 * KiB },
    { agent: python, announced: 80 * KiB, want: 64 * KiB }, // grpc.max_metadata_size of 64 KiB
    { agent: python, announced: 100 * MiB, want: 4 * MiB },
    { agent: go, announced: 2 ** 32 - 1, want: 4 * MiB }, // announces nothing
    { agent: go, announced: 32 * KiB, want: 32 * KiB },
    { agent: go, announced: 8 * KiB, want: 8 * KiB },
    { agent: "grpc-java-netty/1.70.0", announced: 8 * KiB, want: 8 * KiB },
    { agent: "grpc-node-js/1.14.7", announced: 2 ** 32 - 1, want: 48 * KiB },
    { agent: "grpc-node-js/1.14.7", announced: 4 * KiB, want: 48 * KiB },
    { agent: go, announced: undefined, want: 8 * KiB },
  ])
    it(`are ${want} for ${agent} that announces ${announced ?? "what we cannot see"}`, () => {
      assert.equal(trailerBudget(callOf(agent, announced)), want);
    });

  describe("on a connection", () => {
    noLeaks();
    let server: grpc.Server;
    let port: number;
    const streaming = byteMethod("test.Limits", "Stream", "server");
    const unary = byteMethod("test.Limits", "Call", "unary");

    before(async () => {
      server = new grpc.Server({ interceptors: [outgoing] });
      server.addService(
        { Call: unary, Stream: streaming },
        {
          Call: (call: object, answer: grpc.sendUnaryData<Buffer>) =>
            answer(null, Buffer.from(String(announcedHeaderList(call)))),
          Stream: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
            call.write(Buffer.from(String(announcedHeaderList(call))));
            call.end();
          },
        },
      );
      port = await new Promise((resolve, reject) => {
        const credentials = grpc.ServerCredentials.createInsecure();
        server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
      });
    });
    after(() => server.forceShutdown());

    for (const path of [unary.path, streaming.path])
      for (const { settings, want } of [
        { settings: {}, want: String(2 ** 32 - 1) },
        { settings: { maxHeaderListSize: 16 * KiB }, want: String(16 * KiB) },
        { settings: { maxHeaderListSize: 12_345 }, want: "12345" },
        { settings: { maxHeaderListSize: 0 }, want: "0" },
      ])
        it(`${path} reads ${want} from SETTINGS ${JSON.stringify(settings)}`, async () => {
          const session = http2.connect(`http://127.0.0.1:${port}`, { settings });
          const stream = session.request({
            ":method": "POST",
            ":path": path,
            "content-type": "application/grpc",
            te: "trailers",
          });
          stream.end(Buffer.alloc(5));
          const parts: Buffer[] = [];
          stream.on("data", (part: Buffer) => parts.push(part));
          await once(stream, "end");
          session.close();
          await once(session, "close");
          assert.equal(Buffer.concat(parts).subarray(5).toString(), want);
        });
  });
});
