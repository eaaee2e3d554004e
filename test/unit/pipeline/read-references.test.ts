import assert from "node:assert/strict";
import { StatusError } from "../../../src/base/status.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import type { P4InfoSpec } from "../../../src/pipeline/p4info.js";
import type { Pipeline, References } from "../../../src/pipeline/pipeline.js";
import { linkedSpec } from "../../support/linked-program.js";
import { action, field, matchField, matchType, p4info, ref, table } from "../../support/p4info-spec.js";
import { published } from "../../support/program-options.js";

const exact = (id: number, name: string, annotations: readonly string[] = [], bitwidth = 8) =>
  matchField(id, name, { match: matchType.exact, bitwidth, annotations });

/** Table `to` of fields `a` and `b` (8 bits) and `m` (TERNARY), and what refers to it: field `f`, parameters `p` and `q`. */
function program(
  given: { readonly f?: readonly string[]; readonly p?: readonly string[]; readonly q?: readonly string[] },
  more: { readonly match?: number; readonly bitwidth?: number; readonly a?: readonly string[] } = {},
): P4InfoSpec {
  const { match = matchType.exact, bitwidth = 8 } = more;
  return p4info({
    tables: [
      table(0x02000001, "ingress.to", {
        preamble: { ...table(0x02000001, "ingress.to").preamble, alias: "to" },
        matchFields: [exact(1, "a", more.a), exact(2, "b"), matchField(3, "m", { bitwidth: 8 })],
        actionRefs: [ref(0x01000001)],
      }),
      table(0x02000002, "from", {
        matchFields: [matchField(1, "f", { match, bitwidth, annotations: given.f ?? [] })],
        actionRefs: [ref(0x01000001)],
      }),
    ],
    actions: [
      action(0x01000001, "act", [
        field(1, "p", { bitwidth, annotations: given.p ?? [] }),
        field(2, "q", { bitwidth, annotations: given.q ?? [] }),
      ]),
    ],
  });
}

function problemsOf(spec: P4InfoSpec): string {
  try {
    indexP4Info(spec);
    return "";
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return error.message.replace("P4Info: ", "");
  }
}

/** Such as `act: to(a, b) from 0, 1`. */
function told({ references, tables, actions }: Pipeline): readonly string[] {
  const texts = (named: References["ofKey"], nameOf: (id: number) => string | undefined) =>
    [...named].flatMap(([id, list]) =>
      list.map(({ target, sources }) => {
        const to =
          target.kind === "table" ? `${target.table.alias}(${target.fields.map((f) => f.name).join(", ")})` : "group";
        return `${nameOf(id) ?? ""}: ${to} from ${sources.join(", ")}`;
      }),
    );
  return [
    ...texts(references.ofKey, (id) => tables.get(id)?.alias),
    ...texts(references.ofAction, (id) => actions.get(id)?.alias),
    ...references.ofReplica.map(
      ({ target, sources }) =>
        `replica: ${target.table.alias}(${target.fields.map((f) => f.name).join(", ")}) from ${sources.join(", ")}`,
    ),
  ];
}

describe("references of a program", () => {
  it("are read with blanks, quotes, aliases and whole names", () => {
    for (const text of [
      "@refers_to(to,a)",
      "@ refers_to ( to , a )",
      '@refers_to("to", "a")',
      "@refers_to(ingress . to, a)",
    ])
      assert.deepEqual(told(indexP4Info(program({ f: [text] }))), ["from: to(a) from 0"]);
  });

  it("join what one action says of one table, in the order of the table's fields", () => {
    const both = program({ p: ["@refers_to(to, b)"], q: ["@refers_to(to, a)"] });
    assert.deepEqual(told(indexP4Info(both)), ["act: to(a, b) from 1, 0"]);
  });

  it("are as many as a field is meant", () => {
    assert.deepEqual(
      told(indexP4Info(program({ p: ["@refers_to(to, a)"], q: ["@refers_to(to, a)", "@refers_to(to, b)"] }))),
      ["act: to(a, b) from 0, 1", "act: to(a, b) from 1, 1"],
    );
  });

  it("are known of every form at once", () => {
    assert.deepEqual(told(indexP4Info(linkedSpec)), [
      "neighbours: interfaces(id) from 0",
      "routes: nexthops(id) from 1",
      "routes: nexthops(id) from 2",
      "resolve: interfaces(id) from 0",
      "resolve: neighbours(interface, address) from 0, 1",
      "forward: nexthops(id) from 0",
      "multicast: group from 0",
      "replica: replicas(port, instance) from port, instance",
    ]);
  });

  it("of a published program all lead to its tables", () => {
    const { references } = indexP4Info(published("middleblock"));
    assert.deepEqual(references.unchecked, []);
    assert.equal(references.ofKey.size, 6);
    assert.equal(references.ofAction.size, 16);
    assert.equal(references.ofReplica.length, 1);
  });

  it("to tables that the program lacks are told and not asked for", () => {
    const { references } = indexP4Info(program({ f: ["@refers_to(pruned, id)"] }));
    assert.deepEqual(references.unchecked, ["table 'from': match field 'f': @refers_to(pruned, id)"]);
    assert.equal(references.targets.length, 0);
  });

  for (const { what, spec, problem } of [
    {
      what: "one argument",
      spec: program({ f: ["@refers_to(to)"] }),
      problem: "table 'from': match field 'f': @refers_to(to) does not have the two arguments table and field",
    },
    {
      what: "no parentheses",
      spec: program({ p: ["@refers_to"] }),
      problem: "action 'act': parameter 'p': @refers_to() does not have the two arguments table and field",
    },
    {
      what: "an unknown field",
      spec: program({ p: ["@refers_to(to, z)"] }),
      problem: "action 'act': parameter 'p': @refers_to(to, z): table 'to' has no such match field; it has a, b, m",
    },
    {
      what: "a field that is not EXACT",
      spec: program({ p: ["@refers_to(to, m)"] }),
      problem: "action 'act': parameter 'p': @refers_to(to, m): that field is TERNARY, not EXACT",
    },
    {
      what: "another width",
      spec: program({ f: ["@refers_to(to, a)"] }, { bitwidth: 9 }),
      problem: "table 'from': match field 'f': @refers_to(to, a): that field is bit<8>, this one bit<9>",
    },
    {
      what: "an LPM field",
      spec: program({ f: ["@refers_to(to, a)"] }, { match: matchType.lpm }),
      problem:
        "table 'from': match field 'f': @refers_to(to, a): LPM names no single value, so it cannot refer to an entry",
    },
    {
      what: "something else that is built in",
      spec: program({ p: ["@refers_to(builtin::clone_session_table, session_id)"] }),
      problem:
        "action 'act': parameter 'p': @refers_to(builtin::clone_session_table, session_id): the one field to refer to of what is built in is builtin::multicast_group_table, multicast_group_id",
    },
    {
      what: "references that cannot be told apart",
      spec: program({
        p: ["@refers_to(to, a)", "@refers_to(to, a)", "@refers_to(to, b)"],
        q: ["@refers_to(to, a)", "@refers_to(to, b)"],
      }),
      problem: "action 'act': parameters: @refers_to(to, …): which belong together is not clear: a 3 times, b 2 times",
    },
    {
      what: "@referenced_by of a table",
      spec: program({}, { a: ["@referenced_by(from, f)"] }),
      problem:
        "table 'to': match field 'a': @referenced_by(from, f): only replica.port and replica.instance of builtin::multicast_group_table can refer to an entry",
    },
    {
      what: "@referenced_by twice",
      spec: program(
        {},
        {
          a: [
            "@referenced_by(builtin::multicast_group_table, replica.port)",
            "@referenced_by(builtin::multicast_group_table, replica.instance)",
          ],
        },
      ),
      problem:
        "table 'to': match field 'a': @referenced_by(builtin::multicast_group_table, replica.instance): the field is referenced already",
    },
  ])
    it(`are refused with ${what}`, () => {
      assert.equal(problemsOf(spec), problem);
    });

  it("to an unknown field are refused with some of the fields that there are, however many", () => {
    const fields = Array.from({ length: 30 }, (_, i) => exact(i + 1, `f${i + 1}`));
    const wide = table(0x02000001, "wide", { matchFields: fields, actionRefs: [ref(0x01000001)] });
    const call = action(0x01000001, "act", [field(1, "p", { bitwidth: 8, annotations: ["@refers_to(wide, z)"] })]);
    const named = fields.slice(0, 20).map(({ name }) => name);
    assert.equal(
      problemsOf(p4info({ tables: [wide], actions: [call] })),
      `action 'act': parameter 'p': @refers_to(wide, z): table 'wide' has no such match field; it has ${named.join(", ")} and 10 more`,
    );
  });
});
