/** Counters per meter colour as a controller reads and clears them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  call,
  counts,
  entry,
  exact,
  keyOnly,
  meter,
  only,
  ternary,
  update,
  type Entity,
  type TableEntry,
} from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { actions, indexedMeter, p4info, shapes } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { Device } from "./device.js";

type Rest = Omit<TableEntry, "tableId">;
const keep = "continue-on-error";
const frameBytes = 60;

const acl = 1;
const plain = 2;
const program = p4info(
  [
    {
      at: acl,
      name: "acl",
      fields: [["ether_type", "ternary", 16]],
      actions: {
        [actions.noAction]: "default-only",
        [actions.drop]: "both",
        [actions.trap]: "both",
        [actions.set]: "both",
      },
      counter: true,
      meter: "two-rate",
      initialDefault: { actionId: actions.noAction, args: [] },
    },
    { at: plain, name: "plain", fields: [["ether_type", "exact", 16]] },
  ],
  { meters: shapes.meters },
);

/** One green frame and one yellow one, then red ones: nothing comes back. */
const oneEach = meter({ cburst: 1, pburst: 2 });
/** The entry that the frames of this file hit; it traps. */
const lldp = (rest: Rest = {}): TableEntry =>
  entry(acl, { priority: 1, match: [ternary(1, "88cc", "ffff")], action: call(actions.trap), ...rest });
const key = keyOnly(lldp());
/** Of an action that nothing realises: the entry has no rule while it has it. */
const unrealised = call(actions.set, "01", "02");
const insert = (rest?: Rest) => update("insert", { tableEntry: lldp(rest) });
const modify = (rest?: Rest) => update("modify", { tableEntry: lldp(rest) });
const direct = (rest: Entity["directMeterEntry"] = {}) =>
  update("modify", { directMeterEntry: { tableEntry: key, ...rest } });

type Counters = Readonly<Record<string, { readonly packetCount?: string; readonly byteCount?: string }>>;

/** Packets of each colour, "-" without the counters. @throws unless bytes go with them */
function packetsOf(counters: Counters | undefined): string {
  if (counters === undefined) return "-";
  return ["green", "yellow", "red"]
    .map((colour) => {
      const { packetCount = "0", byteCount = "0" } = counters[colour] ?? assert.fail(`${colour} is missing`);
      assert.equal(Number(byteCount), frameBytes * Number(packetCount));
      return packetCount;
    })
    .join(" ");
}

async function colours(device: Device, asked: Rest = { meterCounterData: {} }): Promise<string> {
  const { tableEntry } = only(await device.only({ tableEntry: { ...key, ...asked } }));
  return packetsOf((tableEntry as { meterCounterData?: Counters }).meterCounterData);
}

function frames(device: Device, count: number): void {
  for (let i = 0; i < count; i++) device.frame(0x88cc);
}

describe("counters per meter colour", () => {
  requirement(["MTR-25", "DIR-11"], "begin at zero and count each frame under its colour", async () => {
    const device = await Device.with(program);
    await device.write(keep, insert({ meterConfig: oneEach, meterCounterData: {} }));
    assert.equal(await colours(device), "0 0 0");
    frames(device, 4);
    assert.equal(await colours(device), "1 1 2");
    await device.write(keep, update("delete", { tableEntry: key }), insert({ meterCounterData: { green: {} } }));
    frames(device, 3);
    assert.equal(await colours(device), "3 0 0", "a meter at its default marks green");
  });

  requirement(
    ["DIR-12", "DIR-11", "MTR-22"],
    "are left alone, cleared or refused by a MODIFY of their entry",
    async () => {
      const device = await Device.with(program);
      await device.write(keep, insert({ meterConfig: oneEach }));
      frames(device, 4);
      await device.write(keep, modify({ meterConfig: oneEach }));
      assert.equal(await colours(device), "1 1 2");
      const set = { meterConfig: oneEach, meterCounterData: { red: counts(1, 0) } };
      assert.deepEqual(await device.write(keep, modify(set), insert(set)), ["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
      assert.equal(await colours(device), "1 1 2");
      await device.write(keep, modify({ meterConfig: oneEach, meterCounterData: { red: counts(0, 0) } }));
      assert.equal(await colours(device), "0 0 0");
      frames(device, 2);
      assert.equal(await colours(device), "0 0 2", "the meter's buckets are not touched");
    },
  );

  requirement(["MTR-21", "MTR-22", "MTR-23"], "are cleared by their meter's own entity, and only cleared", async () => {
    const device = await Device.with(program);
    await device.write(keep, insert({ meterConfig: oneEach }));
    frames(device, 4);
    assert.deepEqual(await device.write(keep, direct({ config: oneEach })), ["OK"]);
    assert.equal(await colours(device), "1 1 2");
    const refused = direct({ config: oneEach, counterData: { yellow: counts(0, 1) } });
    assert.deepEqual(await device.write(keep, refused), ["INVALID_ARGUMENT"]);
    assert.deepEqual(await device.write(keep, direct({ counterData: {} })), ["OK"]);
    assert.equal(await colours(device), "0 0 0");
    frames(device, 2);
    assert.equal(await colours(device), "2 0 0", "without config the meter is at its default");
  });

  requirement(["DIR-13", "MTR-24"], "are in an answer if they were asked for", async () => {
    const device = await Device.with(program);
    await device.write(keep, insert({ meterConfig: oneEach }));
    frames(device, 3);
    assert.equal(await colours(device, {}), "-");
    assert.equal(await colours(device, { meterConfig: {}, counterData: {} }), "-");
    for (const tableEntry of [key, entry(acl)])
      for (const [asked, want] of [
        [{ counterData: {} }, "1 1 1"],
        [{ counterData: { green: counts(9, 9) } }, "1 1 1"],
        [{}, "-"],
      ] as const) {
        const found = only(await device.only({ directMeterEntry: { tableEntry, ...asked } }));
        assert.equal(packetsOf((found["directMeterEntry"] as { counterData?: Counters }).counterData), want);
      }
  });

  requirement(["DIR-15", "DIR-16"], "belong to a meter: refused or left out where the table has none", async () => {
    const device = await Device.with(program);
    const bare = entry(plain, { match: [exact(1, "01")], action: call(actions.drop), meterCounterData: {} });
    assert.deepEqual(await device.write(keep, update("insert", { tableEntry: bare })), ["INVALID_ARGUMENT"]);
    await device.write(keep, update("insert", { tableEntry: { ...bare, meterCounterData: null } }));
    const found = only(await device.only({ tableEntry: { ...keyOnly(bare), meterCounterData: {} } }));
    assert.equal((found["tableEntry"] as { meterCounterData?: unknown }).meterCounterData, undefined);
  });

  requirement(["MTR-21", "MTR-22", "MTR-24"], "of a cell are zero, for nothing is metered by it", async () => {
    const device = await Device.with(program);
    const cell = { meterId: indexedMeter, index: {} };
    const write = (counterData: object) =>
      device.write(keep, update("modify", { meterEntry: { ...cell, counterData } }));
    assert.deepEqual(await write({ green: {} }), ["OK"]);
    assert.deepEqual(await write({ green: counts(1, 0) }), ["INVALID_ARGUMENT"]);
    for (const [asked, want] of [
      [{ counterData: {} }, "0 0 0"],
      [{}, "-"],
    ] as const) {
      const found = only(await device.only({ meterEntry: { ...cell, ...asked } }));
      assert.equal(packetsOf((found["meterEntry"] as { counterData?: Counters }).counterData), want);
    }
  });

  it("are carried over while no rule stands for the entry", async () => {
    const device = await Device.with(program);
    await device.write(keep, insert({ meterConfig: oneEach }));
    frames(device, 4);
    await device.write(keep, modify({ action: unrealised, counterData: counts(7, 7) }));
    assert.equal(device.rules.length, 0);
    frames(device, 1);
    assert.equal(await colours(device), "1 1 2");
    await device.write(keep, modify({ meterConfig: oneEach }));
    frames(device, 2);
    assert.equal(await colours(device), "2 2 2");
    await device.write(keep, modify({ action: unrealised }), modify({ action: unrealised, meterCounterData: {} }));
    assert.equal(await colours(device), "0 0 0");
  });

  it("are cleared with the default entry that is reset", async () => {
    const device = await Device.with(program);
    const query = { tableEntry: entry(acl, { isDefaultAction: true, meterCounterData: {} }) };
    const read = async () =>
      packetsOf((only(await device.only(query))["tableEntry"] as { meterCounterData?: Counters }).meterCounterData);
    const set = (rest: Rest) =>
      device.write(keep, update("modify", { tableEntry: entry(acl, { isDefaultAction: true, ...rest }) }));
    assert.deepEqual(await set({ action: call(actions.drop), meterConfig: oneEach }), ["OK"]);
    frames(device, 3);
    assert.equal(await read(), "1 1 1");
    assert.deepEqual(await set({}), ["OK"]);
    assert.equal(await read(), "0 0 0");
  });

  it("are never negative, though the datapath lost what it had counted", async () => {
    const device = await Device.with(program);
    await device.write(keep, insert({ meterConfig: oneEach }));
    frames(device, 4);
    await device.write(keep, modify({ meterConfig: oneEach, meterCounterData: {} }));
    await device.pipelines.resync(new AbortController().signal);
    assert.equal(await colours(device), "0 0 0");
    frames(device, 3);
    assert.equal(await colours(device), "1 1 1");
  });

  it("outlive a batch that fails, whatever it would have cleared", async () => {
    const device = await Device.with(program);
    await device.write(keep, insert({ meterConfig: oneEach }));
    frames(device, 4);
    const cleared = modify({ action: unrealised, meterCounterData: {} });
    assert.deepEqual(await device.write("rollback-on-error", cleared, insert()), ["ABORTED", "ALREADY_EXISTS"]);
    assert.equal(await colours(device), "1 1 2");
  });

  const change = fc.record({
    burst: fc.integer({ min: 0, max: 2 }),
    realised: fc.boolean(),
    clears: fc.boolean(),
    own: fc.boolean(),
  });
  requirement(
    ["MTR-25", "DIR-12", "MTR-21", "MTR-23"],
    "are those of a naive model, whatever batches change meter and action",
    async () => {
      const step = fc.record({
        changes: fc.array(change, { maxLength: 3 }),
        frames: fc.nat(4),
        failed: fc.nat(4).map((n) => n === 0),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          const device = await Device.with(program);
          await device.write(keep, insert());
          let model = { burst: 0, level: { green: 0, all: 0 }, realised: true, counts: [0, 0, 0] };
          for (const { changes, frames: count, failed } of steps) {
            let next = model;
            const updates = changes.map(({ burst, realised, clears, own }) => {
              next = { ...next, burst, realised: own ? next.realised : realised };
              if (clears) next = { ...next, counts: [0, 0, 0] };
              const config = burst === 0 ? undefined : meter({ cburst: burst, pburst: 2 * burst });
              if (own) return direct({ ...(config && { config }), ...(clears && { counterData: {} }) });
              return modify({
                ...(config && { meterConfig: config }),
                ...(clears && { meterCounterData: {} }),
                ...(!realised && { action: unrealised }),
              });
            });
            const results = await device.write(
              failed ? "dataplane-atomic" : keep,
              ...updates,
              ...(failed ? [insert()] : []),
            );
            if (failed) assert.equal(results.at(-1), "ALREADY_EXISTS");
            else {
              // The datapath knows of a batch where it begins and ends, and whether the rule was away in between.
              const { burst } = next;
              const anew = burst !== model.burst || !model.realised || rebuilt(changes);
              model = { ...next, level: anew ? { green: burst, all: 2 * burst } : model.level };
            }
            frames(device, count);
            if (model.realised) model = { ...model, ...marked(model, count) };
            assert.equal(await colours(device), model.counts.join(" "));
          }
        }),
        { numRuns: fuzzRuns(150) },
      );
    },
  );
});

/** True if the entry had no rule at some time within the batch. */
function rebuilt(changes: readonly { readonly own: boolean; readonly realised: boolean }[]): boolean {
  return changes.some(({ own, realised }) => !own && !realised);
}

interface Marking {
  readonly burst: number;
  readonly level: { readonly green: number; readonly all: number };
  readonly counts: readonly number[];
}

/** What `count` frames leave of a meter whose buckets nothing fills. */
function marked({ burst, level, counts: before }: Marking, count: number) {
  const left = { ...level };
  const [green = 0, yellow = 0, red = 0] = before;
  const seen = { green, yellow, red };
  for (let i = 0; i < count; i++) {
    if (burst === 0) seen.green++;
    else if (left.all === 0) seen.red++;
    else if (left.green === 0) {
      left.all--;
      seen.yellow++;
    } else {
      left.all--;
      left.green--;
      seen.green++;
    }
  }
  return { level: left, counts: [seen.green, seen.yellow, seen.red] };
}

describe("counters per meter colour that the datapath lacks", () => {
  const lacking = async () => {
    const device = await Device.with(program, undefined, { lacks: { meterCounters: false } });
    await device.write(keep, insert({ meterConfig: oneEach }));
    return device;
  };

  requirement(["DIR-14", "MTR-20"], "are UNIMPLEMENTED in updates", async () => {
    const device = await lacking();
    const results = await device.write(
      keep,
      insert({ priority: 2, meterCounterData: {} }),
      modify({ meterCounterData: {} }),
      direct({ counterData: {} }),
      update("modify", { meterEntry: { meterId: indexedMeter, counterData: {} } }),
      update("delete", { tableEntry: { ...key, meterCounterData: {} } }),
    );
    assert.deepEqual(results, [...Array<string>(4).fill("UNIMPLEMENTED"), "OK"]);
  });

  requirement(["DIR-14", "MTR-20"], "are UNIMPLEMENTED in a Read with a key", async () => {
    const { results, entities } = await (
      await lacking()
    ).read(
      { tableEntry: { ...key, meterCounterData: {} } },
      { directMeterEntry: { tableEntry: key, counterData: {} } },
      { meterEntry: { meterId: indexedMeter, index: {}, counterData: {} } },
    );
    assert.deepEqual([results, entities], [Array<string>(3).fill("UNIMPLEMENTED"), []]);
  });

  requirement(["AMB-34", "MTR-20"], "are left out of a Read without one, and never sent", async () => {
    const { results, entities } = await (
      await lacking()
    ).read(
      { tableEntry: { meterCounterData: {} } },
      { tableEntry: entry(acl, { meterCounterData: {} }) },
      { directMeterEntry: { counterData: {} } },
      { meterEntry: { counterData: {} } },
    );
    assert.deepEqual(results, Array<string>(4).fill("OK"));
    assert.equal(entities.length, 3 + 4);
    assert.ok(!JSON.stringify(entities).includes("ounterData"));
  });
});
