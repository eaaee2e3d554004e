import assert from "node:assert/strict";
import { ByteWriter } from "../../../src/wire/byte-writer.js";
import { decodeRoleConfig, roleConfigType } from "../../../src/wire/decode-role-config.js";

const writable = 0x0a;
const packetIn = 0x22;

/** `count` objects in one scope, and after it the field `tag` so many times with nothing in it. */
function config(count: number, tag: number, times: number): Uint8Array {
  const writer = new ByteWriter();
  const scope = writer.open(writable);
  for (let i = 0; i < count; i++) writer.bytesField(0x0a, Buffer.from(`table${i}`));
  writer.close(scope);
  return Buffer.concat([writer.take(), ...Array.from({ length: times }, () => Buffer.of(tag, 0))]);
}

const decode = (value: Uint8Array) => decodeRoleConfig({ typeUrl: roleConfigType, value });

describe("a role.config", () => {
  it("may say a scope in parts, which add up", () => {
    const { writable: scope, packetIn: packets } = decode(
      Buffer.concat([config(2, packetIn, 3), config(1, writable, 2)]),
    );
    assert.deepEqual(scope?.objects, ["table0", "table1", "table0"]);
    assert.deepEqual(packets, { kind: "all" });
  });

  it("that repeats a scope costs no more than its bytes, whatever the scope holds", () => {
    const costOf = (value: Uint8Array) => {
      const began = performance.now();
      decode(value);
      return performance.now() - began;
    };
    const [small, large] = [config(4, writable, 30_000), config(4096, writable, 30_000)];
    const rounds = Array.from({ length: 5 }, () => [costOf(small), costOf(large)] as const);
    const least = (costs: readonly number[]) => Math.min(...costs);
    assert.ok(least(rounds.map(([, cost]) => cost)) < 8 * least(rounds.map(([cost]) => cost))); // it was 50 times
  });
});
