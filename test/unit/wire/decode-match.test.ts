/** Match fields from bytes to records, one piece: one table of rows a kind of match. */
import assert from "node:assert/strict";
import { decodeWriteRequest } from "../../../src/wire/decode-write.js";
import {
  draftOf,
  call,
  entry,
  exact,
  exactText,
  hex,
  lpm,
  optional,
  optionalText,
  outcome,
  range,
  ternary,
  update,
  writeBytes,
  type Match,
  type TableEntry,
  type UpdateKind,
} from "../../support/entities.js";
import { actions, schemaOf, shapes, tables } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";

const schema = schemaOf(shapes);

/** The key record of an update of `tableEntry`, in hex. */
function keyOf(tableEntry: TableEntry, type: UpdateKind = "insert"): string {
  const draft = draftOf(decodeWriteRequest(writeBytes(update(type, { tableEntry }))).updates.decode(0, schema));
  return draft.keyBytes.toString("hex", 0, draft.keyLength);
}

const drop = call(actions.drop);
const needsPriority = new Set<number>([tables.acl, tables.ranges, tables.mixed, tables.widths, tables.singleRate]);

function withKey(at: number, match: readonly Match[]): TableEntry {
  return entry(at, { match: [...match], priority: needsPriority.has(at) ? 1 : 0, action: drop });
}

// Rows of P4Runtime §8.3; `want` is the slot of the field.
describe("a bit<W> value", () => {
  const fieldOfWidth: Readonly<Record<number, number>> = { 8: 1, 12: 2, 16: 3, 128: 4 };
  for (const { ids, width, bytes, want } of [
    { ids: ["BYT-01", "BYV-01"], width: 8, bytes: "63", want: "63" },
    { ids: ["BYT-02", "BYV-02"], width: 16, bytes: "0063", want: "0063" },
    { ids: ["BYV-03"], width: 16, bytes: "63", want: "0063" },
    { ids: ["BYV-04"], width: 16, bytes: "3064", want: "3064" },
    { ids: ["BYV-05"], width: 16, bytes: "003064", want: "3064" },
    { ids: ["BYV-06"], width: 12, bytes: "0063", want: "0063" },
    { ids: ["BYV-07"], width: 12, bytes: "63", want: "0063" },
    { ids: ["BYT-02", "BYV-08"], width: 12, bytes: "000063", want: "0063" },
    { ids: ["BYT-02"], width: 8, bytes: "00".repeat(300) + "ff", want: "ff" },
    { ids: ["BYT-01"], width: 12, bytes: "0fff", want: "0fff" },
    { ids: ["BYT-01"], width: 128, bytes: "ff".repeat(16), want: "ff".repeat(16) },
    { ids: ["BYT-06"], width: 128, bytes: "00", want: "00".repeat(16) },
    { ids: ["BYT-02"], width: 16, bytes: "000000", want: "0000" },
  ] as const)
    requirement(ids, `'${bytes.slice(0, 20)}' is taken as bit<${width}>`, () => {
      const field = fieldOfWidth[width] ?? 0;
      const record = keyOf(withKey(tables.widths, [optional(field, bytes)]));
      assert.ok(record.includes(`01${want}`), record);
      assert.equal(record, keyOf(withKey(tables.widths, [optional(field, want)])));
    });

  for (const { ids, width, bytes } of [
    { ids: ["BYT-03", "BYT-12", "BYV-15"], width: 8, bytes: "0163" },
    { ids: ["BYT-04", "BYT-12", "BYV-16"], width: 8, bytes: "" },
    { ids: ["BYT-03", "BYV-17"], width: 16, bytes: "010063" },
    { ids: ["BYT-03", "BYV-18"], width: 12, bytes: "1063" },
    { ids: ["BYT-03", "BYV-19"], width: 12, bytes: "010063" },
    { ids: ["BYT-03", "BYV-20"], width: 12, bytes: "004063" },
    { ids: ["BYT-03"], width: 128, bytes: "01" + "00".repeat(16) },
  ] as const)
    requirement(ids, `'${bytes}' is refused as bit<${width}>`, () => {
      const field = fieldOfWidth[width] ?? 0;
      assert.equal(
        outcome(() => keyOf(withKey(tables.widths, [optional(field, bytes)]))),
        "INVALID_ARGUMENT",
      );
    });

  requirement("BYT-08", "names the same entry however it is padded", () => {
    for (const type of ["insert", "modify", "delete"] as const)
      assert.equal(
        keyOf(withKey(tables.widths, [optional(3, "000063")]), type),
        keyOf(withKey(tables.widths, [optional(3, "63")]), type),
      );
  });

  requirement("BYT-17", "fits fields of other widths as long as its bits do", () => {
    for (const field of [1, 2, 3, 4])
      assert.equal(
        outcome(() => keyOf(withKey(tables.widths, [optional(field, "00ff")]))),
        "OK",
      );
  });
});

describe("an sdn_string value", () => {
  requirement("BYT-15", "keeps its bytes as they are", () => {
    const port = (value: string) => keyOf(entry(tables.textPorts, portEntry([exactText(1, value)])));
    assert.ok(port("1").endsWith("31"));
    assert.equal(
      outcome(() => port("01")),
      "INVALID_ARGUMENT",
    ); // not the port '1' with a leading zero
  });

  for (const { name, value } of [
    { name: "empty", value: "" },
    { name: "not UTF-8", value: "31ff" },
    { name: "no port there is", value: Buffer.from("9").toString("hex") },
    { name: "beyond 32 bits", value: Buffer.from("4294967297").toString("hex") },
    { name: "longer than any port", value: "31".repeat(2000) },
  ])
    requirement(["TRN-05"], `is refused if it is ${name}`, () =>
      assert.equal(
        outcome(() => keyOf(entry(tables.textPorts, portEntry([exact(1, value)])))),
        "INVALID_ARGUMENT",
      ),
    );

  it("lies behind the slots in slot order, whatever order it came in", () => {
    const fields = [exactText(1, "1"), optionalText(2, "4294967293")];
    const key = keyOf(entry(tables.textPorts, portEntry(fields)));
    assert.equal(key, `000000010001000a31${Buffer.from("4294967293").toString("hex")}`);
    assert.equal(keyOf(entry(tables.textPorts, portEntry(fields.toReversed()))), key);
  });
});

function portEntry(match: readonly Match[]) {
  return { match: [...match], priority: 1, action: call(actions.send, Buffer.from("1"), "01") };
}

describe("a match field", () => {
  const full = "ff".repeat(6);
  for (const { ids, name, at, match, want } of [
    {
      ids: ["MAT-01"],
      name: "with an id the table lacks",
      at: tables.acl,
      match: [optional(5, "01")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-01"],
      name: "without id",
      at: tables.acl,
      match: [{ optional: { value: hex("01") } }],
      want: "INVALID_ARGUMENT",
    },
    { ids: ["MAT-02"], name: "without kind", at: tables.acl, match: [{ fieldId: 1 }], want: "INVALID_ARGUMENT" },
    {
      ids: ["MAT-03"],
      name: "exact for an OPTIONAL one",
      at: tables.acl,
      match: [exact(1, "01")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-03"],
      name: "exact for a TERNARY one",
      at: tables.acl,
      match: [exact(2, "0800")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-03"],
      name: "ternary for an LPM one",
      at: tables.routes,
      match: [ternary(1, "0a", "ff")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-03"],
      name: "optional for an EXACT one",
      at: tables.hosts,
      match: [optional(1, "01")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-04"],
      name: "given twice",
      at: tables.acl,
      match: [optional(1, "01"), optional(1, "01")],
      want: "INVALID_ARGUMENT",
    },
    { ids: ["MAT-05"], name: "that is EXACT left out", at: tables.hosts, match: [], want: "INVALID_ARGUMENT" },
    {
      ids: ["MAT-06"],
      name: "that is EXACT and empty",
      at: tables.hosts,
      match: [exact(1, "")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-06"],
      name: "that is EXACT and too wide",
      at: tables.hosts,
      match: [exact(1, "01" + full)],
      want: "INVALID_ARGUMENT",
    },
    { ids: ["MAT-07"], name: "that is EXACT and zero", at: tables.hosts, match: [exact(1, "00")], want: "OK" },
    {
      ids: ["MAT-08"],
      name: "with prefix length 0",
      at: tables.routes,
      match: [lpm(1, "00", 0)],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-09"],
      name: "with a negative prefix length",
      at: tables.routes,
      match: [lpm(1, "00", -1)],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-09"],
      name: "with a prefix longer than the field",
      at: tables.routes,
      match: [lpm(1, "00", 33)],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-10"],
      name: "with a bit behind its prefix",
      at: tables.routes,
      match: [lpm(1, "0a000001", 31)],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-10"],
      name: "with a bit far behind its prefix",
      at: tables.routes,
      match: [lpm(1, "0a000001", 8)],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-10"],
      name: "whose prefix ends at its last bit",
      at: tables.routes,
      match: [lpm(1, "0a000002", 31)],
      want: "OK",
    },
    {
      ids: ["MAT-11"],
      name: "that is LPM and empty",
      at: tables.routes,
      match: [lpm(1, "", 8)],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-11"],
      name: "that is LPM and too wide",
      at: tables.routes,
      match: [lpm(1, "010a000000", 8)],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-12"],
      name: "with a prefix of the whole field",
      at: tables.routes,
      match: [lpm(1, "0a000001", 32)],
      want: "OK",
    },
    { ids: ["MAT-13"], name: "with mask 0", at: tables.acl, match: [ternary(2, "00", "00")], want: "INVALID_ARGUMENT" },
    {
      ids: ["MAT-13"],
      name: "with mask 00 00",
      at: tables.acl,
      match: [ternary(2, "00", "0000")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-14"],
      name: "with a bit outside its mask",
      at: tables.acl,
      match: [ternary(2, "0801", "ff00")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-15"],
      name: "that is TERNARY with an empty value",
      at: tables.acl,
      match: [ternary(2, "", "ffff")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-15"],
      name: "that is TERNARY with an empty mask",
      at: tables.acl,
      match: [ternary(2, "0800", "")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-15"],
      name: "that is TERNARY with too wide a value",
      at: tables.acl,
      match: [ternary(4, "1000", "0fff")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-15"],
      name: "that is TERNARY with too wide a mask",
      at: tables.acl,
      match: [ternary(4, "00", "1000")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-16"],
      name: "whose value is shorter than its mask",
      at: tables.acl,
      match: [ternary(2, "00", "ffff")],
      want: "OK",
    },
    {
      ids: ["MAT-17", "AMB-24"],
      name: "whose padded value is longer than its mask",
      at: tables.acl,
      match: [ternary(2, "0001", "01")],
      want: "OK",
    },
    {
      ids: ["MAT-18"],
      name: "with a mask of all ones",
      at: tables.acl,
      match: [ternary(4, "0fff", "0fff")],
      want: "OK",
    },
    {
      ids: ["MAT-19"],
      name: "whose low is above its high",
      at: tables.ranges,
      match: [range(1, "0100", "ff")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["BYT-11"],
      name: "whose low begins with a zero bit and whose high begins with a one",
      at: tables.ranges,
      match: [range(1, "7fff", "8000")],
      want: "OK",
    },
    {
      ids: ["BYT-11"],
      name: "whose low begins with a one and whose high begins with a zero bit",
      at: tables.ranges,
      match: [range(1, "8000", "7fff")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-20"],
      name: "that is the whole range",
      at: tables.ranges,
      match: [range(1, "00", "ffff")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-20"],
      name: "that is all of the range but one",
      at: tables.ranges,
      match: [range(1, "00", "fffe")],
      want: "OK",
    },
    { ids: ["MAT-21"], name: "whose low is its high", at: tables.ranges, match: [range(1, "50", "0050")], want: "OK" },
    {
      ids: ["MAT-22"],
      name: "that is RANGE with an empty low",
      at: tables.ranges,
      match: [range(1, "", "50")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-22"],
      name: "that is RANGE with an empty high",
      at: tables.ranges,
      match: [range(1, "50", "")],
      want: "INVALID_ARGUMENT",
    },
    {
      ids: ["MAT-22"],
      name: "that is RANGE and too wide",
      at: tables.ranges,
      match: [range(1, "00", "010000")],
      want: "INVALID_ARGUMENT",
    },
    { ids: ["MAT-23", "MAT-26"], name: "left out where it may be", at: tables.acl, match: [], want: "OK" },
    {
      ids: ["MAT-24"],
      name: "that is OPTIONAL and empty",
      at: tables.acl,
      match: [optional(1, "")],
      want: "INVALID_ARGUMENT",
    },
    { ids: ["MAT-24"], name: "that is OPTIONAL", at: tables.acl, match: [optional(1, "01")], want: "OK" },
    {
      ids: ["MAT-25"],
      name: "of one bit with value 2",
      at: tables.acl,
      match: [optional(1, "02")],
      want: "INVALID_ARGUMENT",
    },
    { ids: ["BYT-14"], name: "of one bit with value 0", at: tables.acl, match: [optional(1, "00")], want: "OK" },
    {
      ids: ["MAT-28"],
      name: "of another kind that we do not know",
      at: tables.acl,
      match: [{ fieldId: 1, other: { type_url: "type.example/x" } }],
      want: "INVALID_ARGUMENT",
    },
  ] as const)
    requirement([...ids, "MAT-30"], `${name} is ${want === "OK" ? "taken" : "refused"}`, () => {
      for (const type of ["insert", "modify", "delete"] as const)
        assert.equal(
          outcome(() => keyOf(withKey(at, match), type)),
          want,
          type,
        );
    });

  it("may come in any order", () => {
    const fields = [optional(1, "01"), ternary(2, "0800", "ffff"), ternary(3, "01", "ff"), ternary(4, "05", "0f")];
    assert.equal(keyOf(withKey(tables.acl, fields.toReversed())), keyOf(withKey(tables.acl, fields)));
  });

  for (const { value, want } of [
    { value: "01", want: "OK" },
    { value: "0000000004", want: "OK" },
    { value: "fffffffd", want: "OK" },
    { value: "00", want: "INVALID_ARGUMENT" },
    { value: "05", want: "INVALID_ARGUMENT" },
  ] as const)
    requirement(["TRN-03", "TRN-05"], `that is port ${value} is ${want === "OK" ? "taken" : "refused"}`, () =>
      assert.equal(
        outcome(() =>
          keyOf(
            entry(tables.numberPorts, { match: [exact(1, value)], priority: 1, action: call(actions.output, "01") }),
          ),
        ),
        want,
      ),
    );
});
