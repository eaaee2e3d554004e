/** What a role may do, by the role.config of its primary. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4rtd } from "../../src/wire/gen/p4rtd.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, rejected, uint128, type P4Client, type P4Stream } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, PERMISSION_DENIED, INVALID_ARGUMENT } = Code;
type RoleConfig = p4rtd.v1.RoleConfig.$Properties;

/** A `role` with its config as an Any. */
const role = (name: string, config?: RoleConfig) => ({
  name,
  ...(config && {
    config: {
      type_url: "type.googleapis.com/p4rtd.v1.RoleConfig",
      value: p4rtd.v1.RoleConfig.encode(config).finish(),
    },
  }),
});
const port = (text: string) => Buffer.from(text);

interface Scene {
  readonly agent: Agent;
  /** The primary of the default role. */
  readonly owner: P4Client;
  /** A primary of role `r` with `config`. */
  readonly join: (config?: RoleConfig) => Promise<{ readonly client: P4Client; readonly stream: P4Stream }>;
}

function scene(test: (scene: Scene) => Promise<void>) {
  return async () => {
    await using agent = await Agent.start();
    const owner = agent.client();
    const stream = owner.stream();
    await stream.arbitrate(1);
    await lab.commit(owner);
    const join = async (config?: RoleConfig) => {
      const client = agent.client();
      const own = client.stream();
      await own.arbitrate(1, { role: role("r", config) });
      return { client, stream: own };
    };
    await test({ agent, owner, join });
  };
}

const asRole = { role: "r" };
const aclTrap = (etherType: number) => lab.insert(lab.aclEntry(etherType));
const group = (multicastGroupId: number) => ({
  packetReplicationEngineEntry: { multicastGroupEntry: { multicastGroupId } },
});

describe("a role.config", () => {
  noLeaks();

  requirement(["ARB-72", "ARB-73"], "lets the role write what it names, and nothing else", () =>
    scene(async ({ join }) => {
      const { client } = await join({ writable: { objects: ["ingress.notes", "staff"] } });
      const updates = [
        aclTrap(1),
        lab.insert(lab.noteEntry(1)),
        { type: lab.Type.INSERT, entity: group(1) },
        lab.insert(lab.noteEntry(2)),
      ];
      assert.deepEqual(await lab.slotCodes(lab.write(client, updates, asRole)), [
        PERMISSION_DENIED,
        OK,
        PERMISSION_DENIED,
        OK,
      ]);
      const { slots } = await rejected(lab.write(client, [aclTrap(1)], asRole));
      assert.match(slots?.[0]?.message ?? "", /table 'acl' .* role 'r'/);
    })(),
  );

  requirement(["ARB-72", "ARB-80"], "gives the role nothing that annotations keep for another", () =>
    scene(async ({ join }) => {
      const { client } = await join({ writable: { objects: ["staff", "notes"] } });
      const staff = { ...lab.noteEntry(1), tableId: lab.lab.staff };
      assert.deepEqual(await lab.slotCodes(lab.write(client, [lab.insert(staff)], asRole)), [PERMISSION_DENIED]);
    })(),
  );

  requirement(["RED-04", "RED-05"], "decides what a wildcard Read of the role gives", () =>
    scene(async ({ owner, join }) => {
      await lab.write(owner, [aclTrap(1), lab.insert(lab.noteEntry(2)), { type: lab.Type.INSERT, entity: group(3) }]);
      const entities = [{ tableEntry: {} }, { packetReplicationEngineEntry: {} }];
      const kinds = async (client: P4Client, name?: string) =>
        (await client.read({ deviceId: long(1n), entities, ...(name !== undefined && { role: name }) })).map(
          ({ tableEntry }) => tableEntry?.tableId ?? "group",
        );
      const { client, stream } = await join({ writable: { objects: ["notes"] } });
      assert.deepEqual(await kinds(client, "r"), [lab.lab.notes]);
      const readable = { objects: [String(lab.lab.acl)], multicastGroups: true };
      await stream.arbitrate(1, { role: role("r", { writable: { objects: ["notes"] }, readable }) });
      assert.deepEqual(await kinds(client, "r"), [lab.lab.acl, lab.lab.notes, "group"]);
      assert.deepEqual(await kinds(client), [lab.lab.acl, lab.lab.notes, "group"]);
    })(),
  );

  requirement(["ARB-82", "AMB-46"], "may forbid the role to set the pipeline", () =>
    scene(async ({ join }) => {
      const push = (client: P4Client) =>
        client.setPipeline({
          deviceId: long(1n),
          electionId: uint128(1n),
          role: "r",
          action: lab.Action.VERIFY_AND_COMMIT,
          config: { p4info: lab.labP4Info() },
        });
      const { client, stream } = await join({ pushPipeline: false });
      const { code, message } = await rejected(push(client));
      assert.equal(code, PERMISSION_DENIED);
      assert.match(message, /role 'r'/);
      await stream.arbitrate(1, { role: role("r", { pushPipeline: true }) });
      await push(client);
    })(),
  );

  requirement(["ARB-75", "PKT-17"], "chooses the punted packets of the role by their metadata", () =>
    scene(async ({ agent, owner, join }) => {
      await lab.write(owner, [aclTrap(0x88cc)]);
      const metadata = [{ metadataId: 1, value: port("2") }];
      const { stream } = await join({ packetIn: { filters: [{ metadata }] } });
      const arrive = (ingress: number) =>
        agent.client().inject({ dataplaneIngressPort: ingress, payload: lab.frame(0x88cc) });
      await arrive(1);
      await arrive(2);
      const packet = await stream.packetIn();
      assert.equal(Buffer.from(packet.metadata?.[0]?.value ?? []).toString(), "2");
      await stream.quiet();
      await stream.arbitrate(1, { role: role("r", { packetIn: { none: true } }) });
      await arrive(2);
      await stream.quiet();
      await stream.arbitrate(1, { role: role("r") });
      await arrive(1);
      assert.ok(await stream.packetIn());
    })(),
  );

  requirement(["ARB-74", "PKT-02"], "chooses the packets that the role may send by their metadata", () =>
    scene(async ({ join }) => {
      const metadata = [{ metadataId: 1, value: port("2") }];
      const { stream } = await join({ packetOut: { filters: [{ metadata }] } });
      const packet = (egress: string) => ({
        packet: { payload: lab.frame(0x88cc), metadata: [{ metadataId: 1, value: port(egress) }] },
      });
      stream.send(packet("2"));
      await stream.quiet();
      stream.send(packet("1"));
      const { canonicalCode, code, space } = await stream.error();
      assert.deepEqual([canonicalCode, code, space], [PERMISSION_DENIED, 11, "p4rtd"]);
    })(),
  );

  requirement("ARB-77", "stays in force when the primary that brought it is gone", () =>
    scene(async ({ agent, owner, join }) => {
      await lab.write(owner, [aclTrap(1)]);
      const { stream } = await join({ writable: { objects: ["notes"] } });
      const backup = agent.client().stream();
      await backup.arbitrate(undefined, { role: role("r") });
      stream.cancel();
      assert.equal((await backup.arbitration()).status?.code, Code.NOT_FOUND);
      const entities = [{ tableEntry: {} }];
      assert.deepEqual(await owner.read({ deviceId: long(1n), role: "r", entities }), []);
      await backup.arbitrate(2, { role: role("r") }); // the next primary brings none
      assert.equal((await owner.read({ deviceId: long(1n), role: "r", entities })).length, 1);
    })(),
  );

  for (const { what, config, message } of [
    { what: "packets that are none and filtered", config: { packetIn: { none: true, filters: [{ metadata: [{ metadataId: 1, value: port("1") }] }] } }, message: /packet_in has filters/ }, // prettier-ignore
    { what: "a filter of nothing", config: { packetOut: { filters: [{}] } }, message: /names no metadata/ },
    { what: "metadata without a value", config: { packetOut: { filters: [{ metadata: [{ metadataId: 1 }] }] } }, message: /needs metadata_id and value/ }, // prettier-ignore
  ])
    requirement(
      ["ARB-06", "ARB-78"],
      `that has ${what} ends the stream with INVALID_ARGUMENT and says why`,
      async () => {
        await using agent = await Agent.start();
        const stream = agent.client().stream();
        stream.sendArbitration(1, { role: role("r", config) });
        const { code, details } = await stream.ended();
        assert.equal(code, INVALID_ARGUMENT);
        assert.match(details, message);
      },
    );

  requirement(["ARB-06", "ARB-78"], "of an unknown field is refused, for it may restrict", async () => {
    await using agent = await Agent.start();
    const stream = agent.client().stream();
    const value = Buffer.from("f80101", "hex"); // field 31
    stream.sendArbitration(1, { role: { name: "r", config: { type_url: "x/p4rtd.v1.RoleConfig", value } } });
    const { code, details } = await stream.ended();
    assert.equal(code, INVALID_ARGUMENT);
    assert.match(details, /has no field 31/);
  });

  requirement("ARB-51", "is told to everybody as the primary gave it", () =>
    scene(async ({ agent, join }) => {
      const config = { writable: { objects: ["notes"] } };
      await join(config);
      const backup = agent.client().stream();
      const told = await backup.arbitrate(undefined, { role: role("r") });
      assert.equal(Number(told.electionId?.low), 1);
      const { value } = told.role?.config ?? {};
      assert.deepEqual(p4rtd.v1.RoleConfig.decode(value ?? new Uint8Array(0)).writable?.objects, ["notes"]);
    })(),
  );
});
