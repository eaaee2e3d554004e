import assert from "node:assert/strict";
import fc from "fast-check";
import { StatusError } from "../../../src/base/status.js";
import { adminDefinition } from "../../../src/rpc/admin/service.js";
import {
  decodeDrops,
  decodeInterfaces,
  decodeRules,
  decodeShowRequest,
  encodeDrops,
  encodeInterfaces,
  encodeRules,
  encodeShowRequest,
  type RuleLine,
} from "../../../src/wire/admin.js";
import { compileProtos } from "../../support/compiled-protos.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";

const compiled = compileProtos(["p4rtd/v1/admin.proto"]);
const fieldsOf = (name: string) => compiled.messages[`p4rtd.v1.${name}`]?.fields ?? {};

/** `fc.record`, whose objects are like those of codecs. */
const record = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(shape, { noNullPrototype: true }); // every key is required

const word = fc.string({ maxLength: 8 });
const u32 = fc.nat(0xffffffff);
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const count = fc.maxSafeNat();
const field = record({ name: word, value: word });
const named = fc.string({ minLength: 1, maxLength: 8 });

const interfaceLine = record({
  name: word,
  netdev: fc.option(word, { nil: undefined }),
  id: u32,
  deviceId: u64,
  state: fc.constantFrom("up" as const, "down" as const, "no-carrier" as const, "missing" as const),
  mtu: u32,
  framesIn: count,
  framesOut: count,
  framesPunted: count,
  framesDropped: count,
}).map(({ netdev, ...rest }) => (netdev === undefined ? rest : { ...rest, netdev }));
const dropLine = record({ deviceId: u64, reason: word, count, meaning: word });
const way = fc.oneof(
  record({ kind: fc.constant("port" as const), port: u32 }),
  record({ kind: fc.constant("multicast" as const), group: u32 }),
);
const action = fc
  .tuple(
    record({ green: word, yellow: word, red: word }),
    fc.oneof(fc.constant({}), record({ redirect: way })),
    fc.oneof(fc.constant({}), record({ mirror: fc.integer({ min: 1, max: 0xffff }) })),
  )
  .map(([verdicts, redirect, mirror]) => ({ ...verdicts, ...redirect, ...mirror }));
const selector = record({
  mode: fc.constantFrom("hash" as const, "random" as const),
  choices: fc.array(
    record({
      action,
      queue: fc.option(named, { nil: undefined }),
      weight: u32,
      watch: fc.option(u32, { nil: undefined }),
    }),
    { maxLength: 3 },
  ),
});
const ruleLine: fc.Arbitrary<RuleLine> = record({
  deviceId: u64,
  state: fc.constantFrom("held" as const, "shadowed" as const, "missing" as const, "unexpected" as const, "unrealised" as const), // prettier-ignore
  table: word,
  priority: u32,
  isDefault: fc.boolean(),
  match: fc.array(field, { maxLength: 3 }),
  keys: fc.array(fc.array(field, { maxLength: 3 }), { maxLength: 3 }),
  action: fc.option(action, { nil: undefined }),
  queue: fc.option(named, { nil: undefined }),
  selector: fc.option(selector, { nil: undefined }),
  entryAction: fc.option(named, { nil: undefined }),
  counter: fc.option(record({ packets: u64, bytes: u64 }), { nil: undefined }),
}).map((line) => ({ ...line, queue: line.action && line.queue }));
const device = record({ deviceId: u64, backend: word, entries: count, installed: count, differences: count });
const request = record({
  deviceId: fc.option(u64, { nil: undefined }),
  table: fc.option(word, { nil: undefined }),
});

const runs = { numRuns: fuzzRuns(200) };

describe("messages of the admin service", () => {
  it("say what was said: requests", () =>
    fc.assert(
      fc.property(request, (asked) => assert.deepEqual(decodeShowRequest(encodeShowRequest(asked)), asked)),
      runs,
    ));
  it("say what was said: interfaces", () =>
    fc.assert(
      fc.property(fc.array(interfaceLine), (lines) => {
        assert.deepEqual(decodeInterfaces(encodeInterfaces(lines)), lines);
      }),
      runs,
    ));
  it("say what was said: drops", () =>
    fc.assert(
      fc.property(fc.array(dropLine), (lines) => assert.deepEqual(decodeDrops(encodeDrops(lines)), lines)),
      runs,
    ));
  it("say what was said: rules", () =>
    fc.assert(
      fc.property(fc.array(ruleLine), fc.option(device, { nil: undefined }), (rules, summary) => {
        assert.deepEqual(decodeRules(encodeRules(rules, summary)), { rules, device: summary });
      }),
      runs,
    ));

  for (const [name, decode] of Object.entries({ decodeShowRequest, decodeInterfaces, decodeDrops, decodeRules }))
    it(`are refused or read, whatever the bytes: ${name}`, () =>
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
          try {
            decode(bytes);
          } catch (error) {
            assert.ok(error instanceof StatusError, String(error));
          }
        }),
        { numRuns: fuzzRuns(1000) },
      ));

  it("have requests that agree, as one codec serves all of them", () => {
    const { device_id: id, ...rest } = fieldsOf("ShowRulesRequest");
    assert.deepEqual(Object.keys(rest), ["table"]);
    for (const name of ["ShowInterfacesRequest", "ShowDropsRequest"])
      assert.deepEqual(fieldsOf(name), { device_id: id });
  });

  it("belong to the methods that are served", () => {
    const methods = compiled.services["p4rtd.v1.Admin"] ?? {};
    assert.deepEqual(Object.keys(adminDefinition), Object.keys(methods));
    for (const [name, { path, requestStream, responseStream }] of Object.entries(adminDefinition)) {
      const method = methods[name];
      assert.equal(path, `/p4rtd.v1.Admin/${name}`);
      assert.deepEqual(
        [requestStream, responseStream],
        [method?.clientStreaming ?? false, method?.serverStreaming ?? false],
      );
    }
  });
});
