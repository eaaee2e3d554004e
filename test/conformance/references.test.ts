/** References that a program declares: middleblock's routes, next hops and multicast groups as a controller writes them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { push, rejected, type Entity, type P4Client, type Update } from "../support/p4-client.js";
import { loadP4Info } from "../support/p4info.js";
import { requirement } from "../support/requirement.js";

const { OK, NOT_FOUND, FAILED_PRECONDITION, ABORTED } = Code;
const { INSERT, MODIFY, DELETE } = lab.Type;
const { ROLLBACK_ON_ERROR } = p4.v1.WriteRequest.Atomicity;

const p4info = p4.config.v1.P4Info.decode(loadP4Info("middleblock"));
const idOf = (alias: string) => {
  const found = [...p4info.tables, ...p4info.actions].find(({ preamble }) => preamble?.alias === alias);
  assert.ok(found?.preamble?.id, `middleblock has '${alias}'`);
  return found.preamble.id;
};
const text = (value: string) => Buffer.from(value);
const exact = (fieldId: number, value: Uint8Array) => ({ fieldId, exact: { value } });
const call = (alias: string, ...values: readonly Uint8Array[]) => ({
  action: { actionId: idOf(alias), params: values.map((value, i) => ({ paramId: i + 1, value })) },
});
const entry = (table: string, match: object[], action: object, more: object = {}): Entity => ({
  tableEntry: { tableId: idOf(table), match, action, ...more },
});
const address = lab.num(0xfe80, 2);

const vrf = (name = "vrf-1") => entry("vrf_table", [exact(1, text(name))], call("no_action"));
const routerInterface = (name = "rif-1") =>
  entry(
    "router_interface_table",
    [exact(1, text(name))],
    call("unicast_set_port_and_src_mac", text("1"), lab.num(2, 6)),
  );
const neighbour = (name = "rif-1") =>
  entry("neighbor_table", [exact(1, text(name)), exact(2, address)], call("set_dst_mac", lab.num(4, 6)));
const nexthop = (name = "nexthop-1") =>
  entry("nexthop_table", [exact(1, text(name))], call("set_ip_nexthop", text("rif-1"), address));
const route = (action: object, prefix = 10) =>
  entry(
    "ipv4_table",
    [exact(1, text("vrf-1")), { fieldId: 2, lpm: { value: lab.num(prefix * 2 ** 24, 4), prefixLen: 8 } }],
    action,
  );
const replicated = entry(
  "multicast_router_interface_table",
  [exact(1, text("2")), exact(2, lab.num(7))],
  call("multicast_set_src_mac", lab.num(2, 6)),
);
const group = (replicas: object[] = []): Entity => ({
  packetReplicationEngineEntry: { multicastGroupEntry: { multicastGroupId: 5, replicas } },
});
const multicastRoute = entry(
  "ipv4_multicast_table",
  [exact(1, text("vrf-1")), exact(2, lab.num(0xe0000001, 4))],
  call("set_multicast_group_id", lab.num(5)),
);
const storing = `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [{ device_id: 1, datapath: { type: soft }, pipeline: { unbound_tables: store } }]
interfaces: { ethernet-1/1: { port_id: 1 }, ethernet-1/2: { port_id: 2 } }
`;
type Change = readonly [p4.v1.Update.Type, Entity];
const updates = (changes: readonly Change[]): Update[] => changes.map(([type, entity]) => ({ type, entity }));

describe("references", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  beforeEach(async () => {
    agent = await Agent.start({ yaml: storing });
    client = agent.client();
    await client.stream().arbitrate(1n);
    await push(client, 1n, "middleblock");
  });
  afterEach(() => agent[Symbol.asyncDispose]());

  const codes = (...changes: readonly Change[]) => lab.slotCodes(lab.write(client, updates(changes)));
  /** Code and message of the one update that fails. */
  async function refusal(...change: Change): Promise<string> {
    const { slots } = await rejected(lab.write(client, updates([change])));
    const [slot] = slots ?? [];
    return `${slot?.code ?? ""} ${slot?.message ?? ""}`;
  }

  requirement("AMB-52", "an entry that refers to what is not there is refused as NOT_FOUND and names it", async () => {
    assert.equal(
      await refusal(INSERT, nexthop()),
      `${NOT_FOUND} table 'nexthop_table': the entry nexthop_id 'nexthop-1' refers to table 'router_interface_table', which has no entry with router_interface_id 'rif-1'`,
    );
    assert.deepEqual(await codes([INSERT, routerInterface()]), [OK]);
    assert.equal(
      await refusal(INSERT, nexthop()),
      `${NOT_FOUND} table 'nexthop_table': the entry nexthop_id 'nexthop-1' refers to table 'neighbor_table', which has no entry with router_interface_id 'rif-1', neighbor_id 0x0000000000000000000000000000fe80`,
    );
    assert.deepEqual(await codes([INSERT, neighbour()], [INSERT, nexthop()]), [OK]);
  });

  requirement("AMB-52", "an entry that others refer to cannot be deleted, as FAILED_PRECONDITION", async () => {
    await codes([INSERT, vrf()], [INSERT, routerInterface()], [INSERT, neighbour()], [INSERT, nexthop()]);
    const to = call("set_nexthop_id", text("nexthop-1"));
    assert.deepEqual(await codes([INSERT, route(to, 10)], [INSERT, route(to, 11)]), [OK]);
    assert.match(
      await refusal(DELETE, nexthop()),
      new RegExp(
        `^${FAILED_PRECONDITION} table 'nexthop_table': the entry nexthop_id 'nexthop-1' is in use: 2 entities refer to it, such as the entry vrf_id 'vrf-1', ipv4_dst 0x0[ab]000000/8 of table 'ipv4_table'$`,
      ),
    );
    assert.deepEqual(await codes([DELETE, vrf()], [DELETE, routerInterface()], [DELETE, neighbour()]), [
      FAILED_PRECONDITION,
      FAILED_PRECONDITION,
      FAILED_PRECONDITION,
    ]);
    assert.deepEqual(
      await codes([MODIFY, route(call("drop"), 10)], [MODIFY, route(call("drop"), 11)], [DELETE, nexthop()]),
      [OK],
    );
    assert.deepEqual(await codes([MODIFY, route(to, 10)]), [NOT_FOUND]);
  });

  requirement("AMB-52", "within a batch the order of updates decides, and what fails is undone with it", async () => {
    assert.deepEqual(
      await codes(
        [INSERT, nexthop()],
        [INSERT, neighbour()],
        [INSERT, routerInterface()],
        [INSERT, neighbour()],
        [INSERT, nexthop()],
      ),
      [NOT_FOUND, NOT_FOUND, OK, OK, OK],
    );
    const batch = updates([
      [DELETE, nexthop()],
      [DELETE, neighbour()],
      [DELETE, vrf()],
    ]);
    assert.deepEqual(await lab.slotCodes(lab.write(client, batch, { atomicity: ROLLBACK_ON_ERROR })), [
      ABORTED,
      ABORTED,
      NOT_FOUND,
    ]);
    assert.deepEqual(await codes([DELETE, neighbour()]), [FAILED_PRECONDITION]);
    assert.deepEqual(await codes([DELETE, nexthop()], [DELETE, neighbour()], [DELETE, routerInterface()]), [OK]);
  });

  requirement(
    ["AMB-52", "MCG-15"],
    "a multicast group is referred to by its id, and its replicas refer to entries",
    async () => {
      const replicas = [{ port: text("2"), instance: 7 }];
      assert.deepEqual(
        await codes(
          [INSERT, vrf()],
          [INSERT, multicastRoute],
          [INSERT, group(replicas)],
          [INSERT, group()],
          [INSERT, multicastRoute],
        ),
        [OK, NOT_FOUND, NOT_FOUND, OK, OK],
      );
      assert.equal(
        await refusal(DELETE, group()),
        `${FAILED_PRECONDITION} the device: the multicast group 5 is in use: 1 entity refers to it, such as the entry vrf_id 'vrf-1', ipv4_dst 0xe0000001 of table 'ipv4_multicast_table'`,
      );
      assert.deepEqual(await codes([INSERT, replicated], [MODIFY, group(replicas)]), [OK]);
      assert.deepEqual(await codes([DELETE, replicated]), [FAILED_PRECONDITION]);
      assert.deepEqual(await codes([DELETE, multicastRoute], [DELETE, group()], [DELETE, replicated]), [OK]);
    },
  );
});
