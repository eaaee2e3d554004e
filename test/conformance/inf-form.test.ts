/** P4Info: what a pushed program may hold, and what is refused. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import { Action, commit, editedLab, labP4Info, labText, labWithField, set } from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const dmac = `name: "dst_mac" bitwidth: 48`;
const preamble = `preamble { id: 0x02000001 name: "ingress.acl" alias: "acl"`;

const byteType = `type_spec { bitstring { bit { bitwidth: 8 } } }`;

/** Programs that are refused; `names` is what the message must say. */
const refused: readonly {
  readonly id: string;
  readonly what: string;
  readonly text: string;
  readonly names: RegExp;
}[] = [
  { id: "INF-01", what: "an id of 0", text: editedLab(["0x02000002", "0"]), names: /'ingress.notes'.* id 0/ },
  {
    id: "INF-01",
    what: "one id twice",
    text: editedLab(["0x02000002", "0x02000001"]),
    names: /'ingress.notes'.*0x02000001.*'ingress.acl'/,
  },
  {
    id: "INF-02",
    what: "a table with the prefix of actions",
    text: editedLab(["0x02000002", "0x01000092"]),
    names: /0x02/,
  },
  {
    id: "INF-02",
    what: "an action with a reserved prefix",
    text: `${labText} actions { preamble { id: 0x05000001 name: "x" alias: "x" } }`,
    names: /'x'.*0x01/,
  },
  ...[
    ["value_sets", "0x04000003"],
    ["counters", "0x13000003"],
    ["meters", "0x15000003"],
    ["registers", "0x17000003"],
    ["digests", "0x16000003"],
    ["action_profiles", "0x12000003"],
  ].map(([list = "", id = ""]) => ({
    id: "INF-02",
    what: `${list} with the prefix of another kind`,
    text: `${labText} ${list} { preamble { id: ${id} name: "x" alias: "x" } }`,
    names: new RegExp(`'x'.*${id}`),
  })),
  {
    id: "INF-02",
    what: "an extern type outside 0x81 … 0xfe",
    text: `${labText} externs { extern_type_id: 0x80 extern_type_name: "odd" }`,
    names: /'odd'.*0x80/,
  },
  {
    id: "INF-03",
    what: "a match field id twice in a table",
    text: editedLab([`id: 2 name: "dst_mac"`, `id: 1 name: "dst_mac"`]),
    names: /'ingress.acl'.*match field id '1'/,
  },
  {
    id: "INF-03",
    what: "a metadata id twice in a header",
    text: editedLab([`id: 2 name: "target`, `id: 1 name: "target`]),
    names: /packet_in.*'1'/,
  },
  {
    id: "INF-04",
    what: "an action reference to nothing",
    text: editedLab(["action_refs { id: 0x01000003 }", "action_refs { id: 0x01000033 }"]),
    names: /'ingress.acl'.*0x01000033/,
  },
  {
    id: "INF-04",
    what: "a direct resource that does not exist",
    text: editedLab(["direct_resource_ids: 0x13000001", "direct_resource_ids: 0x13000007"]),
    names: /0x13000007/,
  },
  {
    id: "INF-04",
    what: "a direct resource of a table that does not list it",
    text: editedLab(["direct_resource_ids: 0x13000001", ""]),
    names: /acl_counter/,
  },
  {
    id: "INF-04",
    what: "an action profile that does not exist",
    text: editedLab(["size: 4", "implementation_id: 0x11000001 size: 4"]),
    names: /0x11000001/,
  },
  {
    id: "INF-05",
    what: "an alias twice among tables",
    text: editedLab([`alias: "notes"`, `alias: "acl"`]),
    names: /table alias 'acl'/,
  },
  {
    id: "INF-05",
    what: "a name twice among actions",
    text: editedLab([`name: "ingress.copy"`, `name: "ingress.trap"`]),
    names: /action name 'ingress.trap'/,
  },
  {
    id: "INF-06",
    what: "a third controller header",
    text: `${labText} controller_packet_metadata { preamble { id: 0x04000003 name: "packet_up" alias: "packet_up" } }`,
    names: /'packet_up'/,
  },
  {
    id: "INF-06",
    what: "packet_in twice",
    text: `${labText} controller_packet_metadata { preamble { id: 0x04000003 name: "packet_in" } }`,
    names: /'packet_in'/,
  },
  {
    id: "INF-07",
    what: "a foreign match type",
    text: labWithField(`${dmac} other_match_type: "fuzzy"`),
    names: /'dst_mac'.*'fuzzy'/,
  },
  { id: "INF-07", what: "a field without match type", text: labWithField(dmac), names: /'dst_mac'.*match_type/ },
  {
    id: "INF-07",
    what: "a match type that is UNSPECIFIED",
    text: labWithField(`${dmac} match_type: UNSPECIFIED`),
    names: /'dst_mac'.*match_type/,
  },
  {
    id: "INF-08",
    what: "text that has a bitwidth",
    text: editedLab([`name: "ingress_port" type_name`, `name: "ingress_port" bitwidth: 9 type_name`]),
    names: /'ingress_port'.*9.*sdn_string/,
  },
  {
    id: "INF-08",
    what: "a number without bitwidth",
    text: editedLab([`name: "ether_type" bitwidth: 16`, `name: "ether_type"`]),
    names: /'ether_type'/,
  },
  {
    id: "INF-08",
    what: "a bitwidth other than sdn_bitwidth",
    text: editedLab(
      [`name: "ingress_port" type_name`, `name: "ingress_port" bitwidth: 9 type_name`],
      ["sdn_string { }", `uri: "" sdn_bitwidth: 32`],
    ),
    names: /9.*sdn_bitwidth 32/,
  },
  {
    id: "INF-09",
    what: "a type that type_info lacks",
    text: editedLab([`type_name { name: "port_id_t" }`, `type_name { name: "nothing_t" }`]),
    names: /'nothing_t'/,
  },
  {
    id: "INF-10",
    what: "a new type without representation",
    text: editedLab(["value { translated_type { sdn_string { } } }", "value { }"]),
    names: /'port_id_t'/,
  },
  {
    id: "INF-13",
    what: "a constant default action the table does not list",
    text: editedLab(["size: 4", "const_default_action_id: 0x01000009 size: 4"]),
    names: /'ingress.notes'.*0x01000009/,
  },
  {
    id: "INF-14",
    what: "an initial default action the table does not list",
    text: editedLab([
      "initial_default_action { action_id: 0x01000004 }",
      "initial_default_action { action_id: 0x01000009 }",
    ]),
    names: /'ingress.acl'.*0x01000009/,
  },
  {
    id: "INF-14",
    what: "an initial default action that is not the constant one",
    text: editedLab(["size: 4", "const_default_action_id: 0x01000003 size: 4"]),
    names: /'ingress.notes'/,
  },
  {
    id: "INF-17",
    what: "two direct counters of one table",
    text: `${editedLab(["direct_resource_ids: 0x13000001", "direct_resource_ids: 0x13000001 direct_resource_ids: 0x13000002"])} direct_counters { preamble { id: 0x13000002 name: "b" alias: "b" } spec { unit: BOTH } direct_table_id: 0x02000001 }`,
    names: /'ingress.acl'.*more than one direct counter/,
  },
  { id: "INF-18", what: "a negative size", text: editedLab(["size: 4", "size: -4"]), names: /-4/ },
  {
    id: "INF-20",
    what: "a table with initial entries, which P4Info does not carry",
    text: editedLab(["size: 4", "has_initial_entries: true size: 4"]),
    names: /'ingress.notes'.*initial entries/,
  },
  {
    id: "INF-20",
    what: "a const table with entries, which P4Info does not carry",
    text: editedLab(["size: 4", "is_const_table: true has_initial_entries: true size: 4"]),
    names: /'ingress.notes'.*initial entries/,
  },
  {
    id: "INF-23",
    what: "a counter without unit",
    text: editedLab(["unit: BOTH", ""]),
    names: /'ingress.acl_counter'.*unit/,
  },
  {
    id: "INF-24",
    what: "a meter without unit",
    text: editedLab(["unit: BYTES", ""]),
    names: /'ingress.acl_meter'.*unit/,
  },
  {
    id: "INF-28",
    what: "annotation locations that do not match",
    text: editedLab([preamble, `${preamble} annotations: "@a" annotations: "@b" annotation_locations { line: 1 }`]),
    names: /'ingress.acl'.*annotation_locations/,
  },
  {
    id: "INF-29",
    what: "a structured annotation twice",
    text: editedLab([
      preamble,
      `${preamble} structured_annotations { name: "a" } structured_annotations { name: "a" }`,
    ]),
    names: /'a'/,
  },
  {
    id: "INF-29",
    what: "a key twice in a structured annotation",
    text: editedLab([
      preamble,
      `${preamble} structured_annotations { name: "a" kv_pair_list { kv_pairs { key: "k" value { int64_value: 1 } } kv_pairs { key: "k" value { int64_value: 2 } } } }`,
    ]),
    names: /'k'/,
  },
];

/** Programs that are taken, and come back unchanged. */
const taken: readonly { readonly id: string; readonly what: string; readonly text: string }[] = [
  {
    id: "INF-02",
    what: "each kind of object under its own prefix",
    text: `${labText}
    value_sets { preamble { id: 0x03000001 name: "vs" alias: "vs" } match { id: 1 name: "f" bitwidth: 8 match_type: EXACT } size: 4 }
    counters { preamble { id: 0x12000001 name: "c" alias: "c" } spec { unit: BOTH } size: 4 }
    meters { preamble { id: 0x14000001 name: "m" alias: "m" } spec { unit: BYTES } size: 4 }
    registers { preamble { id: 0x16000001 name: "r" alias: "r" } ${byteType} size: 4 }
    digests { preamble { id: 0x17000001 name: "d" alias: "d" } ${byteType} }
    externs { extern_type_id: 0xfe extern_type_name: "odd" instances { preamble { id: 0xfe000001 name: "o" alias: "o" } } }`,
  },
  {
    id: "INF-03",
    what: "any number as the id of a field",
    text: editedLab([`id: 2 name: "dst_mac"`, `id: 0xfffffffe name: "dst_mac"`]),
  },
  {
    id: "INF-05",
    what: "one alias for objects of different kinds",
    text: editedLab([`alias: "trap"`, `alias: "acl"`]),
  },
  ...["EXACT", "LPM", "TERNARY", "OPTIONAL"].map((kind) => ({
    id: "INF-07",
    what: `${kind} matches`,
    text: labWithField(`${dmac} match_type: ${kind}`),
  })),
  { id: "INF-07", what: "RANGE matches", text: labWithField(`name: "l4_dst_port" bitwidth: 16 match_type: RANGE`) },
  {
    id: "INF-10",
    what: "a translated type with an empty uri",
    text: editedLab(["sdn_string { }", `uri: "" sdn_string { }`]),
  },
  { id: "INF-17", what: "a table without direct resources", text: labText },
  { id: "INF-19", what: "NO_TIMEOUT", text: editedLab(["size: 4", "idle_timeout_behavior: NO_TIMEOUT size: 4"]) },
  { id: "INF-20", what: "a const table without entries", text: editedLab(["size: 4", "is_const_table: true size: 4"]) },
  ...["BYTES", "PACKETS", "BOTH"].map((unit) => ({
    id: "INF-23",
    what: `a counter of ${unit}`,
    text: editedLab(["unit: BOTH", `unit: ${unit}`]),
  })),
  ...["BYTES", "PACKETS"].map((unit) => ({
    id: "INF-24",
    what: `a meter of ${unit}`,
    text: editedLab(["unit: BYTES", `unit: ${unit}`]),
  })),
  {
    id: "INF-28",
    what: "annotations with their locations",
    text: editedLab([
      preamble,
      `${preamble} annotations: "@a" annotations: "@b(c d)" annotation_locations { file: "f" line: 1 column: 2 } annotation_locations { line: 3 }`,
    ]),
  },
  {
    id: "INF-29",
    what: "structured annotations of every form",
    text: editedLab([
      preamble,
      `${preamble}
    structured_annotations { name: "empty" }
    structured_annotations { name: "list" expression_list { expressions { string_value: "s" } expressions { int64_value: -5 } expressions { bool_value: true } } }
    structured_annotations { name: "pairs" kv_pair_list { kv_pairs { key: "k" value { bool_value: false } } kv_pairs { key: "l" value { int64_value: 9 } } } source_location { line: 1 } }`,
    ]),
  },
  {
    id: "INF-30",
    what: "documentation",
    text: editedLab([preamble, `${preamble} doc { brief: "short" description: "long" }`]),
  },
  { id: "INF-31", what: "annotations without locations", text: editedLab([preamble, `${preamble} annotations: "@a"`]) },
  {
    id: "INF-32",
    what: "a program without package information",
    text: editedLab([`pkg_info { name: "lab" arch: "v1model" }`, ""]),
  },
  {
    id: "INF-32",
    what: "package information in full",
    text: editedLab([
      `arch: "v1model"`,
      `arch: "psa" version: "1" organization: "o" contact: "c" url: "u" doc { brief: "b" } annotations: "@x"`,
    ]),
  },
  {
    id: "INF-34",
    what: "annotations nobody here knows",
    text: editedLab([
      preamble,
      `${preamble} annotations: "@proto_id(4)" annotations: "@refers_to(a , b)" annotations: "@mystery"`,
    ]),
  },
];

describe("the form of a P4Info", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  before(async () => {
    agent = await Agent.start();
    client = agent.client();
    await primary(client);
  });
  after(() => agent[Symbol.asyncDispose]());

  for (const { id, what, text, names } of refused)
    requirement(id, `with ${what} is refused, and the message says where`, async () => {
      const failure = await rejected(set(client, Action.VERIFY, { p4info: labP4Info(text) }));
      assert.equal(failure.code, Code.INVALID_ARGUMENT);
      assert.match(failure.message, names);
    });

  for (const { id, what, text } of taken)
    requirement(id, `with ${what} is taken and comes back as it was`, async () => {
      const p4info = labP4Info(text);
      await commit(client, p4info);
      assert.deepEqual((await client.getPipeline({ deviceId: long(1n) })).config?.p4info, p4info);
    });
});
