/** SetForwardingPipelineConfig: who may call it, and what each action does. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import {
  Action,
  aclEntry,
  asAction,
  commit,
  cpu,
  egressOf,
  etherTypes,
  failures,
  insert,
  labP4Info,
  set,
  write,
} from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, push, rejected, uint128, type P4Client } from "../support/p4-client.js";
import { loadP4Info } from "../support/p4info.js";
import { requirement } from "../support/requirement.js";

const { VERIFY, VERIFY_AND_SAVE, VERIFY_AND_COMMIT, COMMIT, RECONCILE_AND_COMMIT } = Action;

/** A primary that has pushed the laboratory's program. */
async function started(yaml?: string) {
  const agent = await Agent.start(yaml === undefined ? {} : { yaml });
  const client = agent.client();
  const stream = await primary(client);
  await commit(client);
  return { agent, client, stream, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

/** A P4Info with a match that no datapath realises. */
function unrealisable() {
  const p4info = labP4Info();
  const [table] = p4info.tables;
  table?.matchFields?.push({
    id: 9,
    name: "phase_of_moon",
    bitwidth: 3,
    matchType: p4.config.v1.MatchField.MatchType.TERNARY,
  });
  return p4info;
}

/** The program without its table `notes`, and with `acl` under another id: most ids of the one mean nothing to the other. */
function otherProgram() {
  const { tables, ...p4info } = labP4Info(lab.labText.replaceAll("0x02000001", "0x02000051"));
  return { ...p4info, tables: tables.filter(({ preamble }) => preamble?.alias !== "notes") };
}
const otherEntry = (etherType: number) => aclEntry(etherType, { tableId: 0x02000051 });

const get = async (client: P4Client) => (await client.getPipeline({ deviceId: long(1n) })).config;

describe("SetForwardingPipelineConfig", () => {
  noLeaks();

  describe("who may call it", () => {
    const request = { deviceId: long(1n), electionId: uint128(5n), action: VERIFY_AND_COMMIT };
    for (const { ids, what, change, want } of [
      { ids: ["SFP-01"], what: "an unknown device", change: { deviceId: long(7n) }, want: Code.NOT_FOUND },
      { ids: ["SFP-01"], what: "device 0", change: { deviceId: long(0n) }, want: Code.NOT_FOUND },
      { ids: ["SFP-02"], what: "an unknown role", change: { role: "nobody" }, want: Code.NOT_FOUND },
      {
        ids: ["SFP-03"],
        what: "another election id",
        change: { electionId: uint128(4n) },
        want: Code.PERMISSION_DENIED,
      },
      {
        ids: ["SFP-03"],
        what: "a higher election id",
        change: { electionId: uint128(6n) },
        want: Code.PERMISSION_DENIED,
      },
      { ids: ["SFP-03"], what: "no election id", change: { electionId: null }, want: Code.PERMISSION_DENIED },
    ])
      requirement(ids, `refuses ${what} with ${want}, whatever the action`, async () => {
        await using agent = await Agent.start();
        const client = agent.client();
        await primary(client, 5n);
        const before = await get(client);
        for (const action of [VERIFY, VERIFY_AND_SAVE, VERIFY_AND_COMMIT, COMMIT, RECONCILE_AND_COMMIT, 0, 77]) {
          const failure = await rejected(
            client.setPipeline({ ...request, action: asAction(action), config: { p4info: {} }, ...change }),
          );
          assert.deepEqual([failure.code, failure.slots], [want, undefined]);
        }
        assert.deepEqual(await get(client), before);
      });

    requirement("SFP-03", "refuses everybody while there is no primary", async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      assert.equal((await rejected(push(client))).code, Code.PERMISSION_DENIED);
      const stream = await primary(client, 5n);
      stream.finish();
      await stream.ended();
      assert.equal((await rejected(push(client, 5n))).code, Code.PERMISSION_DENIED);
    });

    requirement("SFP-04", "looks at the device, the role and the caller before the action and the config", async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      await primary(client, 5n);
      const faulty = { action: Action.UNSPECIFIED, config: { p4info: unrealisable() }, electionId: uint128(4n) };
      const code = async (change: object) =>
        (await rejected(client.setPipeline({ ...request, ...faulty, ...change }))).code;
      assert.equal(await code({ deviceId: long(9n), role: "nobody" }), Code.NOT_FOUND);
      assert.equal(await code({ role: "nobody" }), Code.NOT_FOUND);
      assert.equal(await code({}), Code.PERMISSION_DENIED);
      assert.equal(await code({ electionId: uint128(5n) }), Code.INVALID_ARGUMENT);
    });
  });

  describe("what it refuses", () => {
    const p4info = labP4Info();
    for (const { id, what, action, config } of [
      { id: "SFP-05", what: "action UNSPECIFIED", action: 0, config: { p4info } },
      { id: "SFP-06", what: "action 6", action: 6, config: { p4info } },
      { id: "SFP-06", what: "action -1", action: -1, config: { p4info } },
      { id: "SFP-08", what: "VERIFY without config", action: VERIFY, config: undefined },
      { id: "SFP-08", what: "VERIFY_AND_SAVE without config", action: VERIFY_AND_SAVE, config: undefined },
      { id: "SFP-08", what: "VERIFY_AND_COMMIT without config", action: VERIFY_AND_COMMIT, config: undefined },
      { id: "SFP-23", what: "RECONCILE_AND_COMMIT without config", action: RECONCILE_AND_COMMIT, config: undefined },
      { id: "SFP-09", what: "VERIFY of what cannot be realised", action: VERIFY, config: { p4info: unrealisable() } },
      { id: "SFP-09", what: "VERIFY_AND_SAVE of it", action: VERIFY_AND_SAVE, config: { p4info: unrealisable() } },
      { id: "SFP-09", what: "VERIFY_AND_COMMIT of it", action: VERIFY_AND_COMMIT, config: { p4info: unrealisable() } },
      { id: "SFP-16", what: "COMMIT with a config", action: COMMIT, config: { p4info } },
    ])
      requirement(id, `answers INVALID_ARGUMENT to ${what} and changes nothing`, async () => {
        await using to = await started();
        await write(to.client, [insert(aclEntry(0x1111))]);
        const before = await get(to.client);
        const failure = await rejected(set(to.client, action, config));
        assert.deepEqual([failure.code, failure.slots], [Code.INVALID_ARGUMENT, undefined]);
        assert.notEqual(failure.message, "");
        assert.deepEqual(await get(to.client), before);
        assert.deepEqual(await etherTypes(to.client), [0x1111]);
        assert.equal((await rejected(set(to.client, COMMIT))).code, Code.NOT_FOUND, "nothing was saved");
      });

    requirement("SFP-09", "names table, field and datapath of what cannot be realised", async () => {
      await using to = await started();
      const { message } = await rejected(set(to.client, VERIFY, { p4info: unrealisable() }));
      assert.match(message, /'soft'.*table 'acl'.*'phase_of_moon'/s);
    });

    requirement("SFP-14", "answers NOT_FOUND to COMMIT when nothing is saved", async () => {
      await using agent = await Agent.start();
      const client = agent.client();
      await client.stream().arbitrate(1n);
      assert.equal((await rejected(set(client, COMMIT))).code, Code.NOT_FOUND);
      await commit(client);
      assert.equal((await rejected(set(client, COMMIT))).code, Code.NOT_FOUND);
    });

    requirement("SFP-20", "keeps pipeline, entries and forwarding when a commit fails", async () => {
      await using to = await started();
      await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info(), cookie: { cookie: long(42n) } });
      await write(to.client, [insert(aclEntry(0x1111))]);
      const before = await get(to.client);
      assert.equal((await rejected(commit(to.client, unrealisable()))).code, Code.INVALID_ARGUMENT);
      assert.deepEqual(await get(to.client), before);
      assert.deepEqual(await etherTypes(to.client), [0x1111]);
      assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
    });

    for (const { what, p4info } of [
      { what: "an object with id 0", p4info: { actions: [{ preamble: { id: 0, name: "a", alias: "a" } }] } },
      {
        what: "a selector whose groups are larger than it holds",
        p4info: {
          actionProfiles: [
            {
              preamble: { id: 0x11000001, name: "p", alias: "p" },
              withSelector: true,
              size: long(4n),
              maxGroupSize: 5,
            },
          ],
        },
      },
    ])
      for (const action of [VERIFY, VERIFY_AND_SAVE, VERIFY_AND_COMMIT])
        requirement("SFP-32", `refuses ${what} (action ${action})`, async () => {
          await using to = await started();
          assert.equal((await rejected(set(to.client, action, { p4info }))).code, Code.INVALID_ARGUMENT);
        });
  });

  describe("VERIFY", () => {
    requirement("SFP-07", "says OK and leaves forwarding, entries, config, saved config and cookie alone", async () => {
      await using to = await started();
      await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info(), cookie: { cookie: long(42n) } });
      await write(to.client, [insert(aclEntry(0x1111))]);
      const before = await get(to.client);
      await set(to.client, VERIFY, { p4info: otherProgram(), cookie: { cookie: long(43n) } });
      assert.deepEqual(await get(to.client), before);
      assert.deepEqual(await etherTypes(to.client), [0x1111]);
      assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
      assert.equal((await rejected(set(to.client, COMMIT))).code, Code.NOT_FOUND);
    });

    requirement("SFP-07", "leaves a saved config alone", async () => {
      await using to = await started();
      await set(to.client, VERIFY_AND_SAVE, { p4info: otherProgram() });
      await set(to.client, VERIFY, { p4info: labP4Info() });
      await set(to.client, COMMIT);
      await write(to.client, [insert(otherEntry(0x1111))]);
    });
  });

  describe("VERIFY_AND_COMMIT", () => {
    requirement("SFP-17", "makes the config active and clears the forwarding state", async () => {
      await using to = await started();
      await write(to.client, [insert(aclEntry(0x1111)), insert(lab.noteEntry(0x2222))]);
      assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
      await commit(to.client, otherProgram());
      assert.deepEqual(await etherTypes(to.client), []);
      assert.deepEqual(await egressOf(to.client, 0x1111), []);
      await write(to.client, [insert(otherEntry(0x3333))]);
      assert.deepEqual(await egressOf(to.client, 0x3333), [cpu]);
    });

    for (const identical of [true, false])
      requirement(
        "SFP-18",
        `leaves nothing of the old state, ${identical ? "also when the config is the same" : "with another config"}`,
        async () => {
          await using to = await started();
          const meterConfig = { cir: long(1n), cburst: long(2n), pir: long(3n), pburst: long(4n) };
          const action = { action: { actionId: lab.lab.drop } };
          await write(to.client, [
            insert(aclEntry(0x1111, { meterConfig })),
            insert(lab.noteEntry(0x2222)),
            lab.modify({ tableId: lab.lab.notes, isDefaultAction: true, action }),
          ]);
          await egressOf(to.client, 0x1111);
          const p4info = identical ? labP4Info() : { ...labP4Info(), pkgInfo: { name: "lab2", arch: "v1model" } };
          await commit(to.client, p4info);
          assert.deepEqual(await etherTypes(to.client), []);
          const [defaults] = await lab.read(to.client, {
            tableEntry: { tableId: lab.lab.notes, isDefaultAction: true },
          });
          assert.equal(defaults?.tableEntry?.action?.action?.actionId, lab.lab.nothing);
          await write(to.client, [insert(aclEntry(0x1111))]);
          const [entry] = await lab.read(to.client, {
            tableEntry: { tableId: lab.lab.acl, counterData: {}, meterConfig: {} },
          });
          assert.equal(Number(entry?.tableEntry?.counterData?.packetCount ?? 0), 0);
          assert.equal(entry?.tableEntry?.meterConfig ?? undefined, undefined);
        },
      );

    requirement(
      "SFP-19",
      "begins with initial default actions, counters at zero and meters without config",
      async () => {
        await using to = await started();
        const defaults = await lab.read(to.client, { tableEntry: { isDefaultAction: true } });
        assert.deepEqual(
          defaults.map(({ tableEntry }) => [tableEntry?.tableId, tableEntry?.action?.action?.actionId]),
          [
            [lab.lab.acl, lab.lab.nothing],
            [lab.lab.notes, lab.lab.nothing],
            [lab.lab.staff, lab.lab.nothing],
          ],
        );
        await write(to.client, [insert(aclEntry(0x1111))]);
        const [counter] = await lab.read(to.client, { directCounterEntry: { tableEntry: { tableId: lab.lab.acl } } });
        assert.equal(Number(counter?.directCounterEntry?.data?.packetCount ?? 0), 0);
        const [meter] = await lab.read(to.client, { directMeterEntry: { tableEntry: { tableId: lab.lab.acl } } });
        assert.equal(meter?.directMeterEntry?.config ?? undefined, undefined);
      },
    );

    requirement(
      ["SFP-28", "SFP-29", "SFP-35", "FPX-12"],
      "takes the same P4Info again and again, without device config",
      async () => {
        await using agent = await Agent.start();
        const client = agent.client();
        const stream = client.stream();
        await stream.arbitrate(1n);
        for (let i = 0; i < 3; i++) {
          await set(client, VERIFY_AND_COMMIT, {
            p4info: p4.config.v1.P4Info.decode(loadP4Info("wbb")),
            cookie: { cookie: long(159n) },
          });
          const match = [{ fieldId: 3, ternary: { value: lab.num(0x88cc), mask: lab.num(0xffff) } }];
          const action = { action: { actionId: 16777480 } };
          await write(client, [insert({ tableId: 33554691, match, priority: 1, action })]);
        }
      },
    );

    requirement("SFP-30", "takes a device config and keeps it", async () => {
      await using to = await started();
      const p4DeviceConfig = Buffer.from("00ff10", "hex");
      await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info(), p4DeviceConfig });
      assert.deepEqual(Buffer.from((await get(to.client))?.p4DeviceConfig ?? []), p4DeviceConfig);
    });

    requirement("SFP-33", "leaves streams, primaries and election ids as they are", async () => {
      await using to = await started();
      const backup = to.agent.client().stream();
      await backup.arbitrate(0n);
      await commit(to.client, otherProgram());
      await commit(to.client);
      await to.stream.quiet();
      await backup.quiet();
      await write(to.client, [insert(aclEntry(0x1111))]);
      const answer = await backup.arbitrate(0n);
      assert.deepEqual([answer.status?.code, answer.electionId?.low?.toString()], [Code.ALREADY_EXISTS, "1"]);
    });

    requirement("SFP-34", "is serialised with Writes: all updates of one meet the same config", async () => {
      await using to = await started();
      const other = to.agent.client();
      for (const count of [1, 40, 400, 4000]) {
        await commit(to.client);
        const old = write(
          to.client,
          Array.from({ length: count }, (_, i) => insert(aclEntry(i))),
        );
        const pushed = commit(to.client, otherProgram());
        const young = write(
          other,
          Array.from({ length: count }, (_, i) => insert(otherEntry(i))),
        );
        const [failed] = await Promise.all([Promise.all([failures(old), failures(young)]), pushed]);
        for (const number of failed) assert.ok(number === 0 || number === count, `${number} of ${count} failed`);
        const expected = failed[1] === 0 ? count : 0;
        const entries = await lab.everyEntry(to.client);
        assert.deepEqual(
          [entries.length, entries.filter(({ tableId }) => tableId === lab.lab.acl).length],
          [expected, 0],
        );
      }
    });
  });

  describe("the cookie", () => {
    for (const { id, cookie } of [
      { id: "SFP-26", cookie: 159n },
      { id: "SFP-26", cookie: 0n },
      { id: "SFP-26", cookie: 0xffff_ffff_ffff_ffffn },
    ])
      requirement(id, `${cookie} comes back, with its presence`, async () => {
        await using to = await started();
        await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info(), cookie: { cookie: long(cookie) } });
        const config = await get(to.client);
        assert.ok(config?.cookie);
        assert.equal(BigInt(config.cookie.cookie?.toString() ?? "0"), cookie);
      });

    requirement("SFP-27", "is forgotten when the next config has none", async () => {
      await using to = await started();
      await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info(), cookie: { cookie: long(159n) } });
      await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info() });
      assert.equal((await get(to.client))?.cookie ?? undefined, undefined);
    });
  });
});
