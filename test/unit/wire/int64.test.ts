import assert from "node:assert/strict";
import Long from "long";
import { InvariantError } from "../../../src/base/invariant.js";
import { fromLong, toLong, type Int64Type } from "../../../src/wire/int64.js";
import { generatedType, propertyName } from "../../support/generated-types.js";
import { textsBelow } from "../../support/repository.js";
import { moduleSpecifiers, parse, references } from "../../support/syntax.js";
import { wireContract } from "../../support/wire-contract.js";

const unsigned = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n];
const samples: Readonly<Record<Int64Type, readonly bigint[]>> = {
  uint64: [...unsigned, 2n ** 63n, 2n ** 64n - 1n],
  int64: [...unsigned, -1n, -(2n ** 31n), -(2n ** 32n), -(2n ** 53n) - 1n, -(2n ** 63n)],
};

const fields = Object.entries(wireContract.messages).flatMap(([message, { fields }]) =>
  Object.entries(fields).flatMap(([name, { type }]) =>
    type === "int64" || type === "uint64" ? [{ message, name, type } as const] : [],
  ),
);

describe("64-bit fields", () => {
  it("are of the two types the conversion knows", () => {
    const other = /^(sint64|s?fixed64)$/;
    const strangers = Object.values(wireContract.messages).flatMap(({ fields }) =>
      Object.values(fields).filter(({ type }) => other.test(type)),
    );
    assert.deepEqual(strangers, []);
    assert.ok(fields.length > 0);
  });

  for (const { message, name, type } of fields)
    it(`carry every bit through ${message}.${name}`, () => {
      const { encode, decode } = generatedType(message);
      const property = propertyName(message, name);
      for (const value of samples[type]) {
        const decoded = decode(encode({ [property]: toLong(value, type) }).finish())[property];
        assert.ok(Long.isLong(decoded));
        assert.equal(fromLong(decoded), value);
      }
    });

  it("read as 0 where they are unset", () => {
    assert.equal(fromLong(undefined), 0n);
    assert.equal(fromLong(null), 0n);
  });

  for (const { value, type } of [
    { value: -1n, type: "uint64" },
    { value: 2n ** 64n, type: "uint64" },
    { value: 2n ** 63n, type: "int64" },
    { value: -(2n ** 63n) - 1n, type: "int64" },
  ] as const)
    it(`refuse ${value.toString()} as ${type}`, () => assert.throws(() => toLong(value, type), InvariantError));

  it("are made and read as Long in wire/int64.ts only", () => {
    const users = [...textsBelow("src", ".ts")].filter(([path, text]) => {
      const file = parse(path, text);
      return moduleSpecifiers(file).includes("long") || references(file).some(({ text }) => text === "Long");
    });
    assert.deepEqual(
      users.map(([path]) => path),
      ["src/wire/int64.ts"],
    );
  });
});
