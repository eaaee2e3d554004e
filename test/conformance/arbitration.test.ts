import assert from "node:assert/strict";
import { defined } from "../../src/base/invariant.js";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, push, uint128 } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { allQuiet, next, told, twoDevices, whole } from "./arbitration.js";

const scheme = { type_url: "type.example/some.Scheme", value: Buffer.from("x") };

describe("arbitration over gRPC", () => {
  noLeaks();

  for (const { ids, title, update, code } of [
    { ids: ["ARB-01", "ARB-16"], title: "an unknown device", update: { deviceId: long(7n) }, code: Code.NOT_FOUND },
    { ids: ["ARB-02", "ARB-16"], title: "device 0", update: { deviceId: long(0n) }, code: Code.NOT_FOUND },
    {
      ids: ["ARB-06", "ARB-16", "ARB-78"],
      title: "a role.config that nobody agreed on",
      update: { role: { name: "r", config: scheme } },
      code: Code.INVALID_ARGUMENT,
    },
    {
      ids: ["ARB-06", "ARB-16"],
      title: "a role.config of the default role",
      update: { role: { config: scheme } },
      code: Code.INVALID_ARGUMENT,
    },
  ])
    requirement(ids, `a first update with ${title} ends the stream`, async () => {
      await using agent = await Agent.start();
      const stream = agent.client().stream();
      stream.sendArbitration(1, update);
      await assert.rejects(stream.next(), /the stream ended/, "no message came before the end");
      const { code: ended, details } = await stream.ended();
      assert.equal(ended, code);
      assert.notEqual(details, "");
    });

  for (const { ids, title, update, code } of [
    { ids: ["ARB-10"], title: "another device", update: { deviceId: long(2n) }, code: Code.FAILED_PRECONDITION },
    { ids: ["ARB-10"], title: "no device", update: { deviceId: long(0n) }, code: Code.FAILED_PRECONDITION },
    { ids: ["ARB-11"], title: "a role", update: { role: { name: "r" } }, code: Code.FAILED_PRECONDITION },
    { ids: ["ARB-12"], title: "a role.config", update: { role: { config: scheme } }, code: Code.INVALID_ARGUMENT },
  ])
    requirement(
      [...ids, "ARB-17", "ARB-18"],
      `a live primary that names ${title} loses its stream and its seat`,
      async () => {
        await using agent = await Agent.start({ yaml: twoDevices });
        const [primary, backup] = [agent.client().stream(), agent.client().stream()];
        assert.equal(told(await primary.arbitrate(10)), "OK 10");
        assert.equal(told(await backup.arbitrate(9)), "ALREADY_EXISTS 10");
        primary.sendArbitration(20, update);
        assert.equal((await primary.ended()).code, code);
        assert.deepEqual(await next(backup), ["NOT_FOUND 10"]);
        await allQuiet(backup);
      },
    );

  requirement(["ARB-03", "ARB-13"], "an id that a live controller has ends only the stream that takes it", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const [primary, backup, late] = [client.stream(), client.stream(), client.stream()];
    await primary.arbitrate(10);
    await backup.arbitrate(9);
    late.sendArbitration(10);
    assert.equal((await late.ended()).code, Code.INVALID_ARGUMENT);
    await allQuiet(primary, backup);
    backup.sendArbitration(10);
    assert.equal((await backup.ended()).code, Code.INVALID_ARGUMENT);
    await allQuiet(primary);
  });

  requirement(["ARB-07", "ARB-08"], "the limit of a role holds for new controllers only", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const streams = Array.from({ length: 16 }, () => client.stream());
    for (const [i, stream] of streams.entries()) await stream.arbitrate(i === 0 ? 100 : i);
    const late = client.stream();
    late.sendArbitration(50);
    assert.equal((await late.ended()).code, Code.RESOURCE_EXHAUSTED);
    assert.equal(told((await streams.at(-1)?.arbitrate(60)) ?? {}), "ALREADY_EXISTS 100");
    const other = client.stream();
    assert.equal(told(await other.arbitrate(1, { role: { name: "r" } })), "OK 1");
  });

  requirement("ARB-20", "a status in a controller's update is not looked at", async () => {
    await using agent = await Agent.start();
    const stream = agent.client().stream();
    const status = { code: Code.NOT_FOUND, message: "nonsense" };
    assert.equal(told(await stream.arbitrate(3, { status })), "OK 3");
  });

  requirement(["ARB-21", "ARB-22", "ARB-25"], "ids are 128 bits without sign, the high word first", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const ids = [2n ** 64n - 1n, 2n ** 64n, 2n ** 64n + 1n, 2n ** 127n, 2n ** 128n - 1n];
    for (const id of ids) assert.equal(told(await client.stream().arbitrate(id)), `OK ${id}`);
    assert.equal(told(await client.stream().arbitrate(2n ** 127n - 1n)), `ALREADY_EXISTS ${2n ** 128n - 1n}`);
  });

  requirement(["ARB-23", "ARB-24", "ARB-48"], "an id of zero may be primary, an unset one never", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const [unset, zero] = [client.stream(), client.stream()];
    assert.equal(told(await unset.arbitrate(undefined)), "NOT_FOUND unset");
    assert.equal(told(await zero.arbitrate(0)), "OK 0");
    assert.deepEqual(await next(unset), ["ALREADY_EXISTS 0"]);
  });

  requirement(
    ["ARB-38", "ARB-39", "ARB-45", "ARB-46", "ARB-47", "ARB-53", "ARB-55"],
    "each event tells each controller concerned once",
    async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      const [a, b, c] = [client.stream(), client.stream(), client.stream()];
      assert.equal(told(await a.arbitrate(undefined)), "NOT_FOUND unset");
      assert.equal(told(await b.arbitrate(5)), "OK 5");
      assert.deepEqual(await next(a), ["ALREADY_EXISTS 5"]);
      assert.equal(told(await c.arbitrate(4)), "ALREADY_EXISTS 5");
      await allQuiet(a, b);
      assert.equal(told(await a.arbitrate(6)), "OK 6");
      assert.deepEqual(await next(b, c), ["ALREADY_EXISTS 6", "ALREADY_EXISTS 6"]);
      assert.equal(told(await a.arbitrate(6)), "OK 6");
      assert.deepEqual(await next(b, c), ["ALREADY_EXISTS 6", "ALREADY_EXISTS 6"]);
      assert.equal(told(await a.arbitrate(1)), "NOT_FOUND 6");
      assert.deepEqual(await next(b, c), ["NOT_FOUND 6", "NOT_FOUND 6"]);
      assert.equal(told(await c.arbitrate(undefined)), "NOT_FOUND 6");
      await allQuiet(a, b, c);
    },
  );

  requirement(["ARB-04", "ARB-35", "ARB-54", "ARB-61", "ARB-62"], "roles and devices do not touch", async () => {
    await using agent = await Agent.start({ yaml: twoDevices });
    const client = agent.client();
    const seats = [
      { deviceId: long(1n) },
      { deviceId: long(2n) },
      { deviceId: long(1n), role: { name: "r" } },
      { deviceId: long(2n), role: { name: "r" } },
    ];
    const streams = seats.map(() => client.stream());
    for (const [i, stream] of streams.entries()) assert.equal(told(await stream.arbitrate(10, seats[i])), "OK 10");
    const first = defined(streams[0], "there are four");
    const rival = client.stream();
    assert.equal(told(await rival.arbitrate(11, seats[0])), "OK 11");
    assert.deepEqual(await next(first), ["ALREADY_EXISTS 11"]);
    rival.finish();
    assert.deepEqual(await next(first), ["NOT_FOUND 11"]);
    await allQuiet(...streams);
  });

  requirement(["ARB-50", "ARB-70", "ARB-79"], "device and role come back as they were given", async () => {
    await using agent = await Agent.start({ yaml: twoDevices });
    const client = agent.client();
    const named = await client.stream().arbitrate(1, { deviceId: long(2n), role: { name: "r" } });
    assert.deepEqual([whole(named.deviceId), named.role?.name], [2n, "r"]);
    for (const role of [undefined, { name: "" }, { id: long(5n) }]) {
      const stream = client.stream();
      const answer = await stream.arbitrate(1, role === undefined ? {} : { role });
      assert.deepEqual([whole(answer.deviceId), answer.role ?? undefined], [1n, undefined]);
      stream.finish();
      await stream.ended();
    }
  });

  requirement("ARB-79", "the old numeric role decides nothing, in updates and in Writes", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const [first, second] = [client.stream(), client.stream()];
    assert.equal(told(await first.arbitrate(10, { role: { id: long(1n) } })), "OK 10");
    assert.equal(told(await second.arbitrate(9, { role: { id: long(2n) } })), "ALREADY_EXISTS 10");
    await client.setPipeline({
      deviceId: long(1n),
      roleId: long(77n),
      electionId: uint128(10n),
      action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
      config: { p4info: {} },
    });
    await client.write({ deviceId: long(1n), roleId: long(77n), electionId: uint128(10n) });
  });

  it("promotes the best backup at once where it is configured so", async () => {
    await using agent = await Agent.start({ yaml: `${twoDevices}arbitration: { promotion: next-highest }` });
    const client = agent.client();
    const [first, low, high, unset] = [client.stream(), client.stream(), client.stream(), client.stream()];
    await first.arbitrate(10);
    for (const [stream, id] of [[low, 3], [high, 5], [unset, undefined]] as const) await stream.arbitrate(id); // prettier-ignore
    first.finish();
    assert.deepEqual(await next(low, unset, high), ["ALREADY_EXISTS 10", "ALREADY_EXISTS 10", "OK 10"]);
    await push(client, 5n);
    high.finish();
    assert.deepEqual(await next(unset, low), ["ALREADY_EXISTS 10", "OK 10"]);
    low.finish();
    assert.deepEqual(await next(unset), ["NOT_FOUND 10"]);
    await allQuiet(unset);
  });

  requirement(["ARB-56", "ARB-57"], "a stream that has not arbitrated is told nothing", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const [silent, primary] = [client.stream(), client.stream()];
    await silent.quiet();
    await primary.arbitrate(1);
    primary.finish();
    await primary.ended();
    await silent.quiet();
    assert.equal(told(await silent.arbitrate(1)), "OK 1");
  });
});
