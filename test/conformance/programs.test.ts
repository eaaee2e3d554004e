/** What only some programs have: types of their own, tables of a role, entries that a compiler wrote down. */
import assert from "node:assert/strict";
import { defined } from "../../src/base/invariant.js";
import { Code } from "../../src/base/status.js";
import type { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, rejected, uint128, type P4Client, type P4Stream } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT, PERMISSION_DENIED } = Code;
const device = { deviceId: long(1n) };

const stored = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft }, pipeline: { unbound_tables: store } }]
`;

/** An agent, and the primary of the default role with election id 1. */
const primary = (run: (client: P4Client, stream: P4Stream) => Promise<void>) => async () => {
  await using agent = await Agent.start({ yaml: stored });
  const client = agent.client();
  const stream = client.stream();
  await stream.arbitrate(1);
  await run(client, stream);
};

/** The program whose second table takes an action `mark` with a parameter of type `name`. */
function withParam(name: string, bitwidth: number): lab.LabP4Info {
  const info = lab.labP4Info();
  const typeName = { name };
  info.actions.push({
    preamble: { id: 0x01000005, name: "ingress.mark", alias: "mark" },
    params: [{ id: 1, name: "mark", bitwidth, typeName }],
  });
  info.tables[1]?.actionRefs?.push({ id: 0x01000005 });
  return info;
}

/** The second table's only field. */
function fieldOf(info: lab.LabP4Info): p4.config.v1.MatchField.$Properties {
  return defined(info.tables[1]?.matchFields?.[0], "the table has a field");
}

/** The program with a field, a parameter and packet metadata of an enum that has two members. */
function withEnum(): lab.LabP4Info {
  const info = withParam("kind_t", 16);
  const typeName = { name: "kind_t" };
  fieldOf(info).typeName = typeName;
  const packetOut = defined(info.controllerPacketMetadata?.[1], "the program has a packet_out header");
  packetOut.metadata = [{ id: 1, name: "egress_port", bitwidth: 16, typeName: { name: "port_kind_t" } }];
  const members = [2, 3].map((value) => ({ name: `m${value}`, value: lab.num(value) }));
  const sized = { underlyingType: { bitwidth: 16 }, members };
  info.typeInfo = { ...info.typeInfo, serializableEnums: { kind_t: sized, port_kind_t: sized } };
  return info;
}

/** The code of our error space for metadata. */
const badMetadata = 7;

const marked = (kind: number, mark: Buffer) =>
  lab.noteEntry(kind, { action: { action: { actionId: 0x01000005, params: [{ paramId: 1, value: mark }] } } });

describe("a program", () => {
  noLeaks();

  requirement(
    "BYT-18",
    "with a sized enum takes every number of its width, with a name or not",
    primary(async (client, stream) => {
      await lab.commit(client, withEnum());
      const tooWide = lab.num(0x10000, 3);
      const wide = { ...marked(3, lab.num(1)), match: [{ fieldId: 1, exact: { value: tooWide } }] };
      const entries = [marked(2, lab.num(3)), marked(0xbeef, lab.num(0xcafe)), marked(4, tooWide), wide];
      assert.deepEqual(await lab.slotCodes(lab.write(client, entries.map(lab.insert))), [
        OK,
        OK,
        INVALID_ARGUMENT,
        INVALID_ARGUMENT,
      ]);
      const found = await client.read({
        ...device,
        entities: [{ tableEntry: lab.noteEntry(0xbeef, { action: null }) }],
      });
      const param = found[0]?.tableEntry?.action?.action?.params?.[0];
      assert.deepEqual(Buffer.from(param?.value ?? []), lab.num(0xcafe));

      const out = (port: Buffer) => ({ payload: Buffer.alloc(60), metadata: [{ metadataId: 1, value: port }] });
      stream.send({ packet: out(lab.num(1)) }); // which has no name
      await stream.quiet();
      stream.send({ packet: out(tooWide) });
      const { canonicalCode, code } = await stream.error();
      assert.deepEqual([canonicalCode, code], [INVALID_ARGUMENT, badMetadata]);
    }),
  );

  requirement(
    "TRN-10",
    "with ports as action parameters takes them as controllers name them",
    primary(async (client) => {
      await lab.commit(client, withParam("port_id_t", 0));
      const entries = ["4", "4294967293", "5", "0", "ethernet-1/1"].map((port, i) => marked(i + 1, Buffer.from(port)));
      assert.deepEqual(await lab.slotCodes(lab.write(client, entries.map(lab.insert))), [
        OK,
        OK,
        INVALID_ARGUMENT,
        INVALID_ARGUMENT,
        INVALID_ARGUMENT,
      ]);
      const found = await client.read({ ...device, entities: [{ tableEntry: { tableId: lab.lab.notes } }] });
      assert.deepEqual(
        found.map(({ tableEntry }) => Buffer.from(tableEntry?.action?.action?.params?.[0]?.value ?? []).toString()),
        ["4", "4294967293"],
      );
    }),
  );

  requirement(
    "TRN-15",
    "with a type made from a translated one has plain numbers",
    primary(async (client) => {
      const info = lab.labP4Info();
      fieldOf(info).typeName = { name: "outer_t" };
      const outer = { originalType: { newType: { name: "port_id_t" } } };
      info.typeInfo = { newTypes: { ...info.typeInfo?.newTypes, outer_t: outer } };
      await lab.commit(client, info);
      await lab.write(client, [lab.insert(lab.noteEntry(0xbeef))]);
      const [found] = await client.read({ ...device, entities: [{ tableEntry: lab.noteEntry(0xbeef) }] });
      assert.deepEqual(Buffer.from(found?.tableEntry?.match?.[0]?.exact?.value ?? []), lab.num(0xbeef));
    }),
  );

  requirement(
    "WRT-19",
    "keeps a table of one role from another, update by update",
    primary(async (client, stream) => {
      await lab.commit(client);
      stream.finish();
      const other = client.stream();
      await other.arbitrate(1, { role: { name: "other" } });
      const staff = lab.noteEntry(1, { tableId: lab.lab.staff });
      const updates = [lab.insert(staff), lab.insert(lab.noteEntry(1)), lab.remove(staff)];
      const { code, slots } = await rejected(
        client.write({ ...device, role: "other", electionId: uint128(1n), updates }),
      );
      assert.deepEqual(
        [code, slots?.map((slot) => slot.code)],
        [Code.UNKNOWN, [PERMISSION_DENIED, OK, PERMISSION_DENIED]],
      );
    }),
  );

  requirement(
    "CON-14",
    "whose compiler's entries are written back gives an error for each const one",
    primary(async (client) => {
      await lab.commit(client);
      const entries = [1, 2, 3].map((n) => lab.noteEntry(n, { isConst: n !== 2 }));
      assert.deepEqual(await lab.slotCodes(lab.write(client, entries.map(lab.insert))), [
        INVALID_ARGUMENT,
        OK,
        INVALID_ARGUMENT,
      ]);
    }),
  );
});
