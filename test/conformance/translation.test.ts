import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, type P4Client, type P4Stream, type TableEntry } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { Wire } from "../support/wire.js";
import {
  changedWbb,
  hex,
  inserting,
  lldp,
  packetOut,
  pushInfo,
  sendQuietly,
  setPortType,
  tableId,
  trap,
} from "./wbb.js";

const yaml = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft } }]
interfaces: { a: { port_id: 1 }, b: { port_id: 300 }, far: { port_id: 4294967039 } }
`;

const { MatchType } = p4.config.v1.MatchField;

type KeyKind = "optional" | "exact";

/** The type of ports, how wide their fields are, and how the ingress port is matched. */
interface PortForm {
  readonly key: KeyKind;
  readonly type: p4.config.v1.P4NewTypeSpec.$Properties;
  readonly bitwidth: number;
}

const text: PortForm = { key: "optional", type: { translatedType: { sdnString: {} } }, bitwidth: 0 };
const number32: PortForm = { key: "optional", type: { translatedType: { sdnBitwidth: 32 } }, bitwidth: 32 };
const plain32: PortForm = {
  key: "optional",
  type: { originalType: { bitstring: { bit: { bitwidth: 32 } } } },
  bitwidth: 32,
};

/** WBB without its restriction, with an ingress port of the given form among its match fields. */
function withPortField({ key, type, bitwidth }: PortForm, annotations: readonly string[] = []): p4.config.v1.P4Info {
  return changedWbb((info) => {
    setPortType(info, bitwidth, type);
    const [table] = info.tables;
    if (table?.preamble) table.preamble.annotations = ["@sai_acl(INGRESS)"];
    table?.matchFields?.push({
      id: 6,
      name: "in_port",
      annotations: ["@sai_field(SAI_ACL_TABLE_ATTR_FIELD_IN_PORT)", ...annotations],
      matchType: key === "exact" ? MatchType.EXACT : MatchType.OPTIONAL,
      bitwidth,
      typeName: { name: "port_id_t" },
    });
  });
}

function fromPort(value: Uint8Array, key: KeyKind = "optional"): TableEntry {
  const match = [{ fieldId: 6, [key]: { value } }];
  return { tableId, match, priority: 1, action: { action: { actionId: trap } } };
}

async function scene(form: PortForm, run: (client: P4Client, stream: P4Stream, agent: Agent) => Promise<void>) {
  await using agent = await Agent.start({ yaml });
  const client = agent.client();
  const stream = await primary(client);
  await pushInfo(client, withPortField(form));
  await run(client, stream, agent);
}

/** The value of the port field of every entry. */
async function portsRead(client: P4Client): Promise<readonly string[]> {
  const entities = await client.read({ deviceId: long(1n), entities: [{ tableEntry: {} }] });
  return entities.map(({ tableEntry }) => {
    const [field] = tableEntry?.match ?? [];
    return Buffer.from((field?.exact ?? field?.optional)?.value ?? []).toString("hex");
  });
}

describe("translated values over gRPC", () => {
  noLeaks();

  for (const { ids, title, form, value, read } of [
    { ids: ["TRN-04", "TRN-08"], title: "a text", form: text, value: Buffer.from("300"), read: "333030" },
    { ids: ["TRN-03", "TRN-08"], title: "a number of sdn_bitwidth", form: number32, value: hex("012c"), read: "012c" },
    {
      ids: ["TRN-08"],
      title: "a text that must match",
      form: { ...text, key: "exact" } as const,
      value: Buffer.from("300"),
      read: "333030",
    },
    { ids: ["TRN-03"], title: "a number with leading zeros", form: number32, value: hex("0000012c"), read: "012c" },
    { ids: ["TRN-14"], title: "a plain number", form: plain32, value: hex("012c"), read: "012c" },
  ])
    requirement(["TRN-01", "TRN-02", ...ids], `${title} names the port in entries, packets in and packets out`, () =>
      scene(form, async (client, stream, agent) => {
        await client.write(inserting([fromPort(value, form.key)], 1));
        assert.deepEqual(await portsRead(client), [read]);
        for (const port of [1, 300]) await client.inject({ dataplaneIngressPort: port, payload: lldp });
        const { metadata } = await stream.packetIn();
        assert.equal(Buffer.from(metadata?.[0]?.value ?? []).toString("hex"), read);
        using wire = new Wire(agent.device());
        await sendQuietly(stream, packetOut([[1, value]]));
        assert.deepEqual(wire.taken(), [{ port: 300, frame: lldp }]);
      }),
    );

  for (const { ids, title, form, value, allowed } of [
    { ids: ["TRN-05"], title: "a text nobody configured", form: text, value: Buffer.from("2"), allowed: false },
    { ids: ["TRN-05"], title: "a text that is no number", form: text, value: Buffer.from("a"), allowed: false },
    { ids: ["TRN-05", "AMB-23"], title: "an empty text", form: text, value: Buffer.alloc(0), allowed: false },
    { ids: ["TRN-05", "AMB-23"], title: "a text that is not UTF-8", form: text, value: hex("31ff"), allowed: false },
    { ids: ["TRN-05"], title: "a number nobody configured", form: number32, value: hex("02"), allowed: false },
    { ids: ["TRN-06"], title: "port 0", form: number32, value: hex("00"), allowed: false },
    { ids: ["TRN-06"], title: "the last ordinary port", form: number32, value: hex("fffffeff"), allowed: true },
    { ids: ["TRN-06", "AMB-41"], title: "a reserved port", form: number32, value: hex("ffffff00"), allowed: false },
    { ids: ["TRN-01"], title: "the CPU port", form: number32, value: hex("fffffffd"), allowed: true },
    { ids: ["TRN-01"], title: "the CPU port as text", form: text, value: Buffer.from("4294967293"), allowed: true },
  ])
    requirement(ids, `${title} ${allowed ? "may" : "may not"} be matched`, () =>
      scene(form, async (client) => {
        const write = client.write(inserting([fromPort(value)], 1));
        if (allowed) {
          await write;
          return;
        }
        const { slots } = await rejected(write);
        assert.deepEqual(
          slots?.map(({ code }) => code),
          [Code.INVALID_ARGUMENT],
        );
        assert.deepEqual(await portsRead(client), []);
      }),
    );

  requirement(["TRN-01", "TRN-02"], "what the CPU submits comes from the CPU port", () =>
    scene(number32, async (client, stream) => {
      await client.write(inserting([fromPort(hex("fffffffd"))], 1));
      stream.send(packetOut([[2, hex("01")]]));
      const { metadata } = await stream.packetIn();
      assert.equal(Buffer.from(metadata?.[0]?.value ?? []).toString("hex"), "fffffffd");
    }),
  );

  requirement("TRN-16", "a translation annotation on anything but a type has no effect", async () => {
    await using agent = await Agent.start({ yaml });
    const client = agent.client();
    await primary(client);
    await pushInfo(client, withPortField(plain32, ['@p4runtime_translation("", string)']));
    await client.write(inserting([fromPort(hex("012c"))], 1));
    assert.deepEqual(await portsRead(client), ["012c"]);
  });
});
