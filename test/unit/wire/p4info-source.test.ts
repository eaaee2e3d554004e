import assert from "node:assert/strict";
import { finish } from "../../../src/base/steps.js";
import { EncodedP4Info } from "../../../src/wire/p4info-source.js";
import { p4 } from "../../../src/wire/gen/proto.js";
import { outcome } from "../../support/entities.js";

type Types = Readonly<Record<string, string>>;

/** A P4Info with these types, in this order. */
function source(types: Types, name = "program"): EncodedP4Info {
  const newTypes = Object.fromEntries(
    Object.entries(types).map(([type, uri]) => [type, { translatedType: { uri, sdnString: {} } }]),
  );
  return new EncodedP4Info(p4.config.v1.P4Info.encode({ pkgInfo: { name }, typeInfo: { newTypes } }).finish());
}

describe("EncodedP4Info", () => {
  it("has one fingerprint for P4Infos that differ only in the order of map entries", () => {
    const [one, other] = [source({ a: "x", b: "y" }), source({ b: "y", a: "x" })];
    assert.notDeepEqual(one.bytes, other.bytes);
    assert.equal(one.fingerprint(), other.fingerprint());
  });

  for (const { name, other } of [
    { name: "a name", other: source({ a: "x" }, "another") },
    { name: "a type", other: source({ a: "y" }) },
    { name: "a type more", other: source({ a: "x", b: "x" }) },
  ])
    it(`has another fingerprint for another program: ${name}`, () =>
      assert.notEqual(source({ a: "x" }).fingerprint(), other.fingerprint()));

  it("takes a type of any name for what it is", () => {
    // A map entry with key `__proto__`, which an object cannot simply hold.
    const evil = (uri: string) => {
      const text = Buffer.from(source({ proto4all: uri }).bytes)
        .toString("latin1")
        .replace("proto4all", "__proto__");
      return new EncodedP4Info(Buffer.from(text, "latin1"));
    };
    assert.deepEqual([...finish(evil("x").decode()).newTypes.keys()], ["__proto__"]);
    assert.notEqual(evil("x").fingerprint(), evil("y").fingerprint());
  });

  it("keeps the bytes as they came", () => {
    const bytes = Buffer.concat([source({ a: "x" }).bytes, Buffer.from("ca3e0101", "hex")]);
    assert.equal(new EncodedP4Info(bytes).bytes, bytes);
  });

  it("refuses what is no P4Info, each time it is asked", () => {
    const broken = new EncodedP4Info(Buffer.from("0aff", "hex"));
    for (let i = 0; i < 2; i++) {
      assert.equal(
        outcome(() => finish(broken.decode())),
        "INVALID_ARGUMENT",
      );
      assert.equal(
        outcome(() => broken.fingerprint()),
        "INVALID_ARGUMENT",
      );
    }
  });

  it("is decoded in pieces that give what the whole is, in its order", () => {
    const part = (info: p4.config.v1.P4Info.$Properties) => p4.config.v1.P4Info.encode(info).finish();
    const names = Array.from({ length: 500 }, (_, i) => `t${i}`);
    const parts = names.flatMap((name, i) => [
      part({ tables: [{ preamble: { id: i + 1, name, doc: { description: "x".repeat(i * 10) } } }] }),
      part({ typeInfo: { newTypes: { [name]: { translatedType: { uri: name, sdnString: {} } } } } }),
      part({ actions: [{ preamble: { id: i + 1, name } }] }),
      part({ pkgInfo: i % 2 === 0 ? { name } : { version: name } }),
    ]);
    const spec = finish(new EncodedP4Info(Buffer.concat(parts)).decode());
    assert.deepEqual(
      spec.tables.map(({ preamble }) => preamble.name),
      names,
    );
    assert.deepEqual(
      spec.actions.map(({ preamble }) => preamble.name),
      names,
    );
    assert.deepEqual([...spec.newTypes.keys()], names);
    assert.deepEqual([spec.packageName, spec.packageVersion], ["t498", "t499"]);
  });

  it("takes a map entry without value for an empty one", () => {
    const spec = finish(new EncodedP4Info(Buffer.from("c20c05" + "3a03" + "0a0141", "hex")).decode());
    assert.deepEqual([...spec.newTypes], [["A", { kind: "unset" }]]);
  });
});
