/** Reconciling against what a controller could do itself: read everything, push, and write everything again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { StatusError } from "../../../src/base/status.js";
import { p4 } from "../../../src/wire/gen/proto.js";
import {
  call,
  exact,
  hex,
  lpm,
  meter,
  ternary,
  update,
  type Entity,
  type Plain,
  type TableEntry,
} from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { actions, p4info, tableId, type FieldSketch, type TableSketch } from "../../support/programs.js";
import { Device } from "./device.js";

const everyAction = {
  [actions.noAction]: "default-only",
  [actions.drop]: "both",
  [actions.trap]: "both",
  [actions.copy]: "both",
} as const;

/** What may differ from program to program. */
const variation = fc.record({
  aclFields: fc.constantFrom<readonly FieldSketch[]>(
    [
      ["ether_type", "ternary", 16],
      ["ttl", "ternary", 8],
    ],
    [
      ["ether_type", "ternary", 16],
      ["ttl", "ternary", 8],
      ["is_ipv4", "optional", 1],
    ],
    [
      ["ether_type", "ternary", 12],
      ["ttl", "ternary", 8],
    ],
    [
      ["unheard_of", "ternary", 16],
      ["ttl", "ternary", 8],
    ],
  ),
  aclSize: fc.constantFrom(3, 16),
  copies: fc.boolean(),
  meters: fc.boolean(),
  hosts: fc.boolean(),
  initial: fc.constantFrom(actions.noAction, actions.copy),
});
type Variation = typeof variation extends fc.Arbitrary<infer T> ? T : never;

function program({ aclFields, aclSize, copies, meters, hosts, initial }: Variation) {
  const { [actions.copy]: _, ...withoutCopy } = everyAction;
  const initialDefault = copies ? initial : actions.noAction;
  const acl: TableSketch = {
    at: 1,
    name: "acl",
    fields: aclFields,
    actions: copies ? everyAction : withoutCopy,
    counter: true,
    ...(meters && { meter: "two-rate" }),
    size: aclSize,
    initialDefault: { actionId: initialDefault, args: [] },
  };
  const rest: TableSketch = hosts
    ? { at: 2, name: "rest", fields: [["dst_mac", "exact", 48]], actions: everyAction }
    : { at: 2, name: "rest", fields: [["dst_ipv4", "lpm", 32]], actions: everyAction };
  return p4info([acl, rest]);
}

const action = fc.constantFrom(actions.drop, actions.trap, actions.copy).map((id) => call(id));
const acl = fc
  .record({
    type: fc.constantFrom("0800", "88cc"),
    ttl: fc.boolean(),
    priority: fc.integer({ min: 1, max: 2 }),
    action,
    cir: fc.nat(1),
    metadata: fc.constantFrom("", "aa"),
  })
  .map(({ type, ttl, priority, action: called, cir, metadata }): TableEntry => ({
    tableId: tableId(1),
    priority,
    match: [ternary(1, type, "ffff"), ...(ttl ? [ternary(2, "40", "ff")] : [])],
    action: called,
    metadata: hex(metadata),
    ...(cir > 0 && { meterConfig: meter({ cir, pir: cir }) }),
  }));
const rest = fc.record({ mac: fc.boolean(), action }).map(({ mac, action: called }): TableEntry => ({
  tableId: tableId(2),
  match: [mac ? exact(1, "020000000001") : lpm(1, "0a000000", 8)],
  action: called,
}));
const standing = fc
  .record({ at: fc.integer({ min: 1, max: 2 }), action })
  .map(({ at, action: called }): TableEntry => ({
    tableId: tableId(at),
    isDefaultAction: true,
    action: called,
  }));
const change = fc.oneof(
  fc.record({
    type: fc.constantFrom("insert" as const, "insert" as const, "modify" as const, "delete" as const),
    entry: fc.oneof(acl, rest),
  }),
  fc.record({ type: fc.constant("modify" as const), entry: standing }),
);
const step = fc.record({ changes: fc.array(change, { maxLength: 8 }), frames: fc.nat(2), next: variation });

const asked = { counterData: {}, meterConfig: {} };
const queries: readonly Entity[] = [1, 2].flatMap((at) => [
  { tableEntry: { tableId: tableId(at), isDefaultAction: true, ...asked } },
  { tableEntry: { tableId: tableId(at), ...asked } },
]);

const sorted = (entities: readonly Plain[]) => entities.map((each) => JSON.stringify(each)).sort();

/** The same without counters, as a controller could write it. */
function written(found: readonly Plain[]): readonly { readonly entry: TableEntry; readonly isDefault: boolean }[] {
  return found.map(({ tableEntry }) => {
    const { counterData: _, ...more } = tableEntry as { counterData?: unknown };
    const message = p4.v1.TableEntry.fromObject(withBytes(more) as object);
    return { entry: message, isDefault: message.isDefaultAction };
  });
}

/** Hex becomes bytes again wherever the message has bytes. */
function withBytes(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => withBytes(each, name));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytes(inner, key)]));
  return typeof value === "string" && ["value", "mask", "metadata"].includes(name) ? hex(value) : value;
}

const untouched = (defaults: readonly Plain[], fresh: readonly Plain[]) => {
  const told = new Set(fresh.map((each) => JSON.stringify(withoutCounter(each))));
  return defaults.filter((each) => !told.has(JSON.stringify(withoutCounter(each))));
};
const withoutCounter = ({ tableEntry }: Plain) => ({ ...(tableEntry as object), counterData: undefined });

async function readAll(device: Device): Promise<readonly Plain[]> {
  return (await device.read(...queries)).entities;
}

describe("reconciling", () => {
  it("leaves what reading, pushing and writing everything again would leave, and the counters", async () => {
    await fc.assert(
      fc.asyncProperty(variation, fc.array(step, { minLength: 1, maxLength: 6 }), async (first, steps) => {
        let current = first;
        const device = await Device.with(program(first));
        for (const { changes, frames, next } of steps) {
          await device.write(
            "continue-on-error",
            ...changes.map(({ type, entry }) => update(type, { tableEntry: entry })),
          );
          for (let i = 0; i < frames; i++) device.frame(0x88cc);
          const before = await readAll(device);
          const byHand = await Device.with(program(next));
          const initial = await readAll(await Device.with(program(current)));
          const results = await byHand.write(
            "continue-on-error",
            ...written(untouched(before, initial)).map(({ entry, isDefault }) =>
              update(isDefault ? "modify" : "insert", { tableEntry: entry }),
            ),
          );
          const fits = results.every((result) => result === "OK");
          const rules = [...device.rules];
          try {
            await device.push(program(next), "reconcile-and-commit");
            assert.ok(fits, `it was taken, though ${results.join()}`);
            current = next;
            const after = await readAll(device);
            assert.deepEqual(sorted(after.map(withoutCounter)), sorted((await readAll(byHand)).map(withoutCounter)));
            assert.deepEqual([...device.rules].sort(), [...byHand.rules].sort());
          } catch (error) {
            if (!(error instanceof StatusError)) throw error;
            assert.ok(!fits, error.message);
            assert.deepEqual([...device.rules], rules);
            assert.deepEqual(sorted(await readAll(device)), sorted(before));
          }
          assert.equal((await device.compare()).differences, 0);
          assert.deepEqual(countersOf(await readAll(device)), countersOf(before));
        }
      }),
      { numRuns: fuzzRuns(80) },
    );
  });
});

/** What all counters say together, by table: entries go on with theirs. */
function countersOf(entities: readonly Plain[]): number {
  return entities.reduce((sum, { tableEntry }) => {
    const { counterData } = tableEntry as { counterData?: { packetCount?: string } };
    return sum + Number(counterData?.packetCount ?? 0);
  }, 0);
}
