/** GetForwardingPipelineConfig. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { Action, commit, labP4Info, set } from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, uint128, type P4Client } from "../support/p4-client.js";
import { loadP4Info } from "../support/p4info.js";
import { requirement } from "../support/requirement.js";

const { ResponseType } = p4.v1.GetForwardingPipelineConfigRequest;
const { ALL, COOKIE_ONLY, P4INFO_AND_COOKIE, DEVICE_CONFIG_AND_COOKIE } = ResponseType;
const everyType = [ALL, COOKIE_ONLY, P4INFO_AND_COOKIE, DEVICE_CONFIG_AND_COOKIE];
const p4DeviceConfig = Buffer.from("c0ffee", "hex");

async function started() {
  const agent = await Agent.start();
  const client = agent.client();
  const stream = await primary(client);
  return { agent, client, stream, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

const get = async (client: P4Client, responseType: p4.v1.GetForwardingPipelineConfigRequest.ResponseType = ALL) =>
  (await client.getPipeline({ deviceId: long(1n), responseType })).config;

/** The answer's bytes, as they are on the wire. */
function getBytes(client: P4Client): Promise<Uint8Array> {
  const request = p4.v1.GetForwardingPipelineConfigRequest.encode({ deviceId: long(1n) }).finish();
  return client.unary("/p4.v1.P4Runtime/GetForwardingPipelineConfig", request, asBytes);
}

/** VERIFY_AND_COMMIT of a ForwardingPipelineConfig given as bytes. */
function commitBytes(client: P4Client, config: Uint8Array): Promise<Uint8Array> {
  const request = p4.v1.SetForwardingPipelineConfigRequest.encode({
    deviceId: long(1n),
    electionId: uint128(1n),
    action: Action.VERIFY_AND_COMMIT,
  }).finish();
  const bytes = Buffer.concat([request, field(5, config)]);
  return client.unary("/p4.v1.P4Runtime/SetForwardingPipelineConfig", bytes, asBytes);
}

const asBytes = { encode: () => ({ finish: () => new Uint8Array(0) }), decode: (bytes: Uint8Array) => bytes };

/** A length-delimited field, written by hand. */
function field(number: number, value: Uint8Array): Buffer {
  const head: number[] = [];
  for (let tag = number * 8 + 2; ; tag >>>= 7) {
    head.push(tag > 127 ? (tag & 127) | 128 : tag);
    if (tag < 128) break;
  }
  for (let length = value.length; ; length >>>= 7) {
    head.push(length > 127 ? (length & 127) | 128 : length);
    if (length < 128) break;
  }
  return Buffer.concat([Buffer.from(head), value]);
}

describe("GetForwardingPipelineConfig", () => {
  noLeaks();

  for (const id of [0n, 2n, 0xffff_ffff_ffff_ffffn])
    requirement("GFP-01", `answers NOT_FOUND for device ${id}, which is unknown`, async () => {
      await using to = await started();
      const failure = await rejected(to.client.getPipeline({ deviceId: long(id) }));
      assert.deepEqual([failure.code, failure.slots], [Code.NOT_FOUND, undefined]);
    });

  for (const { id, type, p4info, device } of [
    { id: "GFP-02", type: ALL, p4info: true, device: true },
    { id: "GFP-03", type: COOKIE_ONLY, p4info: false, device: false },
    { id: "GFP-04", type: P4INFO_AND_COOKIE, p4info: true, device: false },
    { id: "GFP-05", type: DEVICE_CONFIG_AND_COOKIE, p4info: false, device: true },
  ])
    requirement(
      [id, "GFP-08", "GFP-09"],
      `gives what response type ${ResponseType[type]} asks for, and the cookie`,
      async () => {
        await using to = await started();
        const config = { p4info: labP4Info(), p4DeviceConfig, cookie: { cookie: long(159n) } };
        await set(to.client, Action.VERIFY_AND_COMMIT, config);
        const answer = await get(to.client, type);
        assert.ok(answer);
        assert.equal(answer.cookie?.cookie?.toString(), "159");
        assert.deepEqual(answer.p4info ?? undefined, p4info ? config.p4info : undefined);
        assert.deepEqual(Buffer.from(answer.p4DeviceConfig ?? []), device ? p4DeviceConfig : Buffer.alloc(0));
      },
    );

  for (const responseType of everyType) {
    requirement(
      "GFP-10",
      `leaves the cookie unset when the config had none (response type ${responseType})`,
      async () => {
        await using to = await started();
        const config = await get(to.client, responseType);
        assert.ok(config, "the config is set all the same");
        assert.equal(config.cookie ?? undefined, undefined);
      },
    );

    requirement(
      ["GFP-06", "FPX-11"],
      `answers OK without config before one is set (response type ${responseType})`,
      async () => {
        await using agent = await Agent.start();
        assert.equal((await get(agent.client(), responseType)) ?? undefined, undefined);
      },
    );
  }

  requirement("GFP-09", "tells a cookie of 0 from no cookie", async () => {
    await using to = await started();
    await set(to.client, Action.VERIFY_AND_COMMIT, { p4info: labP4Info(), cookie: { cookie: long(0n) } });
    for (const type of everyType) assert.equal((await get(to.client, type))?.cookie?.cookie?.toString(), "0");
  });

  for (const program of ["wbb", "sai-wbb"] as const)
    requirement(["GFP-11", "FPX-13"], `gives ${program} back byte by byte`, async () => {
      await using to = await started();
      const config = Buffer.concat([field(1, loadP4Info(program)), field(2, p4DeviceConfig)]);
      await commitBytes(to.client, config);
      assert.deepEqual(Buffer.from(await getBytes(to.client)), field(1, config));
    });

  requirement(["GFP-11", "INF-34"], "gives back unknown fields, foreign messages in Any, and order", async () => {
    await using to = await started();
    const p4info = labP4Info();
    const odd = p4.config.v1.P4Info.encode({
      tables: [...p4info.tables].reverse(),
      externs: [
        {
          externTypeId: 0x81,
          externTypeName: "odd",
          instances: [
            {
              preamble: { id: 0x81000001, name: "odd.one", alias: "one" },
              info: { type_url: "example.org/never.Heard", value: Buffer.from("08ff01", "hex") },
            },
          ],
        },
      ],
    }).finish();
    const { tables: _, ...rest } = p4info;
    const bytes = Buffer.concat([
      odd,
      field(1000, Buffer.from("a field of a later version")),
      p4.config.v1.P4Info.encode(rest).finish(),
    ]);
    await commitBytes(to.client, field(1, bytes));
    assert.deepEqual(Buffer.from(await getBytes(to.client)), field(1, field(1, bytes)));
  });

  requirement("GFP-12", "serves backups, callers without election id and callers without a stream", async () => {
    await using to = await started();
    const backup = to.agent.client();
    await backup.stream().arbitrate(0n);
    const unset = to.agent.client();
    await unset.stream().arbitrate(undefined);
    for (const client of [backup, unset, to.agent.client()]) assert.ok((await get(client))?.p4info);
  });

  const unknown = (number: number) => number as unknown as p4.v1.GetForwardingPipelineConfigRequest.ResponseType;
  for (const number of [4, -1, 1000])
    requirement("GFP-13", `answers INVALID_ARGUMENT to response type ${number}`, async () => {
      await using to = await started();
      const failure = await rejected(to.client.getPipeline({ deviceId: long(1n), responseType: unknown(number) }));
      assert.deepEqual([failure.code, failure.slots], [Code.INVALID_ARGUMENT, undefined]);
    });

  requirement("GFP-15", "gives the earlier config after VERIFY and after a commit that failed", async () => {
    await using to = await started();
    await set(to.client, Action.VERIFY_AND_COMMIT, { p4info: labP4Info(), cookie: { cookie: long(1n) } });
    const before = await get(to.client);
    const other = { ...labP4Info(), pkgInfo: { name: "other" } };
    await set(to.client, Action.VERIFY, { p4info: other, cookie: { cookie: long(2n) } });
    await rejected(commit(to.client, { ...other, tables: [{ preamble: { id: 1 } }] }));
    assert.deepEqual(await get(to.client), before);
  });
});
