import assert from "node:assert/strict";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, uint128 } from "../support/p4-client.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { MiB } from "./daemon.js";
import { field, repeated } from "./messages.js";
import { RawClient, rpcs } from "./raw-client.js";
import { Random } from "./random.js";
import { Scene } from "./scene.js";

const code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;
const write = "/p4.v1.P4Runtime/Write";

const role = "hostile";
const electionId = uint128(3n);
/** Header of a Write by the primary of the role. */
const header = p4.v1.WriteRequest.encode({ deviceId: long(1n), role, electionId }).finish();

describe("bytes that are no request", () => {
  noLeaks();
  let scene: Scene;

  before(async function () {
    this.timeout(40_000);
    scene = await Scene.start();
  });
  after(() => scene[Symbol.asyncDispose]());

  for (const [path, kind] of rpcs)
    it(`are refused by ${path}`, async () => {
      using client = new RawClient(scene.port);
      const random = new Random(path.length);
      await scene.withstands(async () => {
        for (let i = 0; i < 60; i++) {
          const status = await client.call(path, kind, random.bytes(random.below(200)));
          const bad =
            status.code === code.internal || (status.code === code.unknown && !status.details.includes("failed"));
          assert.ok(!bad, `${status.code} ${status.details}`);
          if (status.code === code.cancelled) break; // it takes any bytes; one such wait is enough
        }
      });
    });

  for (const [path, kind] of rpcs.slice(0, 7))
    it(`are RESOURCE_EXHAUSTED if they are 100 MB: ${path}`, async function () {
      this.timeout(60_000);
      using client = new RawClient(scene.port);
      const bytes = Buffer.alloc(100_000_000);
      await scene.withstands(async () => {
        assert.equal((await client.call(path, kind, bytes)).code, code.resourceExhausted);
      });
    });

  const size = 60 * MiB;
  const groups = "0b".repeat(64);
  for (const row of [
    { title: "random bytes", bytes: () => new Random(1).bytes(size), code: code.invalidArgument },
    { title: "zeros", bytes: () => Buffer.alloc(size), code: code.invalidArgument },
    { title: "groups in groups", bytes: () => repeated(groups, size / 64), code: code.invalidArgument },
    { title: "unknown fields", bytes: () => repeated("7800", size / 2, header), code: code.invalidArgument },
    { title: "empty updates", bytes: () => repeated("2200", size / 2, header), code: code.resourceExhausted },
    {
      title: "unknown fields in an election id",
      bytes: () => field(0x1a, repeated("7800", size / 2)),
      code: code.invalidArgument,
    },
    {
      title: "unknown fields in an update",
      bytes: () => Buffer.concat([header, field(0x22, repeated("7800", size / 2))]),
      code: code.unknown,
    },
  ])
    it(`of 60 MB are a Write refused: ${row.title}`, async function () {
      this.timeout(60_000);
      using client = new RawClient(scene.port);
      const bytes = row.bytes();
      const controller = new P4Client(`127.0.0.1:${scene.port}`);
      const stream = controller.stream();
      await stream.arbitrate(3n, { role: { name: role } });
      try {
        await scene.withstands(async () => {
          const status = await client.call(write, "unary", bytes);
          assert.equal(status.code, row.code, status.details);
        });
      } finally {
        stream.cancel();
        controller.close();
      }
    });
});
