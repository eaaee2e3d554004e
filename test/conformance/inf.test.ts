/** P4Info: what the server reads out of a pushed program. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import {
  aclEntry,
  commit,
  labP4Info,
  labWithField,
  noteEntry,
  editedLab,
  slotCodes,
  write,
} from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, type P4Client, type P4Stream } from "../support/p4-client.js";
import { loadP4Info } from "../support/p4info.js";
import { requirement } from "../support/requirement.js";

const preamble = `preamble { id: 0x02000001 name: "ingress.acl" alias: "acl"`;

describe("P4Info", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  let stream: P4Stream;
  before(async () => {
    agent = await Agent.start();
    client = agent.client();
    stream = await primary(client);
  });
  after(() => agent[Symbol.asyncDispose]());

  requirement("INF-06", "gives PacketIn metadata in the order of the header", async () => {
    const metadata = (id: number, name: string) =>
      `metadata { id: ${id} name: "${name}" type_name { name: "port_id_t" } }`;
    const [first, second] = [metadata(1, "ingress_port"), metadata(2, "target_egress_port")];
    await commit(
      client,
      labP4Info(
        editedLab([
          `${first}
  ${second}`,
          `${second}
  ${first}`,
        ]),
      ),
    );
    await write(client, [lab.insert(aclEntry(0x1111))]);
    await lab.egressOf(client, 0x1111);
    const packet = await stream.packetIn();
    assert.deepEqual(
      packet.metadata?.map(({ metadataId }) => metadataId),
      [2, 1],
    );
  });

  requirement(
    ["INF-08", "INF-10"],
    "decides by the type whether a value is text or a number of sdn_bitwidth",
    async () => {
      const port = `name: "in_port" type_name { name: "port_id_t" } match_type: OPTIONAL`;
      const insert = (value: Buffer) =>
        lab.insert({
          tableId: 0x02000010,
          match: [{ fieldId: 1, optional: { value } }],
          priority: 1,
          action: { action: { actionId: lab.lab.trap } },
        });
      await commit(client, labP4Info(labWithField(port)));
      assert.deepEqual(await slotCodes(write(client, [insert(Buffer.from("2"))])), [Code.OK]);
      const numeric = labWithField(port.replace("type_name", "bitwidth: 32 type_name"))
        .replaceAll(`port" type_name { name: "port_id_t" }`, `port" bitwidth: 32 type_name { name: "port_id_t" }`)
        .replace("sdn_string { }", `uri: "" sdn_bitwidth: 32`);
      await commit(client, labP4Info(numeric));
      assert.deepEqual(await slotCodes(write(client, [insert(Buffer.from([2]))])), [Code.OK]);
      assert.deepEqual(await slotCodes(write(client, [insert(Buffer.from("0100000000", "hex"))])), [
        Code.INVALID_ARGUMENT,
      ]);
    },
  );

  requirement("INF-09", "lets only the named type decide, not the types it is built on", async () => {
    const outer = `new_types { key: "outer_t" value { original_type { bitstring { bit { bitwidth: 48 } } } } }`;
    const field = `name: "dst_mac" bitwidth: 48 match_type: EXACT type_name { name: "outer_t" }`;
    await commit(client, labP4Info(labWithField(field).replace("type_info {", `type_info { ${outer}`)));
    const match = [{ fieldId: 1, exact: { value: Buffer.from("020000000001", "hex") } }];
    const entry = { tableId: 0x02000010, match, action: { action: { actionId: lab.lab.trap } } };
    assert.deepEqual(await slotCodes(write(client, [lab.insert(entry)])), [Code.OK]);
  });

  requirement("INF-11", "takes a bool as one bit", async () => {
    await commit(client, p4.config.v1.P4Info.decode(loadP4Info("wbb")));
    const entry = (value: number) => {
      const ttl = { fieldId: 4, ternary: { value: lab.num(1, 1), mask: lab.num(255, 1) } };
      const match = [{ fieldId: 1, optional: { value: lab.num(value, 1) } }, ttl];
      return lab.insert({ tableId: 33554691, match, priority: 1, action: { action: { actionId: 16777480 } } });
    };
    assert.deepEqual(await slotCodes(write(client, [entry(1)])), [Code.OK]);
    assert.deepEqual(await slotCodes(write(client, [entry(2)])), [Code.INVALID_ARGUMENT]);
  });

  requirement("INF-12", "allows the actions a table refers to, each in its scope", async () => {
    const ref = "action_refs { id: 0x01000002 }\n  action_refs { id: 0x01000003 }";
    const scoped =
      "action_refs { id: 0x01000002 scope: TABLE_ONLY }\n  action_refs { id: 0x01000003 scope: DEFAULT_ONLY }";
    await commit(
      client,
      labP4Info(`${editedLab([ref, scoped])} actions { preamble { id: 0x01000009 name: "deny" alias: "deny" } }`),
    );
    const call = (actionId: number) => ({ action: { action: { actionId } } });
    const asDefault = (actionId: number) =>
      lab.modify({ tableId: lab.lab.acl, isDefaultAction: true, ...call(actionId) });
    const codes = await slotCodes(
      write(client, [
        ...[lab.lab.trap, lab.lab.copy, lab.lab.drop, 0x01000009].map((id) =>
          lab.insert(aclEntry(id & 0xff, call(id))),
        ),
        ...[lab.lab.trap, lab.lab.copy, lab.lab.drop, 0x01000009].map(asDefault),
      ]),
    );
    const { OK, INVALID_ARGUMENT, PERMISSION_DENIED } = Code;
    assert.deepEqual(codes, [OK, OK, PERMISSION_DENIED, INVALID_ARGUMENT, OK, PERMISSION_DENIED, OK, INVALID_ARGUMENT]);
  });

  requirement("INF-13", "lets a default action change unless its id says that it is constant", async () => {
    const fixed = editedLab([
      "initial_default_action { action_id: 0x01000004 }\n  size: 4",
      "const_default_action_id: 0x01000004 size: 4",
    ]);
    await commit(client, labP4Info(fixed));
    const change = (tableId: number) =>
      lab.modify({ tableId, isDefaultAction: true, action: { action: { actionId: lab.lab.drop } } });
    const codes = await slotCodes(write(client, [change(lab.lab.acl), change(lab.lab.notes)]));
    assert.deepEqual(codes, [Code.OK, Code.PERMISSION_DENIED]);
  });

  requirement(
    "INF-14",
    "begins with the initial default action, and with NoAction where an older P4Info names none",
    async () => {
      await commit(client, labP4Info(editedLab(["action_id: 0x01000004", "action_id: 0x01000002"])));
      const defaults = await lab.read(client, { tableEntry: { isDefaultAction: true } });
      assert.deepEqual(
        defaults.map(({ tableEntry }) => tableEntry?.action?.action?.actionId),
        [lab.lab.copy, lab.lab.nothing, lab.lab.nothing],
      );
    },
  );

  requirement("INF-18", "supports as many entries as the size says", async () => {
    await commit(client);
    const updates = Array.from({ length: lab.lab.notesSize }, (_, i) => lab.insert(noteEntry(i)));
    assert.deepEqual(await slotCodes(write(client, updates)), [Code.OK]);
  });

  requirement("INF-19", "knows by the table's behaviour whether it has idle timeouts", async () => {
    await commit(client);
    const codes = await slotCodes(write(client, [lab.insert(noteEntry(1, { idleTimeoutNs: long(1_000_000n) }))]));
    assert.deepEqual(codes, [Code.INVALID_ARGUMENT]);
  });

  requirement("INF-24", "takes a meter without type as two-rate three-colour", async () => {
    await commit(client);
    const meterConfig = { cir: long(1n), cburst: long(2n), pir: long(3n), pburst: long(4n) };
    const codes = await slotCodes(
      write(client, [
        lab.insert(aclEntry(1, { meterConfig })),
        lab.insert(aclEntry(2, { meterConfig: { ...meterConfig, eburst: long(1n) } })),
      ]),
    );
    assert.deepEqual(codes, [Code.OK, Code.INVALID_ARGUMENT]);
  });

  requirement(
    "INF-36",
    "reads fields, not the text of annotations that the compiler has turned into them",
    async () => {
      const text = editedLab(
        [
          "action_refs { id: 0x01000003 }",
          `action_refs { id: 0x01000003 annotations: "@tableonly" annotations: "@defaultonly" }`,
        ],
        [
          preamble,
          `${preamble} annotations: "@id(0x02000077)" annotations: "@brief(\\"b\\")" annotations: "@max_group_size(7)"`,
        ],
        [
          `id: 0x15000001 name: "ingress.acl_meter" alias: "acl_meter"`,
          `id: 0x15000001 name: "ingress.acl_meter" alias: "acl_meter" annotations: "@single_rate_two_color"`,
        ],
      );
      await commit(client, labP4Info(text));
      const meterConfig = { cir: long(1n), cburst: long(2n), pir: long(3n), pburst: long(4n) };
      const action = { action: { actionId: lab.lab.drop } };
      const codes = await slotCodes(
        write(client, [
          lab.insert(aclEntry(1, { meterConfig, action })),
          lab.modify({ tableId: lab.lab.acl, isDefaultAction: true, action }),
        ]),
      );
      assert.deepEqual(codes, [Code.OK]);
    },
  );
});
