import assert from "node:assert/strict";
import fc from "fast-check";
import { defined } from "../../../src/base/invariant.js";
import type { PortId } from "../../../src/datapath/port.js";
import { call, entry, range, ternary, update, type SentUpdate, type UpdateKind } from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { actions, p4info } from "../../support/programs.js";
import { Device } from "./device.js";

const maxMasks = 4;
const program = p4info([
  {
    at: 1,
    name: "acl",
    fields: [
      ["ether_type", "ternary", 16],
      ["l4_dst_port", "range", 16],
    ],
    actions: { [actions.noAction]: "both", [actions.drop]: "both", [actions.trap]: "both", [actions.set]: "both" },
    size: 6,
    initialDefault: { actionId: actions.drop, args: [] },
  },
]);

/** What a frame meets of an action; nothing realises `set`. */
const fates = { noAction: "forward", drop: "drop", trap: "drop punted", set: "" } as const;
type ActionName = keyof typeof fates;

interface Change {
  readonly kind: UpdateKind;
  readonly priority: number;
  readonly value: number;
  readonly mask: number;
  /** Top of a range of ports from 1 on: with more than one mask, and met by no frame of this test. */
  readonly top: number | undefined;
  readonly action: ActionName;
}

const hex4 = (value: number) => value.toString(16).padStart(4, "0");

function sent({ kind, priority, value, mask, top, action }: Change): SentUpdate {
  const ports = top === undefined ? [] : [range(2, "0001", hex4(top))];
  const match = [ternary(1, hex4(value & mask), hex4(mask)), ...ports];
  return update(kind, {
    tableEntry: entry(1, { priority, match, ...(kind === "delete" ? {} : { action: call(actions[action]) }) }),
  });
}

/** The entries of one table in the order of their insertion. */
class NaiveTable {
  #entries: Change[] = [];

  /** Applies updates that have been taken, all or none of them. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const at = this.#entries.findIndex((one) => sameKey(one, change));
      if (change.kind === "insert") this.#entries.push(change);
      else if (change.kind === "modify") this.#entries[at] = change;
      else this.#entries.splice(at, 1);
    }
  }

  fate(etherType: number): string {
    const matching = this.#entries.filter(
      ({ value, mask, top, action }) => action !== "set" && top === undefined && (etherType & mask) === (value & mask),
    );
    const best = matching.sort((a, b) => b.priority - a.priority)[0]; // stable: the older one stays first
    return fates[best?.action ?? "drop"];
  }
}

function sameKey(a: Change, b: Change): boolean {
  return a.priority === b.priority && a.mask === b.mask && (a.value & a.mask) === (b.value & b.mask) && a.top === b.top;
}

const etherTypes = [0x88cc, 0x88c0, 0x880c, 0x0ccc];
const change = (known: readonly ActionName[]): fc.Arbitrary<Change> =>
  fc.record({
    kind: fc.constantFrom<UpdateKind>("insert", "insert", "modify", "delete", "delete"),
    priority: fc.constantFrom(1, 2),
    value: fc.constantFrom(...etherTypes),
    mask: fc.constantFrom(0xffff, 0xfff0, 0xff0f, 0x8000, 0x0ccc),
    top: fc.constantFrom(undefined, undefined, undefined, undefined, 1, 6),
    action: fc.constantFrom(...known),
  });
const history = (known: readonly ActionName[]) =>
  fc.array(
    fc.record({
      changes: fc.array(change(known), { minLength: 1, maxLength: 6 }),
      atomicity: fc.constantFrom("continue-on-error" as const, "rollback-on-error" as const),
      /** Somebody begins to read, and keeps old versions. */
      reads: fc.nat(5).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 12 },
  );

function fate(device: Device, etherType: number): string {
  const frame = Buffer.alloc(60);
  frame.writeUInt16BE(etherType, 12);
  const { original, punted } = device.datapath.classify(1 as PortId, frame);
  return punted ? `${original} punted` : original;
}

const all = (device: Device) => etherTypes.map((etherType) => fate(device, etherType));

async function commit(device: Device): Promise<void> {
  assert.equal(await device.pipelines.set("commit", undefined), undefined);
}

describe("a program that is saved", function () {
  this.timeout(20_000);

  it("refuses what the datapath would refuse; the older of equal entries wins after COMMIT and resync as before", async () => {
    await fc.assert(
      fc.asyncProperty(history(["noAction", "drop", "trap"]), async (steps) => {
        const active = await Device.with(program, "verify-and-commit", { maxMasks });
        const saved = await Device.with(program, "verify-and-save", { maxMasks });
        const model = new NaiveTable();
        for (const { changes, atomicity, reads } of steps) {
          if (reads) for (const device of [active, saved]) device.program.store.snapshot();
          const results = await active.write(atomicity, ...changes.map(sent));
          assert.deepEqual(await saved.write(atomicity, ...changes.map(sent)), results);
          const taken = changes.filter((_, i) => results[i] === "OK");
          if (atomicity === "continue-on-error" || taken.length === changes.length) model.apply(taken);
          assert.deepEqual(
            all(active),
            etherTypes.map((etherType) => model.fate(etherType)),
          );
        }
        await commit(saved);
        assert.deepEqual(all(saved), all(active));
        const before = all(active);
        assert.equal(await active.pipelines.resync(new AbortController().signal), undefined);
        assert.deepEqual(all(active), before);
      }),
      { numRuns: fuzzRuns(100) },
    );
  });

  it("refuses the same where an action that nothing realises comes and goes", async () => {
    await fc.assert(
      fc.asyncProperty(history(["drop", "set"]), async (steps) => {
        const active = await Device.with(program, "verify-and-commit", { maxMasks });
        const saved = await Device.with(program, "verify-and-save", { maxMasks });
        for (const { changes, atomicity } of steps) {
          const results = await active.write(atomicity, ...changes.map(sent));
          assert.deepEqual(await saved.write(atomicity, ...changes.map(sent)), results);
        }
        await commit(saved);
        assert.equal(saved.rules.length, active.rules.length);
      }),
      { numRuns: fuzzRuns(100) },
    );
  });

  it("names the table and its limit", async () => {
    const device = await Device.with(program, "verify-and-save", { maxMasks: 2 });
    const insert = (mask: number) =>
      sent({ kind: "insert", priority: 1, value: 0x88cc, mask, top: undefined, action: "drop" });
    const { results } = await device.run("continue-on-error", insert(0xffff), insert(0xfff0));
    assert.equal(results[0], undefined);
    assert.equal(defined(results[1], "a refusal").message, "table 'acl' holds 2 distinct masks, its limit is 2");
    await commit(device);
  });
});
