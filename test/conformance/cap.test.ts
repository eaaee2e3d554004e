/** Capabilities, and what holds between versions of the API. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, type Entity, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { p4rtd } from "../../src/wire/gen/p4rtd.js";

const storing = `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [{ device_id: 1, pipeline: { unbound_tables: store }, acl: { max_masks: 99 } }]
interfaces: { ethernet-1/1: { port_id: 1 } }
`;

/** The device's `experimental`, by the published message. */
async function capabilitiesOf(client: P4Client): Promise<p4rtd.v1.DeviceCapabilities> {
  const { experimental } = await client.capabilities({ deviceId: long(1n) });
  assert.equal(experimental?.type_url, "type.googleapis.com/p4rtd.v1.DeviceCapabilities");
  return p4rtd.v1.DeviceCapabilities.decode(experimental.value ?? new Uint8Array(0));
}

/** An entity of each kind, which names nothing. */
const kinds: Readonly<Record<string, Entity>> = {
  extern_entry: { externEntry: {} },
  table_entry: { tableEntry: {} },
  action_profile_member: { actionProfileMember: {} },
  action_profile_group: { actionProfileGroup: {} },
  direct_meter_entry: { directMeterEntry: {} },
  meter_entry: { meterEntry: {} },
  counter_entry: { counterEntry: {} },
  direct_counter_entry: { directCounterEntry: {} },
  packet_replication_engine_entry: { packetReplicationEngineEntry: {} },
  value_set_entry: { valueSetEntry: {} },
  register_entry: { registerEntry: {} },
  digest_entry: { digestEntry: {} },
};

describe("Capabilities", () => {
  noLeaks();

  for (const { id, what, deviceId } of [
    { id: "CAP-01", what: "the server as a whole, device 0", deviceId: 0n },
    { id: "CAP-02", what: "a known device", deviceId: 1n },
  ])
    requirement(
      [id, "CAP-04", "CAP-06"],
      `tells the full version of the API for ${what}, to anyone who asks`,
      async () => {
        await using agent = await Agent.start();
        const { p4runtimeApiVersion } = await agent.client().capabilities({ deviceId: long(deviceId) });
        assert.match(p4runtimeApiVersion, /^1\.5\.0$/);
      },
    );

  requirement("CAP-01", "tells nothing of a device when asked for device 0", async () => {
    await using agent = await Agent.start();
    const { experimental } = await agent.client().capabilities({ deviceId: long(0n) });
    assert.equal(experimental ?? undefined, undefined);
  });

  requirement(
    ["CAP-02", "CAP-05"],
    "tells what a device can do, what it takes, and what nothing realises",
    async () => {
      await using agent = await Agent.start({ yaml: storing });
      const client = agent.client();
      const before = await capabilitiesOf(client);
      assert.equal(before.backend, "soft");
      assert.match(before.build?.runtime ?? "", /^node \d+/);
      assert.deepEqual(before.atomicities, ["CONTINUE_ON_ERROR", "ROLLBACK_ON_ERROR", "DATAPLANE_ATOMIC"]);
      assert.ok(before.verdicts.includes("trap"));
      assert.equal(Number(before.limits?.masksPerTable), 99);
      assert.ok(Number(before.limits?.messageBytes) > 4 * 1024 * 1024);
      assert.equal(Number(before.limits?.totalReplicas), 65_536);
      assert.deepEqual(before.features, ["meter_counters", "redirects", "replicates", "selectors"]);
      assert.deepEqual(before.tables, []);
      const keys = new Map(before.keyFields.map(({ name, width, matchKinds }) => [name, { width, matchKinds }]));
      assert.deepEqual(keys.get("ether_type"), { width: 16, matchKinds: ["EXACT", "LPM", "TERNARY", "OPTIONAL"] });
      assert.ok(keys.get("l4_dst_port")?.matchKinds?.includes("RANGE"));
      await primary(client);
      const odd = 'match_fields { id: 9 name: "phase_of_moon" bitwidth: 3 match_type: TERNARY }';
      await lab.commit(client, lab.labP4Info(lab.editedLab(["match_fields { id: 2", `${odd} match_fields { id: 2`])));
      const { tables } = await capabilitiesOf(client);
      assert.deepEqual(
        tables.map(({ name, entries, unrealised }) => [name, Number(entries), unrealised]),
        [
          ["acl", 16384, ["match field 'phase_of_moon': no binding"]],
          ["notes", 4, []],
          ["staff", 16, []],
        ],
      );
      const notes = tables.find(({ name }) => name === "notes");
      assert.deepEqual(
        notes?.match?.map(({ matchKind, keyField }) => [matchKind, keyField]),
        [["EXACT", "ether_type"]],
      );
    },
  );

  requirement("CAP-05", "names only kinds of entities that it does not refuse as a kind", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await primary(client);
    await lab.commit(client);
    const { entities } = await capabilitiesOf(client);
    for (const [kind, entity] of Object.entries(kinds)) {
      const codes = await lab.slotCodes(lab.write(client, [{ type: lab.Type.DELETE, entity }]));
      assert.equal(codes[0] !== Code.UNIMPLEMENTED, entities.includes(kind), kind);
    }
  });

  for (const deviceId of [2n, 0xffff_ffff_ffff_ffffn])
    requirement("CAP-03", `answers NOT_FOUND for device ${deviceId}, which is unknown`, async () => {
      await using agent = await Agent.start();
      const failure = await rejected(agent.client().capabilities({ deviceId: long(deviceId) }));
      assert.deepEqual([failure.code, failure.slots], [Code.NOT_FOUND, undefined]);
    });
});

describe("versions of the API", () => {
  noLeaks();

  requirement("VER-01", "serves the package p4.v1 and tells a version of three numbers", async () => {
    await using agent = await Agent.start();
    const bytes = new Uint8Array(0);
    const plain = { encode: () => ({ finish: () => bytes }), decode: (answer: Uint8Array) => answer };
    const client = agent.client();
    const { p4runtimeApiVersion } = await client.capabilities();
    assert.match(p4runtimeApiVersion, /^1\.\d+\.\d+$/);
    assert.equal(
      (await rejected(client.unary("/p4.v2.P4Runtime/Capabilities", bytes, plain))).code,
      Code.UNIMPLEMENTED,
    );
  });

  requirement("VER-02", "takes a P4Info and a client of 1.0: newer fields have their defaults", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const stream = client.stream();
    stream.send({ arbitration: { deviceId: long(1n), electionId: { low: long(1n) } } });
    assert.equal((await stream.arbitration()).status?.code ?? 0, Code.OK);
    const text = lab.labText
      .replaceAll("initial_default_action { action_id: 0x01000004 }", "")
      .replace(/pkg_info .*\n/, "")
      .replace(/annotations: "@p4runtime_role[^\n]*\)"/, "");
    await lab.commit(client, lab.labP4Info(text));
    const meterConfig = { cir: long(1000n), cburst: long(1000n), pir: long(2000n), pburst: long(2000n) };
    await lab.write(client, [lab.insert(lab.aclEntry(0x1111, { meterConfig }))]);
    assert.deepEqual(await lab.egressOf(client, 0x1111), [lab.cpu]);
  });

  requirement("VER-03", "takes controller_metadata, and role_id beside the default role", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    await primary(client);
    await lab.commit(client);
    const controllerMetadata = long(0x1234_5678_9abcn);
    await lab.write(client, [lab.insert(lab.aclEntry(0x1111, { controllerMetadata }))], { roleId: long(7n) });
    const [entry] = await lab.everyEntry(client);
    assert.equal(BigInt(entry?.controllerMetadata?.toString() ?? 0), 0x1234_5678_9abcn);
    const filtered = await lab.read(client, { tableEntry: { tableId: lab.lab.acl, controllerMetadata: long(1n) } });
    assert.deepEqual(filtered, []);
  });
});
