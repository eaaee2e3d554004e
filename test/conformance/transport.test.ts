import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { compressionAlgorithms } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { silentLogger } from "../../src/base/logger.js";
import { Code } from "../../src/base/status.js";
import { defaultConfig } from "../../src/config/defaults.js";
import { applyFlags } from "../../src/config/flags.js";
import { parseConfig } from "../../src/config/load.js";
import { run } from "../../src/daemon/run.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { Daemon } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, primary, push, rejected, uint128, type Failure } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { codeOf, told, twoDevices } from "./arbitration.js";
import { etherType, inserting, lldp, packetOut, publicEntries, trapLldp } from "./wbb.js";

const service = "/p4.v1.P4Runtime/";
const everyEntry = { deviceId: long(1n), entities: [{ tableEntry: {} }] };
const minimal =
  "listeners: [{ address: 127.0.0.1, insecure: true }]\ndevices: [{ device_id: 1, datapath: { type: soft } }]\n";
const { VERIFY_AND_COMMIT } = p4.v1.SetForwardingPipelineConfigRequest.Action;

describe("the service", () => {
  noLeaks();

  requirement(["SRV-01", "SRV-04"], "listens on 9559 where nothing says otherwise, and on no other port", async () => {
    const config = await parseConfig(Buffer.from(minimal), "minimal.yaml");
    for (const { listeners, telemetry } of [defaultConfig, config]) {
      assert.deepEqual(
        listeners.map((listener) => listener.kind === "tcp" && listener.port),
        [9559],
      );
      assert.equal(telemetry.prometheus, undefined);
    }
    const holder = createServer().on("error", () => {}); // whoever has the port already holds it as well
    holder.listen(9559, "127.0.0.1");
    await new Promise<void>((resolve) => holder.once("listening", resolve).once("error", () => resolve()));
    try {
      const { code, stderr } = await Daemon.outcome({});
      assert.equal(code, 71);
      assert.match(stderr, /127\.0\.0\.1:9559/);
    } finally {
      holder.close();
    }
  });

  requirement("SRV-02", "listens on the port it is given, by file or by flag", async () => {
    const inFile = await freePort();
    const file = minimal.replace("insecure", `port: ${inFile}, insecure`);
    const asked = [
      { port: inFile, config: await parseConfig(Buffer.from(file), "port.yaml") },
      ...[await freePort()].map((port) => ({ port, config: applyFlags(defaultConfig, { port }) })),
    ];
    for (const { port, config } of asked) {
      const stop = new AbortController();
      const settings = { config, configFile: "test", logLevel: "error", portFile: undefined, version: "test" } as const;
      let running: Promise<void> = Promise.resolve();
      await new Promise<void>((ready, failed) => {
        running = run({ ...settings, stop: stop.signal }, silentLogger, () => ready());
        running.catch(failed);
      });
      using client = new P4Client(`127.0.0.1:${port}`);
      await client.capabilities();
      stop.abort();
      await running;
    }
  });

  requirement("SRV-03", "is p4.v1.P4Runtime with its six RPCs, as reflection tells", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    for (const version of ["v1", "v1alpha"]) {
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      const listed = reflectionAnswer(await client.exchange(path, Buffer.from("\x3a\x01*")));
      assert.ok(listed.services?.some(({ name }) => name === "p4.v1.P4Runtime"));
      const symbol = "p4.v1.P4Runtime";
      const found = reflectionAnswer(
        await client.exchange(path, Buffer.from(`\x22${String.fromCharCode(symbol.length)}${symbol}`)),
      );
      const methods = found.files
        ?.flatMap((file) => file.service ?? [])
        .filter(({ name }) => name === "P4Runtime")
        .flatMap(({ method }) => method ?? [])
        .map(({ name, clientStreaming = false, serverStreaming = false }) => [name, clientStreaming, serverStreaming]);
      assert.deepEqual(methods, [
        ["Write", false, false],
        ["Read", false, true],
        ["SetForwardingPipelineConfig", false, false],
        ["GetForwardingPipelineConfig", false, false],
        ["StreamChannel", true, true],
        ["Capabilities", false, false],
      ]);
    }
  });

  requirement(
    ["SRV-08", "AMB-44"],
    "takes requests of 4 MiB and never less, and refuses larger ones than configured",
    async () => {
      await assert.rejects(parseConfig(Buffer.from(`${minimal}limits: { max_recv_bytes: 4000KiB }`), "small.yaml"));
      await assert.rejects(parseConfig(Buffer.from(`${minimal}limits: { max_recv_bytes: 4194303 }`), "small.yaml"));
      await using agent = await Agent.start({ yaml: `${minimal}limits: { max_recv_bytes: 4MiB }` });
      const client = agent.client();
      const stream = await primary(client);
      const padded = (bytes: number) => {
        const request = p4.v1.WriteRequest.encode(inserting(publicEntries, 1)).finish();
        return Buffer.concat([request, unknownField(bytes - request.length)]);
      };
      const fits = 4 * 1024 * 1024;
      assert.equal(padded(fits).length, fits);
      await client.unary(`${service}Write`, padded(fits), p4.v1.WriteResponse);
      assert.equal((await client.read(everyEntry)).length, publicEntries.length);
      assert.equal(
        await codeOf(client.unary(`${service}Write`, padded(fits + 1), p4.v1.WriteResponse)),
        "RESOURCE_EXHAUSTED",
      );
      const head =
        p4.v1.StreamMessageRequest.encode(packetOut([[1, "1"]], Buffer.alloc(fits - 100))).finish().length -
        (fits - 100);
      stream.send(packetOut([[1, "1"]], Buffer.alloc(fits - head)));
      assert.equal((await stream.error()).code, 1);
      await stream.quiet();
    },
  );

  requirement("SRV-09", "takes a device configuration of 16 MiB", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await primary(client);
    const p4DeviceConfig = Buffer.alloc(16 * 1024 * 1024, 7);
    const p4info = (await client.getPipeline({ deviceId: long(1n) })).config?.p4info ?? {};
    const claim = { deviceId: long(1n), electionId: uint128(1n), action: VERIFY_AND_COMMIT };
    await client.setPipeline({ ...claim, config: { p4info, p4DeviceConfig } });
    const { config } = await client.getPipeline({ deviceId: long(1n) });
    assert.ok(p4DeviceConfig.equals(config?.p4DeviceConfig ?? new Uint8Array()));
  });

  requirement(["SRV-10", "AMB-63"], "reports large failed batches whole, as far as the client takes them", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await primary(client);
    await trapLldp(client);
    const failing = (count: number) =>
      rejected(client.write(inserting(Array<ReturnType<typeof etherType>>(count).fill(etherType("88cc")), 1)));
    const { code, slots } = await failing(400);
    assert.equal(code, Code.UNKNOWN);
    assert.equal(slots?.length, 400);
    assert.ok(slots.every((slot) => slot.code === Code.ALREADY_EXISTS));
    const beyond = await failing(5000);
    assert.deepEqual([beyond.code, beyond.slots], [Code.UNKNOWN, undefined]);
    assert.match(beyond.message, /^5000 of 5000 updates failed; first: #0 ALREADY_EXISTS /);
  });

  requirement("SRV-11", "serves Reads that come at once, on one connection and on several", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await primary(client);
    await client.write(inserting(publicEntries, 1));
    const readers = [client, agent.client(), agent.client()];
    const reads = readers.flatMap((reader) => Array.from({ length: 30 }, () => reader.read(everyEntry)));
    for (const entities of await Promise.all(reads)) assert.equal(entities.length, publicEntries.length);
  });

  it("understands requests that are compressed", async () => {
    await using agent = await Agent.start();
    const gzip = agent.client({ "grpc.default_compression_algorithm": compressionAlgorithms.gzip });
    const stream = await primary(gzip);
    await gzip.write(inserting(publicEntries, 1));
    assert.equal((await gzip.read(everyEntry)).length, publicEntries.length);
    await stream.quiet();
  });

  requirement("SRV-13", "keeps devices apart", async () => {
    await using agent = await Agent.start({ yaml: twoDevices });
    const client = agent.client();
    const [one, two] = [await primary(client, 10n), client.stream()];
    assert.equal(told(await two.arbitrate(5, { deviceId: long(2n) })), "OK 5");
    await trapLldp(client, 10);
    assert.equal((await client.getPipeline({ deviceId: long(2n) })).config ?? undefined, undefined);
    assert.equal(await codeOf(client.read({ ...everyEntry, deviceId: long(2n) })), "FAILED_PRECONDITION");
    assert.equal(await codeOf(trapLldp(client, 10, { deviceId: long(2n) })), "PERMISSION_DENIED");
    await push(client, 5n, "wbb", { deviceId: 2n });
    assert.equal((await client.read({ ...everyEntry, deviceId: long(2n) })).length, 0);
    assert.equal((await client.read(everyEntry)).length, 1);
    await one.quiet();
    await two.quiet();
  });

  requirement("SRV-14", "judges a Write by its triple, whichever connection carries it", async () => {
    await using agent = await Agent.start();
    await primary(agent.client(), 10n);
    assert.equal(await codeOf(trapLldp(agent.client(), 10)), "OK");
    assert.equal(await codeOf(trapLldp(agent.client(), 9)), "PERMISSION_DENIED");
  });

  requirement("SRV-15", "is UNAVAILABLE until it serves and when it stops", async () => {
    const port = await freePort();
    using client = new P4Client(`127.0.0.1:${port}`);
    const tries = () => Promise.all([codeOf(client.write(inserting([], 1))), codeOf(client.read(everyEntry))]);
    assert.deepEqual(await tries(), ["UNAVAILABLE", "UNAVAILABLE"]);
    {
      await using _daemon = await Daemon.start({ args: ["--port", String(port)] });
      using served = new P4Client(`127.0.0.1:${port}`);
      assert.deepEqual(await Promise.all([codeOf(served.write(inserting([], 1))), codeOf(served.read(everyEntry))]), [
        "PERMISSION_DENIED",
        "FAILED_PRECONDITION",
      ]);
    }
    const agent = await Agent.start();
    const [live, stranger] = [agent.client().stream(), agent.client().stream()];
    await live.arbitrate(1);
    await stranger.quiet();
    await agent[Symbol.asyncDispose]();
    for (const stream of [live, stranger]) {
      const { code, details } = await stream.ended();
      assert.deepEqual([code, details], [Code.UNAVAILABLE, "p4rtd is stopping"]);
    }
  });

  requirement("SRV-16", "forgets all in a restart", async () => {
    {
      await using agent = await Agent.start();
      const client = agent.client();
      await primary(client, 100n);
      await trapLldp(client, 100);
    }
    await using agent = await Agent.start();
    const client = agent.client();
    assert.equal(told(await client.stream().arbitrate(undefined)), "NOT_FOUND unset");
    assert.equal((await client.getPipeline({ deviceId: long(1n) })).config ?? undefined, undefined);
    assert.equal(told(await client.stream().arbitrate(1)), "OK 1");
    await push(client);
    assert.equal((await client.read(everyEntry)).length, 0);
  });

  requirement("SRV-18", "says in English why an RPC failed", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const unknown = { deviceId: long(9n) };
    const failed: Failure[] = [
      await rejected(client.write({ deviceId: long(0n) })),
      await rejected(client.write(inserting([], 1))),
      await rejected(client.read(unknown)),
      await rejected(client.read(everyEntry)),
      await rejected(client.getPipeline(unknown)),
      await rejected(client.capabilities(unknown)),
      await rejected(push(client, 3n)),
      await rejected(client.unary(`${service}Write`, Buffer.from("ffff", "hex"), p4.v1.WriteResponse)),
    ];
    await primary(client);
    failed.push(await rejected(client.write(inserting([etherType("0800")], 1))));
    failed.push(await rejected(client.write(inserting([], 1, { atomicity: 9 as never }))));
    for (const { message } of failed) assert.match(message, /[a-z]{2,} [a-z_]{2,}/);
  });

  requirement("SRV-21", "skips unknown fields", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const stream = client.stream();
    const arbitration = { deviceId: long(1n), electionId: uint128(1n) };
    const padded = (bytes: Uint8Array) => Buffer.concat([unknownFields, bytes, unknownFields]);
    stream.sendBytes(padded(p4.v1.StreamMessageRequest.encode({ arbitration }).finish()));
    assert.equal(told(await stream.arbitration()), "OK 1");
    await push(client);
    const write = padded(p4.v1.WriteRequest.encode(inserting([etherType("88cc")], 1)).finish());
    await client.unary(`${service}Write`, write, p4.v1.WriteResponse);
    const read = padded(p4.v1.ReadRequest.encode(everyEntry).finish());
    const [answer] = await client.serverStream(`${service}Read`, read, p4.v1.ReadResponse);
    assert.equal(answer?.entities.length, 1);
    const get = padded(p4.v1.GetForwardingPipelineConfigRequest.encode({ deviceId: long(1n) }).finish());
    await client.unary(`${service}GetForwardingPipelineConfig`, get, p4.v1.GetForwardingPipelineConfigResponse);
    await client.unary(`${service}Capabilities`, unknownFields, p4.v1.CapabilitiesResponse);
    stream.sendBytes(padded(p4.v1.StreamMessageRequest.encode(packetOut([[1, "1"]], lldp)).finish()));
    await stream.quiet();
    stream.sendBytes(unknownFields);
    assert.equal((await stream.error()).canonicalCode, Code.INVALID_ARGUMENT);
  });

  requirement("SRV-21", "refuses unknown enum numbers as values it does not support", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await primary(client);
    const [update] = inserting([etherType("88cc")], 1).updates ?? [];
    const deviceId = long(1n);
    const electionId = uint128(1n);
    assert.equal(await codeOf(client.write(inserting([], 1, { atomicity: 7 as never }))), "UNIMPLEMENTED");
    const { slots } = await rejected(client.write(inserting([], 1, { updates: [{ ...update, type: 7 as never }] })));
    assert.equal(slots?.[0]?.code, Code.INVALID_ARGUMENT);
    assert.equal(await codeOf(client.setPipeline({ deviceId, electionId, action: 77 as never })), "INVALID_ARGUMENT");
    assert.equal(await codeOf(client.getPipeline({ deviceId, responseType: 77 as never })), "INVALID_ARGUMENT");
  });
});

/** A port that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  server.close();
  await once(server, "close");
  return port;
}

/** Field 2000, delimited, `bytes` bytes in all. */
function unknownField(bytes: number): Buffer {
  const head = (length: number) => protobuf.Writer.create().uint32(16002).uint32(length).finish();
  const body = bytes - head(bytes).length;
  return Buffer.concat([head(body), Buffer.alloc(body)]);
}

/** One unknown field of each wire type. */
const unknownFields = Buffer.from(
  protobuf.Writer.create()
    .uint32(16000)
    .uint64(123456789)
    .uint32(16001)
    .fixed64(5)
    .uint32(16002)
    .bytes(Buffer.from("unknown"))
    .uint32(16005)
    .fixed32(5)
    .finish(),
);

const reflection = protobuf.parse(`
  syntax = "proto3";
  message Answer { Files files = 4; Services services = 6; }
  message Files { repeated bytes file = 1; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; repeated Method method = 2; }
  message Method { string name = 1; bool client_streaming = 5; bool server_streaming = 6; }
  message File { repeated Service service = 6; }
`).root;

interface ReflectedService {
  readonly name?: string;
  readonly method?: readonly {
    readonly name?: string;
    readonly clientStreaming?: boolean;
    readonly serverStreaming?: boolean;
  }[];
}

interface ReflectionAnswer {
  readonly services: readonly ReflectedService[] | undefined;
  readonly files: readonly { readonly service?: readonly ReflectedService[] }[] | undefined;
}

function reflectionAnswer(bytes: Buffer): ReflectionAnswer {
  const answer = reflection.lookupType("Answer").decode(bytes).toJSON() as {
    services?: { service?: ReflectedService[] };
    files?: { file?: string[] };
  }; // the shape of the type above
  const file = reflection.lookupType("File");
  return {
    services: answer.services?.service,
    files: answer.files?.file?.map((text) => file.decode(Buffer.from(text, "base64")).toJSON()),
  };
}
