import assert from "node:assert/strict";
import * as protobuf from "protobufjs/minimal.js";
import { Daemon } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { rejected, type P4Client } from "../support/p4-client.js";

const serving = 1;
const notServing = 2;
const health = "/grpc.health.v1.Health/";

/** HealthCheckRequest and HealthCheckResponse: one field each. */
const healthRequest = (service: string) => protobuf.Writer.create().uint32(0x0a).string(service).finish();
const healthResponse = codec((reader) => (reader.len === 0 ? 0 : (reader.uint32(), reader.int32())));

/** What a ServerReflectionResponse holds: its field, and the bytes in it. */
const reflectionResponse = codec((reader) => {
  const found = new Map<number, Uint8Array>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 2) found.set(tag >>> 3, reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
});

const listServices = protobuf.Writer.create().uint32(0x3a).string("").finish();
const symbol = (name: string) => protobuf.Writer.create().uint32(0x22).string(name).finish();

function codec<T>(decode: (reader: protobuf.Reader) => T) {
  return {
    encode: () => ({ finish: () => new Uint8Array(0) }),
    decode: (bytes: Uint8Array) => decode(protobuf.Reader.create(bytes)),
  };
}

/** Every `bytes` or `string` field 1 of a message. */
function ones(message: Uint8Array): readonly Uint8Array[] {
  const reader = protobuf.Reader.create(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 0x0a) found.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}

/** Name and imports of a FileDescriptorProto. */
function imports(descriptor: Uint8Array) {
  const reader = protobuf.Reader.create(descriptor);
  const imported: string[] = [];
  let name = "";
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 0x0a) name = reader.string();
    else if (tag === 0x1a) imported.push(reader.string());
    else reader.skipType(tag & 7);
  }
  return { name, imports: imported };
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

async function reflect(client: P4Client, version: string, request: Uint8Array): Promise<Map<number, Uint8Array>> {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const [response] = await client.serverStream(path, request, reflectionResponse);
  assert.ok(response);
  return response;
}

describe("the standard services of a process", () => {
  noLeaks();

  it("tell by Check that it serves, to two first callers at once", async () => {
    await using daemon = await Daemon.start();
    const client = await daemon.client();
    const names = ["", "p4.v1.P4Runtime"];
    const check = (name: string) => client.unary(`${health}Check`, healthRequest(name), healthResponse);
    assert.deepEqual(await Promise.all(names.map(check)), [serving, serving]);
  });

  it("answer who asks for a name that no trailers hold", async () => {
    await using daemon = await Daemon.start();
    const client = await daemon.client();
    for (const name of ["x".repeat(100_000), "a" + "😀".repeat(50_000)]) {
      const { code, message } = await rejected(client.unary(`${health}Check`, healthRequest(name), healthResponse));
      assert.equal(code, 5);
      assert.match(message, /^Health status unknown for service (x+|a😀+)…$/u);
    }
  });

  it("tell by Watch that it stops", async () => {
    await using daemon = await Daemon.start();
    const client = await daemon.client();
    const seen: number[] = [];
    let stopped: ReturnType<Daemon["stop"]> | undefined;
    await client
      .serverStream(`${health}Watch`, healthRequest(""), healthResponse, (status) => {
        seen.push(status);
        stopped ??= daemon.stop();
      })
      .catch(() => {}); // cut off by the stop
    assert.deepEqual(seen, [serving, notServing]);
    assert.equal((await stopped)?.code, 0);
  });

  for (const version of ["v1", "v1alpha"])
    it(`list and describe what is served by reflection ${version}, to two first callers at once`, async () => {
      await using daemon = await Daemon.start();
      const client = await daemon.client();
      const [list, file] = await Promise.all([
        reflect(client, version, listServices),
        reflect(client, version, symbol("p4.v1.P4Runtime")),
      ]);
      const services = ones(list.get(6) ?? new Uint8Array(0)).map((service) => text(ones(service)[0]));
      assert.ok(services.includes("p4.v1.P4Runtime") && services.includes("fourward.dataplane.Dataplane"));
      const files = ones(file.get(4) ?? new Uint8Array(0)).map(imports);
      const names = files.map(({ name }) => name);
      assert.ok(names.includes("p4_v1.proto"));
      assert.deepEqual(files.find(({ name }) => name === "p4_v1.proto")?.imports.toSorted(), [
        "google_protobuf.proto",
        "google_rpc.proto",
        "p4_config_v1.proto",
      ]);
      for (const each of files)
        assert.deepEqual(
          each.imports.filter((name) => !names.includes(name)),
          [],
        );
    });
});
