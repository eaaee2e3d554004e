import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, primary, push, rejected, type P4Stream } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { allQuiet, codeOf, next, told } from "./arbitration.js";
import { copy, etherType, inserting, trapLldp } from "./wbb.js";

/** A controller whose connection can be broken. */
interface Fragile {
  readonly stream: P4Stream;
  readonly proxy: TcpProxy;
}

/** How a stream comes to its end, and what its own side sees of it. */
const breaks: readonly { readonly how: string; readonly breakOff: (fragile: Fragile) => void; readonly sees: Code }[] =
  [
    { how: "half-closes", breakOff: ({ stream }) => stream.finish(), sees: Code.OK },
    { how: "is cancelled", breakOff: ({ stream }) => stream.cancel(), sees: Code.CANCELLED },
    { how: "loses its connection to a TCP reset", breakOff: ({ proxy }) => proxy.reset(), sees: Code.UNAVAILABLE },
  ];

const fastKeepalive = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft } }]
keepalive: { time: 1s, timeout: 1s }
`;

describe("session life over gRPC", () => {
  noLeaks();

  for (const { how, breakOff, sees } of breaks) {
    requirement(
      ["ARB-43", "ARB-49", "ARB-58"],
      `a primary that ${how} leaves an empty seat to the others`,
      async () => {
        await using agent = await Agent.start();
        await using proxy = await TcpProxy.open(agent.port);
        using broken = new P4Client(proxy.address);
        const stream = broken.stream();
        const [backup, unset] = [agent.client().stream(), agent.client().stream()];
        assert.equal(told(await stream.arbitrate(10)), "OK 10");
        await backup.arbitrate(9);
        await unset.arbitrate(undefined);
        breakOff({ stream, proxy });
        assert.deepEqual(await next(backup, unset), ["NOT_FOUND 10", "NOT_FOUND 10"]);
        assert.equal((await stream.ended()).code, sees);
        await allQuiet(backup, unset);
        assert.equal(told(await backup.arbitrate(10)), "OK 10");
      },
    );

    requirement(
      ["ARB-44", "ARB-15"],
      `a backup that ${how} is missed by nobody, and its id is free again`,
      async () => {
        await using agent = await Agent.start();
        await using proxy = await TcpProxy.open(agent.port);
        using broken = new P4Client(proxy.address);
        const stream = broken.stream();
        const [first, late] = [agent.client().stream(), agent.client().stream()];
        await first.arbitrate(10);
        await stream.arbitrate(9);
        breakOff({ stream, proxy });
        await stream.ended();
        while (agent.device().controllers.count > 1) await turn();
        assert.equal(told(await late.arbitrate(9)), "ALREADY_EXISTS 10");
        await allQuiet(first);
      },
    );
  }

  requirement("ARB-43", "a primary that falls silent loses its seat by keepalive", async () => {
    await using agent = await Agent.start({ yaml: fastKeepalive });
    await using proxy = await TcpProxy.open(agent.port);
    using silenced = new P4Client(proxy.address);
    const stream = silenced.stream();
    const backup = agent.client().stream();
    await stream.arbitrate(10);
    await backup.arbitrate(9);
    proxy.goSilent();
    assert.deepEqual(await next(backup), ["NOT_FOUND 10"]);
    await allQuiet(backup);
  });

  it("lets go of a controller that does not read what it is told, and of nobody else", async () => {
    await using agent = await Agent.start();
    const [stream, deaf] = [agent.client().stream(), agent.client().stream()];
    await stream.arbitrate(10);
    await deaf.arbitrate(9);
    deaf.pause();
    const { controllers } = agent.device();
    for (let i = 0; controllers.count > 1; i++) {
      assert.ok(i < 20_000, "what waits for one controller is bounded");
      stream.sendArbitration(10);
      assert.deepEqual(await next(stream), ["OK 10"]);
    }
    deaf.resume();
    assert.equal((await deaf.ended()).code, Code.RESOURCE_EXHAUSTED);
    await stream.quiet();
  });

  requirement("ARB-58", "a stream that half-closes before any arbitration ends well", async () => {
    await using agent = await Agent.start();
    const stream = agent.client().stream();
    stream.finish();
    assert.equal((await stream.ended()).code, Code.OK);
  });

  requirement(["ARB-59", "FPX-23"], "pipeline, entries and traps outlive their controllers", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const stream = await primary(client, 10n);
    await trapLldp(client, 10);
    const before = await client.read({ deviceId: long(1n), entities: [{ tableEntry: {} }] });
    stream.finish();
    await stream.ended();
    assert.deepEqual(await client.read({ deviceId: long(1n), entities: [{ tableEntry: {} }] }), before);
    assert.equal(before.length, 1);
    const successor = agent.client().stream();
    assert.equal(told(await successor.arbitrate(11)), "OK 11");
    await client.inject({ dataplaneIngressPort: 1, payload: Buffer.from("0180c200000e02000000000188cc0000", "hex") });
    assert.equal((await successor.packetIn()).metadata?.length, 2);
  });

  requirement("ARB-60", "who only reads needs no stream", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const stream = await primary(client);
    await trapLldp(client);
    stream.finish();
    await stream.ended();
    using reader = new P4Client(`127.0.0.1:${agent.port}`);
    assert.equal((await reader.read({ deviceId: long(1n), entities: [{ tableEntry: {} }] })).length, 1);
    assert.equal((await reader.getPipeline({ deviceId: long(1n) })).config?.p4info?.tables?.length, 1);
    assert.notEqual((await reader.capabilities({ deviceId: long(1n) })).p4runtimeApiVersion, "");
  });
});

describe("who may write, over gRPC", () => {
  noLeaks();

  requirement(
    ["ARB-63", "ARB-64", "ARB-65", "ARB-66", "ARB-67", "ARB-68", "ARB-69", "ARB-71"],
    "only the primary's triple passes",
    async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      const codes = async (...claims: readonly (readonly [electionId: number | undefined, role?: string])[]) => {
        const found: string[] = [];
        for (const [id, role = ""] of claims)
          found.push(await codeOf(client.write(inserting([etherType("88cc")], id, { role, updates: [] }))));
        return found;
      };
      assert.deepEqual(await codes([1], [undefined], [0]), Array(3).fill("PERMISSION_DENIED"));
      const stream = await primary(client, 10n);
      assert.deepEqual(await codes([10]), ["OK"]);
      assert.deepEqual(await codes([9], [11], [undefined]), Array(3).fill("PERMISSION_DENIED"));
      assert.deepEqual(await codes([10, "never-heard-of"], [10, "sdn_controller"]), ["NOT_FOUND", "PERMISSION_DENIED"]);
      await stream.arbitrate(12);
      assert.deepEqual(await codes([10], [12]), ["PERMISSION_DENIED", "OK"]);
      await stream.arbitrate(3);
      assert.deepEqual(await codes([3], [12]), ["PERMISSION_DENIED", "PERMISSION_DENIED"]);
      stream.finish();
      await stream.ended();
      assert.deepEqual(await codes([12]), ["PERMISSION_DENIED"]);
    },
  );

  requirement(
    ["ARB-73", "ARB-80", "ARB-81"],
    "a table with a role annotation is for that role and the default role",
    async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      await primary(client, 1n);
      for (const [i, role] of ["sdn_controller", "other"].entries())
        assert.equal(told(await client.stream().arbitrate(5 + i, { role: { name: role } })), `OK ${5 + i}`);
      await client.write(inserting([etherType("88cc")], 5, { role: "sdn_controller" }));
      await client.write(inserting([etherType("6007")], 1));
      const entries = [etherType("88cc", copy, 2), etherType("6007", copy, 2)];
      const { code, slots } = await rejected(client.write(inserting(entries, 6, { role: "other" })));
      assert.equal(code, Code.UNKNOWN);
      assert.deepEqual(
        slots?.map((slot) => slot.code),
        [Code.PERMISSION_DENIED, Code.PERMISSION_DENIED],
      );
      assert.match(slots[0]?.message ?? "", /acl_wbb_ingress_table.*'sdn_controller'.*'other'/);
    },
  );

  requirement("ARB-82", "the primary of a named role may push a pipeline", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await client.stream().arbitrate(4, { role: { name: "r" } });
    assert.equal(await codeOf(push(client, 4n)), "PERMISSION_DENIED");
    await push(client, 4n, "wbb", { role: "r" });
  });
});
