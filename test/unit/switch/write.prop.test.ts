import assert from "node:assert/strict";
import fc from "fast-check";
import { Code } from "../../../src/base/status.js";
import {
  call,
  counts,
  entry,
  hex,
  meter,
  ternary,
  update,
  type Plain,
  type SentUpdate,
  type TableEntry,
} from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { plainAction } from "../../support/key-rules.js";
import { actions, p4info, tableId } from "../../support/programs.js";
import { Device } from "./device.js";
import { bytesWritten, defaultEntry, NaiveSwitch, type ActionName, type NaiveUpdate } from "./naive-switch.js";

const capacity = 4;
const etherType = 0x88cc;
const frameBytes = 60;
const program = p4info([
  {
    at: 1,
    name: "acl",
    fields: [["ether_type", "ternary", 16]],
    actions: {
      [actions.noAction]: "default-only",
      [actions.drop]: "both",
      [actions.trap]: "both",
      [actions.copy]: "both",
    },
    counter: true,
    meter: "two-rate",
    size: capacity,
    initialDefault: { actionId: actions.copy, args: [] },
  },
  { at: 2, name: "rest", fields: [["ether_type", "ternary", 16]] },
]);

/** The entry with this key, as a controller names it. */
function named(key: number): TableEntry {
  if (key === defaultEntry) return entry(1, { isDefaultAction: true });
  return entry(1, { priority: key, match: [ternary(1, "88cc", "ffff")] });
}

function sent(change: NaiveUpdate): SentUpdate {
  const tableEntry = named(change.key);
  switch (change.kind) {
    case "insert":
    case "modify":
      return update(change.kind, {
        tableEntry: {
          ...tableEntry,
          metadata: hex(change.metadata),
          ...(change.action && { action: call(actions[change.action]) }),
          ...(change.cir > 0 && { meterConfig: meter({ cir: change.cir }) }),
          ...(change.frames !== undefined && { counterData: counts(change.frames, bytesWritten(change.frames)) }),
        },
      });
    case "delete":
      return update("delete", { tableEntry });
    case "invalid":
      return update("modify", { tableEntry: { ...tableEntry, isConst: true } });
    case "counter":
      return update("modify", {
        directCounterEntry: {
          tableEntry,
          ...(change.frames !== undefined && { data: counts(change.frames, bytesWritten(change.frames)) }),
        },
      });
    case "meter":
      return update("modify", {
        directMeterEntry: { tableEntry, ...(change.cir > 0 && { config: meter({ cir: change.cir }) }) },
      });
  }
}

const key = fc.integer({ min: 0, max: 6 });
const action = fc.constantFrom<ActionName[]>("trap", "drop", "copy", "noAction");
const someFrames = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
const cir = fc.integer({ min: 0, max: 2 });
const change: fc.Arbitrary<NaiveUpdate> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("insert" as const, "modify" as const),
      key,
      action: fc.option(action, { nil: undefined, freq: 4 }),
      metadata: fc.constantFrom("", "aa", "bb"),
      cir,
      frames: someFrames,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("invalid" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("counter" as const), key, frames: someFrames }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("meter" as const), key, cir }) },
);
const step = fc.record({
  updates: fc.array(change, { minLength: 1, maxLength: 8 }),
  atomicity: fc.constantFrom("continue-on-error" as const, "rollback-on-error" as const, "dataplane-atomic" as const),
  refused: fc.option(action, { nil: undefined, freq: 1 }),
  lost: fc.nat(9).map((n) => n === 0),
  frames: fc.nat(2),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Entries as a Read with all direct resources gives them. */
function expected(model: NaiveSwitch): readonly Plain[] {
  return [...model.entries]
    .sort(([a], [b]) => a - b)
    .map(([at, { action: name, metadata, cir: rate, frames, bytes }]) => ({
      key: at,
      action: actions[name],
      metadata,
      cir: rate,
      frames,
      bytes,
    }));
}

async function readBack(device: Device): Promise<readonly Plain[]> {
  const asked = { counterData: {}, meterConfig: {} };
  const { entities } = await device.read(
    { tableEntry: entry(1, { isDefaultAction: true, ...asked }) },
    { tableEntry: entry(1, asked) },
  );
  return entities
    .map((found) => {
      const {
        priority,
        action: called,
        metadata,
        meterConfig,
        counterData,
        tableId: id,
      } = found["tableEntry"] as TableEntry;
      assert.equal(id, tableId(1));
      return {
        key: priority ?? defaultEntry,
        action: called?.action?.actionId,
        metadata: metadata ?? "",
        cir: Number(meterConfig?.cir ?? 0),
        frames: Number(counterData?.packetCount ?? 0),
        bytes: Number(counterData?.byteCount ?? 0),
      };
    })
    .sort((a, b) => a.key - b.key);
}

/** Priority, verdict and meter of each rule. */
const ruleLines = (device: Device) =>
  [...device.datapath.rules.values()]
    .map(({ priority, action, meter: config }) => `${priority} ${plainAction(action).green} ${config?.cir ?? 0n}`)
    .sort();
const expectedRules = (model: NaiveSwitch) =>
  [...model.entries]
    .filter(([, { action: name }]) => name !== "noAction")
    .map(([at, { action: name, cir: rate }]) => `${at} ${name} ${rate}`)
    .sort();

async function run(
  device: Device,
  model: NaiveSwitch,
  { updates, atomicity, refused, lost, frames }: Step,
): Promise<void> {
  const { script } = device.datapath;
  script.refuse = ({ action }) =>
    plainAction(action).green === refused ? { code: Code.OUT_OF_RANGE, message: "not this one" } : undefined;
  script.failCommit = lost ? { code: Code.INTERNAL, message: "lost" } : undefined;
  const results = await device.write(atomicity, ...updates.map(sent));
  assert.deepEqual(results, model.batch(updates, { atomic: atomicity !== "continue-on-error", refused, lost }));
  assert.deepEqual(await readBack(device), expected(model));
  assert.deepEqual(ruleLines(device), expectedRules(model));
  const { entries, installed, differences } = await device.compare();
  assert.deepEqual([entries, installed, differences], [device.datapath.rules.size, device.datapath.rules.size, 0]);
  for (let i = 0; i < frames; i++) {
    device.frame(etherType);
    model.frame(frameBytes);
  }
  assert.deepEqual(await readBack(device), expected(model));
}

describe("WriteBatch", () => {
  it("leaves store, rules and counters as a naive switch has them, whatever fails", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const device = await Device.with(program);
        const model = new NaiveSwitch(capacity);
        for (const each of steps) await run(device, model, each);
      }),
      { numRuns: fuzzRuns(60) },
    );
  });
});
