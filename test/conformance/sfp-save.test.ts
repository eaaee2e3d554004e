/** SetForwardingPipelineConfig: a saved config with its shadow store, RECONCILE, and configured deviations. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import { ethernet, ipv4 } from "../support/frame-builder.js";
import * as lab from "../support/lab-program.js";
import {
  Action,
  aclEntry,
  commit,
  cpu,
  egressOf,
  etherTypes,
  insert,
  labP4Info,
  set,
  write,
} from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, push, rejected, type P4Client } from "../support/p4-client.js";
import { loadP4Info } from "../support/p4info.js";
import { requirement } from "../support/requirement.js";
import { p4 } from "../../src/wire/gen/proto.js";

const { VERIFY_AND_SAVE, VERIFY_AND_COMMIT, COMMIT, RECONCILE_AND_COMMIT } = Action;

async function started(yaml?: string) {
  const agent = await Agent.start(yaml === undefined ? {} : { yaml });
  const client = agent.client();
  const stream = await primary(client);
  await commit(client);
  return { agent, client, stream, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

/** The program with its table `acl` under another id. */
const next = (n: number) => labP4Info(lab.labText.replaceAll("0x02000001", `0x0200005${n}`));
const nextEntry = (n: number, etherType: number) => aclEntry(etherType, { tableId: 0x02000050 + n });
const cookieOf = async (client: P4Client) =>
  Number((await client.getPipeline({ deviceId: long(1n) })).config?.cookie?.cookie ?? -1);
const cookie = (value: bigint) => ({ cookie: { cookie: long(value) } });

describe("VERIFY_AND_SAVE and COMMIT", () => {
  noLeaks();

  requirement("SFP-10", "saves without touching what packets meet", async () => {
    await using to = await started();
    await write(to.client, [insert(aclEntry(0x1111))]);
    await set(to.client, VERIFY_AND_SAVE, { p4info: next(1) });
    assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
    const packet = await to.stream.packetIn();
    assert.deepEqual(Buffer.from(packet.payload ?? []), lab.frame(0x1111));
  });

  requirement("SFP-10", "gives back the saved config while it waits", async () => {
    await using to = await started();
    await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info(), ...cookie(1n) });
    await set(to.client, VERIFY_AND_SAVE, { p4info: next(1), ...cookie(2n) });
    assert.equal(await cookieOf(to.client), 2);
    await set(to.client, COMMIT);
    assert.equal(await cookieOf(to.client), 2);
  });

  requirement(
    "SFP-11",
    "takes writes and reads with the new config's ids, and no packet sees them before COMMIT",
    async () => {
      await using to = await started();
      await set(to.client, VERIFY_AND_SAVE, { p4info: next(1) });
      await write(to.client, [insert(nextEntry(1, 0x2222))]);
      assert.deepEqual(await etherTypes(to.client), [0x2222]);
      assert.deepEqual(await egressOf(to.client, 0x2222), []);
    },
  );

  requirement("SFP-11", "takes them also when no config was active before", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await client.stream().arbitrate(1n);
    await set(client, VERIFY_AND_SAVE, { p4info: next(1) });
    await write(client, [insert(nextEntry(1, 0x2222))]);
    assert.deepEqual(await etherTypes(client), [0x2222]);
    const injected = client.inject({ dataplaneIngressPort: 1, payload: lab.frame(0x2222) });
    assert.equal((await rejected(injected)).code, Code.FAILED_PRECONDITION, "packets meet no pipeline yet");
    await set(client, COMMIT);
    assert.deepEqual(await egressOf(client, 0x2222), [cpu]);
  });

  requirement("SFP-12", "refuses ids that only the old config has", async () => {
    await using to = await started();
    await write(to.client, [insert(aclEntry(0x1111))]);
    await set(to.client, VERIFY_AND_SAVE, { p4info: next(1) });
    const failure = await rejected(write(to.client, [lab.remove(aclEntry(0x1111))]));
    assert.deepEqual(
      failure.slots?.map(({ code }) => code),
      [Code.INVALID_ARGUMENT],
    );
    const { failure: read } = await to.client.failedRead({
      deviceId: long(1n),
      entities: [{ tableEntry: { tableId: lab.lab.acl } }],
    });
    assert.deepEqual(
      read.slots?.map(({ code }) => code),
      [Code.INVALID_ARGUMENT],
    );
    assert.deepEqual(await egressOf(to.client, 0x1111), [cpu], "the old entry is still in force");
  });

  requirement("SFP-13", "COMMIT makes the saved config active with its writes, and nothing old is left", async () => {
    await using to = await started();
    await write(to.client, [insert(aclEntry(0x1111)), insert(aclEntry(0x4444))]);
    await set(to.client, VERIFY_AND_SAVE, { p4info: next(1) });
    await write(to.client, [insert(nextEntry(1, 0x2222)), insert(nextEntry(1, 0x3333)), insert(nextEntry(1, 0x4444))]);
    await write(to.client, [lab.remove(nextEntry(1, 0x3333))]);
    const action = { action: { actionId: lab.lab.drop } };
    await write(to.client, [lab.modify(nextEntry(1, 0x4444)), lab.modify({ ...nextEntry(1, 0x4444), action })]);
    await set(to.client, COMMIT);
    assert.deepEqual(await etherTypes(to.client), [0x2222, 0x4444]);
    const egress = [];
    for (const type of [0x1111, 0x2222, 0x3333, 0x4444]) egress.push(await egressOf(to.client, type));
    assert.deepEqual(egress, [[], [cpu], [], []]);
    await write(to.client, [insert(nextEntry(1, 0x3333))]);
    assert.deepEqual(await egressOf(to.client, 0x3333), [cpu], "writes reach packets again");
  });

  requirement("SFP-13", "COMMIT replays what a saved default entry became, and counters start at zero", async () => {
    await using to = await started();
    await set(to.client, VERIFY_AND_SAVE, { p4info: labP4Info() });
    const action = { action: { actionId: lab.lab.trap } };
    await write(to.client, [
      lab.modify({ tableId: lab.lab.acl, isDefaultAction: true, action }),
      insert(aclEntry(0x1111)),
    ]);
    assert.deepEqual(await egressOf(to.client, 0x9999), []);
    await set(to.client, COMMIT);
    assert.deepEqual(await egressOf(to.client, 0x9999), [cpu]);
    const [entry] = await lab.read(to.client, { tableEntry: { tableId: lab.lab.acl, counterData: {} } });
    assert.equal(Number(entry?.tableEntry?.counterData?.packetCount), 0);
  });

  requirement("SFP-15", "refuses a second COMMIT with NOT_FOUND", async () => {
    await using to = await started();
    await set(to.client, VERIFY_AND_SAVE, { p4info: next(1) });
    await set(to.client, COMMIT);
    assert.equal((await rejected(set(to.client, COMMIT))).code, Code.NOT_FOUND);
    await write(to.client, [insert(nextEntry(1, 0x2222))]);
  });

  requirement("SFP-36", "COMMIT after two saves takes the later config, with the writes made since", async () => {
    await using to = await started();
    await set(to.client, VERIFY_AND_SAVE, { p4info: next(1) });
    await write(to.client, [insert(nextEntry(1, 0x1111))]);
    await set(to.client, VERIFY_AND_SAVE, { p4info: next(2) });
    await write(to.client, [insert(nextEntry(2, 0x2222))]);
    await set(to.client, COMMIT);
    assert.deepEqual(await etherTypes(to.client), [0x2222]);
    assert.deepEqual([await egressOf(to.client, 0x1111), await egressOf(to.client, 0x2222)], [[], [cpu]]);
  });

  for (const { what, action, p4info, id } of [
    { what: "VERIFY_AND_COMMIT", action: VERIFY_AND_COMMIT, p4info: next(2), id: 0x02000052 },
    { what: "RECONCILE_AND_COMMIT", action: RECONCILE_AND_COMMIT, p4info: labP4Info(), id: lab.lab.acl },
  ])
    requirement("SFP-37", `${what} of another config makes that one active and forgets the saved one`, async () => {
      await using to = await started();
      await set(to.client, VERIFY_AND_SAVE, { p4info: next(1) });
      await write(to.client, [insert(nextEntry(1, 0x1111))]);
      await set(to.client, action, { p4info });
      assert.equal((await rejected(set(to.client, COMMIT))).code, Code.NOT_FOUND);
      assert.deepEqual(await etherTypes(to.client), []);
      await write(to.client, [insert(aclEntry(0x2222, { tableId: id }))]);
      assert.deepEqual([await egressOf(to.client, 0x1111), await egressOf(to.client, 0x2222)], [[], [cpu]]);
    });
});

describe("RECONCILE_AND_COMMIT", () => {
  noLeaks();

  it("of the same P4Info takes the new cookie and device config and keeps the state", async () => {
    await using to = await started();
    await write(to.client, [insert(aclEntry(0x1111))]);
    await egressOf(to.client, 0x1111);
    const p4DeviceConfig = Buffer.from("0102", "hex");
    await set(to.client, RECONCILE_AND_COMMIT, { p4info: labP4Info(), p4DeviceConfig, ...cookie(7n) });
    assert.equal(await cookieOf(to.client), 7);
    const { config } = await to.client.getPipeline({ deviceId: long(1n) });
    assert.deepEqual(Buffer.from(config?.p4DeviceConfig ?? []), p4DeviceConfig);
    const [entry] = await lab.read(to.client, { tableEntry: { tableId: lab.lab.acl, counterData: {} } });
    assert.equal(Number(entry?.tableEntry?.counterData?.packetCount), 1);
    assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
    await write(to.client, [lab.remove(aclEntry(0x1111))]);
    assert.deepEqual(await egressOf(to.client, 0x1111), []);
  });

  requirement("SFP-24", "of a P4Info that lacks a table with entries names them and changes nothing", async () => {
    await using to = await started();
    await write(to.client, [insert(aclEntry(0x1111)), insert(lab.noteEntry(0x1111))]);
    const failure = await rejected(set(to.client, RECONCILE_AND_COMMIT, { p4info: next(1), ...cookie(7n) }));
    assert.deepEqual([failure.code, failure.slots], [Code.INVALID_ARGUMENT, undefined]);
    assert.match(failure.message, /^RECONCILE_AND_COMMIT: 1 of 2 entities cannot be kept, nothing was changed; /);
    assert.match(failure.message, /table 'acl': the entry priority 1, ether_type 0x1111\/0xffff: INVALID_ARGUMENT: /);
    assert.equal(await cookieOf(to.client), -1);
    assert.deepEqual(await etherTypes(to.client), [0x1111, 0x1111]);
    assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
  });

  requirement(
    ["SFP-22", "SFP-33"],
    "of another P4Info keeps entries, their counters and what packets meet",
    async () => {
      await using to = await started();
      await write(to.client, [insert(aclEntry(0x1111)), insert(lab.noteEntry(0x2222))]);
      assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
      const other = lab.editedLab(["size: 16384", "size: 100"], ['alias: "acl"', 'alias: "access"']);
      await set(to.client, RECONCILE_AND_COMMIT, { p4info: labP4Info(other), ...cookie(7n) });
      assert.equal(await cookieOf(to.client), 7);
      assert.deepEqual(await etherTypes(to.client), [0x1111, 0x2222]);
      assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
      const [entry] = await lab.read(to.client, { tableEntry: { tableId: lab.lab.acl, counterData: {} } });
      assert.equal(Number(entry?.tableEntry?.counterData?.packetCount), 2);
      await write(to.client, [lab.remove(aclEntry(0x1111)), insert(aclEntry(0x3333))]);
      assert.deepEqual([await egressOf(to.client, 0x1111), await egressOf(to.client, 0x3333)], [[], [cpu]]);
    },
  );

  requirement("SFP-22", "keeps entries of every role, whoever asks", async () => {
    await using to = await started();
    await write(to.client, [insert(lab.noteEntry(0x1111, { tableId: lab.lab.staff }))]);
    const renamed = lab.editedLab(['role(\\"staff\\")', 'role(\\"crew\\")']);
    await set(to.client, RECONCILE_AND_COMMIT, { p4info: labP4Info(renamed) });
    assert.deepEqual(await etherTypes(to.client), [0x1111]);
  });

  requirement("SFP-25", "acts like VERIFY_AND_COMMIT when no config is active", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await client.stream().arbitrate(1n);
    await set(client, RECONCILE_AND_COMMIT, { p4info: labP4Info(), ...cookie(7n) });
    assert.equal(await cookieOf(client), 7);
    await write(client, [insert(aclEntry(0x1111))]);
    assert.deepEqual(await egressOf(client, 0x1111), [cpu]);
  });
});

describe("deviations that configuration allows", () => {
  noLeaks();
  const device = (pipeline: string) => `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [{ device_id: 1, datapath: { type: soft, routes: { 10.0.0.0/8: 1 } }, pipeline: { ${pipeline} } }]
interfaces: { ethernet-1/1: { port_id: 1 } }
`;

  it("identical_commit: keep keeps entries when the same P4Info is committed, and clears them for another", async () => {
    await using to = await started(device("identical_commit: keep"));
    await write(to.client, [insert(aclEntry(0x1111))]);
    await set(to.client, VERIFY_AND_COMMIT, { p4info: labP4Info(), ...cookie(7n) });
    assert.equal(await cookieOf(to.client), 7);
    assert.deepEqual(await etherTypes(to.client), [0x1111]);
    assert.deepEqual(await egressOf(to.client, 0x1111), [cpu]);
    await commit(to.client, next(1));
    assert.deepEqual(await etherTypes(to.client), []);
  });

  it("refuses middleblock by default, and names every table that stands in the way", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await client.stream().arbitrate(1n);
    const failure = await rejected(push(client, 1n, "middleblock"));
    assert.equal(failure.code, Code.INVALID_ARGUMENT);
    for (const table of ["acl_pre_ingress_table", "acl_egress_table", "ipv4_table", "nexthop_table"])
      assert.match(failure.message, new RegExp(`table '${table}'`));
  });

  it("unbound_tables: store takes middleblock: what is realised works, the rest is control-plane state", async () => {
    await using agent = await Agent.start({ yaml: device("unbound_tables: store") });
    const client = agent.client();
    await client.stream().arbitrate(1n);
    await push(client, 1n, "middleblock");
    const p4info = p4.config.v1.P4Info.decode(loadP4Info("middleblock"));
    const idOf = (alias: string) =>
      [...p4info.tables, ...p4info.actions].find(({ preamble }) => preamble?.alias === alias)?.preamble?.id ?? 0;
    const vrf = {
      tableId: idOf("vrf_table"),
      match: [{ fieldId: 1, exact: { value: Buffer.from("vrf-1") } }],
      action: { action: { actionId: idOf("no_action") } },
    };
    const drop = {
      tableId: idOf("acl_ingress_security_table"),
      match: [
        { fieldId: 2, optional: { value: lab.num(1, 1) } },
        { fieldId: 6, ternary: { value: lab.num(0x0a000002, 4), mask: lab.num(0xffffffff, 4) } },
      ],
      priority: 1,
      action: { action: { actionId: idOf("acl_drop") } },
    };
    await write(client, [insert(vrf)]);
    const packet = ethernet(ipv4({ dst: "10.0.0.2" }), Array<number>(30).fill(0));
    const forwarded = await egressOf(client, packet);
    await write(client, [insert(drop)]);
    const tables = (await lab.everyEntry(client)).map(({ tableId }) => tableId);
    assert.deepEqual(new Set(tables), new Set([vrf.tableId, drop.tableId]));
    assert.deepEqual([forwarded, await egressOf(client, packet)], [[1], []]);
  });
});
