/** P4Info: value sets, registers and digests. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import { Action, commit, labP4Info, labText, set } from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const octet = `name: "f" bitwidth: 8`;
const byteType = `type_spec { bitstring { bit { bitwidth: 8 } } }`;
const valueSet = (match: string) =>
  `${labText} value_sets { preamble { id: 0x03000001 name: "vs" alias: "vs" } ${match} size: 4 }`;

/** Value sets, registers and digests are not offered, and their forms are checked all the same. */
const refused: readonly {
  readonly id: string;
  readonly what: string;
  readonly text: string;
  readonly names: RegExp;
}[] = [
  {
    id: "INF-25",
    what: "a value set without match field",
    text: valueSet(""),
    names: /value set 'vs' has no match field/,
  },
  {
    id: "INF-25",
    what: "the only field of a value set with another id than 1",
    text: valueSet(`match { id: 2 ${octet} match_type: EXACT }`),
    names: /'vs'.*has id 2, not 1/,
  },
  {
    id: "INF-25",
    what: "two fields of a value set with one id",
    text: valueSet(
      `match { id: 1 ${octet} match_type: EXACT } match { id: 1 name: "g" bitwidth: 8 match_type: EXACT }`,
    ),
    names: /'vs': match field id/,
  },
  {
    id: "INF-25",
    what: "a field of a value set without match type",
    text: valueSet(`match { id: 1 ${octet} }`),
    names: /'vs': match field 'f': match_type/,
  },
  {
    id: "INF-25",
    what: "a field of a value set without width",
    text: valueSet(`match { id: 1 name: "f" match_type: EXACT }`),
    names: /'vs': match field 'f' has neither/,
  },
  {
    id: "INF-26",
    what: "a register without type",
    text: `${labText} registers { preamble { id: 0x16000001 name: "r" alias: "r" } size: 4 }`,
    names: /'r' has no type_spec/,
  },
  {
    id: "INF-26",
    what: "a digest without type",
    text: `${labText} digests { preamble { id: 0x17000001 name: "d" alias: "d" } }`,
    names: /'d' has no type_spec/,
  },
  {
    id: "INF-26",
    what: "a register whose index has an unknown type",
    text: `${labText} registers { preamble { id: 0x16000001 name: "r" alias: "r" } ${byteType} index_type_name { name: "nobody" } size: 4 }`,
    names: /'r': index type 'nobody'/,
  },
];

/** Programs that are taken, and come back unchanged. */
const taken: readonly { readonly id: string; readonly what: string; readonly text: string }[] = [
  {
    id: "INF-25",
    what: "a value set of a struct, a field each",
    text: valueSet(
      `match { id: 1 ${octet} match_type: EXACT } match { id: 2 name: "g" bitwidth: 8 match_type: TERNARY }`,
    ),
  },
  {
    id: "INF-26",
    what: "a register with a translated index",
    text: `${labText} registers { preamble { id: 0x16000001 name: "r" alias: "r" } ${byteType} index_type_name { name: "port_id_t" } size: 4 }`,
  },
];

describe("the form of value sets, registers and digests", () => {
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
