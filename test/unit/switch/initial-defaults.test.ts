import assert from "node:assert/strict";
import { initialDefaults } from "../../../src/switch/initial-defaults.js";
import { actions, p4info, schemaOf, shapes, tableId, tables, type TableSketch } from "../../support/programs.js";
import { hex, outcome } from "../../support/entities.js";
import { requirement } from "../../support/requirement.js";

/** Default records of a program, in hex. */
function defaultsOf(spec: Parameters<typeof schemaOf>[0]): ReadonlyMap<number, string> {
  return new Map(
    [...initialDefaults(schemaOf(spec))].map(([id, record]) => [id, Buffer.from(record, "latin1").toString("hex")]),
  );
}

const sketch: TableSketch = {
  at: 1,
  name: "table",
  fields: [["x", "exact", 8]],
  actions: { [actions.set]: "both", [actions.send]: "both" },
};

function withArguments(action: number, ...values: readonly string[]): string | undefined {
  const args = values.map((value, i) => ({ paramId: i + 1, value: hex(value) }));
  return defaultsOf(p4info([{ ...sketch, initialDefault: { actionId: action, args } }])).get(tableId(1));
}

describe("the default entry a program begins with", () => {
  requirement(["DEF-12", "DEF-14"], "is what the program says, its constant default, NoAction, or nothing", () => {
    const defaults = defaultsOf(shapes);
    assert.equal(defaults.get(tableId(tables.routes)), "01000004");
    assert.equal(defaults.get(tableId(tables.acl)), "01000001");
    assert.equal(defaults.get(tableId(tables.hosts)), "01000001");
    assert.equal(defaults.get(tableId(tables.numberPorts)), "01000001");
    const spec = p4info([sketch]);
    const nameless = spec.actions.filter(({ preamble }) => preamble.id !== actions.noAction);
    assert.equal(defaultsOf({ ...spec, actions: nameless }).size, 0);
  });

  for (const { name, action, values, want } of [
    {
      name: "numbers in canonical form",
      action: actions.set,
      values: ["000101", "07"],
      want: "01000005" + "0101" + "0007",
    },
    { name: "texts", action: actions.send, values: ["31", "0f"], want: "01000006" + "0001" + "0f" + "31" },
    {
      name: "long texts",
      action: actions.send,
      values: ["31".repeat(1024), "0f"],
      want: "01000006" + "0400" + "0f" + "31".repeat(1024),
    },
  ])
    it(`holds ${name}`, () => assert.equal(withArguments(action, ...values), want));

  for (const { name, action, values } of [
    { name: "a number too wide", action: actions.set, values: ["0200", "07"] },
    { name: "a number too wide by bytes", action: actions.set, values: ["01", "010000"] },
    { name: "an empty number", action: actions.set, values: ["", "07"] },
    { name: "an empty text", action: actions.send, values: ["", "0f"] },
    { name: "a text too long", action: actions.send, values: ["31".repeat(1025), "0f"] },
    { name: "a text far too long", action: actions.send, values: ["31".repeat(70_000), "0f"] },
    { name: "a text that is not UTF-8", action: actions.send, values: ["ff", "0f"] },
  ])
    it(`is refused with ${name}`, () =>
      assert.equal(
        outcome(() => withArguments(action, ...values)),
        "INVALID_ARGUMENT",
      ));
});
