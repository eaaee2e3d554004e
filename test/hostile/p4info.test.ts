import assert from "node:assert/strict";
import { aclProgram } from "../support/acl-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, uint128, type P4Stream } from "../support/p4-client.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { field, repeated } from "./messages.js";
import { fuzzSeed, Random } from "./random.js";
import { RawClient } from "./raw-client.js";
import { Scene } from "./scene.js";

const invalidArgument = 3;
const resourceExhausted = 8;
const million = 1_000_000;
const role = "hostile";
const seed = fuzzSeed();
const good: p4.config.v1.P4Info.$Properties = p4.config.v1.P4Info.decode(aclProgram({ ports: "sdn_bitwidth" }));

/** The good P4Info with something else in its table. */
function withTable(change: p4.config.v1.Table.$Properties): Uint8Array {
  return p4.config.v1.P4Info.encode({ ...good, tables: [{ ...good.tables?.[0], ...change }] }).finish();
}

function withAnnotation(text: string): Uint8Array {
  const table = good.tables?.[0];
  const annotations = [...(table?.preamble?.annotations ?? []), text];
  return withTable({ preamble: { ...table?.preamble, annotations } });
}

function withRestriction(text: string): Uint8Array {
  return withAnnotation(`@entry_restriction("${text}")`);
}

/** Its table twice over, under the same name. */
function withTableTwice(name: string): Uint8Array {
  const table = good.tables?.[0];
  const named = { ...table, preamble: { ...table?.preamble, name, alias: name } };
  return p4.config.v1.P4Info.encode({ ...good, tables: [named, named] }).finish();
}

/** `inner` within so many messages of field `tag`. */
function nested(tag: number, depth: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  for (let i = 0; i < depth; i++) bytes = field(tag, bytes);
  return bytes;
}

const bytesOfField = (change: p4.config.v1.MatchField.$Properties) =>
  withTable({ matchFields: [{ ...good.tables?.[0]?.matchFields?.[0], ...change }] });

/** So many tables, each with a restriction if one is given. */
function manyTables(count: number, restriction?: string): Uint8Array {
  const [table] = good.tables ?? [];
  const annotations = [
    ...(table?.preamble?.annotations ?? []),
    ...(restriction === undefined ? [] : [`@entry_restriction("${restriction}")`]),
  ];
  const tables = Array.from({ length: count }, (_, i) => ({
    ...table,
    preamble: { id: 0x02000001 + i, name: `t${i}`, alias: `t${i}`, annotations },
  }));
  return p4.config.v1.P4Info.encode({ ...good, tables }).finish();
}

/** A SetForwardingPipelineConfig that only verifies. */
function verify(device: bigint, p4info: Uint8Array): Buffer {
  const head = p4.v1.SetForwardingPipelineConfigRequest.encode({
    deviceId: long(device),
    role,
    electionId: uint128(3n),
    action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY,
  }).finish();
  return Buffer.concat([head, field(0x2a, field(0x0a, p4info))]);
}

const setPipeline = "/p4.v1.P4Runtime/SetForwardingPipelineConfig";

describe("a P4Info that makes no sense", () => {
  noLeaks();
  let scene: Scene;
  let controller: P4Client;
  let stream: P4Stream;

  before(async function () {
    this.timeout(40_000);
    scene = await Scene.start();
    controller = new P4Client(`127.0.0.1:${scene.port}`);
    stream = controller.stream();
    await stream.arbitrate(3n, { role: { name: role } });
  });
  after(async () => {
    stream.cancel();
    controller.close();
    await scene[Symbol.asyncDispose]();
  });

  for (const row of [
    {
      title: "a name of 3 MB, which is none the worse for that",
      code: 0,
      p4info: () => withTable({ preamble: { id: 0x02000001, name: "x".repeat(3 * million) } }),
    },
    { title: "60 MB of it", p4info: () => Buffer.alloc(60 * million, 0x0a), code: resourceExhausted },
    { title: "a million tables", code: resourceExhausted, p4info: () => repeated("1200", million) },
    { title: "a million actions", code: resourceExhausted, p4info: () => repeated("1a00", million) },
    {
      title: "a million annotations",
      code: resourceExhausted,
      p4info: () => field(0x12, field(0x0a, repeated("2200", million))),
    },
    { title: "a million match fields", code: resourceExhausted, p4info: () => field(0x12, repeated("1200", million)) },
    { title: "a table without a name, 1,400 times", p4info: () => Buffer.alloc(10_000, "12050a0308ff01", "hex") },
    { title: `random bytes of seed ${seed}`, p4info: () => new Random(seed).bytes(10_000) },
    ...["", "a"].flatMap((first) => {
      const name = first + "😀".repeat(7000); // two UTF-16 units each: a cut may fall between them
      return [
        { title: `a field called ${first}😀…`, p4info: () => bytesOfField({ name, annotations: [] }) },
        { title: `the restriction ${first}😀…`, p4info: () => withRestriction(name) },
        {
          title: `the annotation @entry_restriction(${first}😀…`,
          p4info: () => withAnnotation(`@entry_restriction(${name}`),
        },
        { title: `tables called ${first}😀…`, p4info: () => withTableTwice(name) },
      ];
    }),
    {
      title: "a table of 2 ** 63 - 1 entries, for which nothing is set aside",
      code: 0,
      p4info: () => withTable({ size: long(2n ** 63n - 1n) }),
    },
    { title: "a table of -1 entries", p4info: () => withTable({ size: long(-1n) }) },
    { title: "a field of 2 ** 31 - 1 bits", p4info: () => bytesOfField({ bitwidth: 2 ** 31 - 1 }) },
    { title: "a field of -1 bits", p4info: () => bytesOfField({ bitwidth: -1 }) },
    { title: "a restriction of 100,000 parentheses", p4info: () => withRestriction("(".repeat(100_000)) },
    { title: "a restriction of 100,000 negations", p4info: () => withRestriction("!".repeat(100_000)) },
    {
      title: "a restriction of 100,000 minus signs",
      p4info: () => withRestriction(`ether_type == ${"-".repeat(100_000)}1`),
    },
    {
      title: "a restriction of 100,000 open implications",
      p4info: () => withRestriction("ether_type == 1 -> ".repeat(100_000)),
    },
    { title: "types 100,000 deep", p4info: () => field(0x9a, nested(0x12, 1000)) },
    {
      title: "a type that is itself, which nobody follows",
      code: 0,
      p4info: () =>
        p4.config.v1.P4Info.encode({
          ...good,
          typeInfo: { newTypes: { port_t: { originalType: { newType: { name: "port_t" } } } } },
        }).finish(),
    },
  ] as const)
    it(`is withstood: ${row.title}`, async function () {
      this.timeout(60_000);
      using client = new RawClient(scene.port);
      const request = verify(1n, row.p4info());
      await scene.withstands(async () => {
        const { code, details } = await client.call(setPipeline, "unary", request);
        assert.equal(code, "code" in row ? row.code : invalidArgument, details.slice(0, 500));
      });
    });
});

/**
 * Pushed to another device than that of the second controller, whose Writes then wait for nothing but the event loop,
 * again and again, so that most of them would meet a stretch that holds it.
 */
describe("a P4Info that takes long to check", () => {
  noLeaks();
  const pushMs = 1000;
  let scene: Scene;
  let controller: P4Client;
  let stream: P4Stream;

  before(async function () {
    this.timeout(40_000);
    scene = await Scene.start();
    controller = new P4Client(`127.0.0.1:${scene.port}`);
    stream = controller.stream();
    await stream.arbitrate(3n, { deviceId: long(2n), role: { name: role } });
  });
  after(async () => {
    stream.cancel();
    controller.close();
    await scene[Symbol.asyncDispose]();
  });

  const clauses = (count: number) => Array.from({ length: count }, (_, i) => `ether_type::mask != ${i}`).join(" && ");
  for (const { title, p4info, code } of [
    { title: "1,000 tables", p4info: () => manyTables(1000), code: 0 },
    { title: "four restrictions of 60,000 characters", p4info: () => manyTables(4, clauses(2300)), code: 0 },
    { title: "sixty of them", p4info: () => manyTables(60, clauses(2300)), code: resourceExhausted },
    {
      title: "four of them that are one clause",
      p4info: () => manyTables(4, "ether_type==1||".repeat(4000) + "true"),
      code: 0,
    },
    {
      title: "four of them with a long clause deep inside",
      p4info: () => manyTables(4, `!(${"(true&&".repeat(240)}${"ether_type==1&&".repeat(4000)}true${")".repeat(241)}`),
      code: 0,
    },
  ])
    it(`holds nobody else up: ${title}`, async function () {
      this.timeout(60_000);
      using client = new RawClient(scene.port);
      const request = verify(2n, p4info());
      await scene.withstands(async () => {
        const until = performance.now() + pushMs;
        do {
          const end = await client.call(setPipeline, "unary", request);
          assert.equal(end.code, code, end.details.slice(0, 500));
        } while (performance.now() < until);
      });
    });
});
