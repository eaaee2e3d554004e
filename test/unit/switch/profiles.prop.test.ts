import assert from "node:assert/strict";
import fc from "fast-check";
import { Code } from "../../../src/base/status.js";
import type { PortId } from "../../../src/datapath/port.js";
import { isSelector, type PuntAction, type RuleAction } from "../../../src/datapath/rule.js";
import { call, entry, plain, ternary, update, type Entity, type SentUpdate } from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { actions, p4info, profiles, tableId } from "../../support/programs.js";
import { Device } from "./device.js";
import {
  groupLimit,
  meaningOf,
  NaiveProfiles,
  profileSize,
  type NaiveAction,
  type NaiveChoice,
  type NaiveSelection,
  type NaiveState,
  type NaiveUpdate,
} from "./naive-profiles.js";

const scopes = {
  [actions.noAction]: "default-only",
  [actions.drop]: "both",
  [actions.trap]: "both",
  [actions.copy]: "both",
  [actions.set]: "both",
  [actions.queue]: "both",
} as const;
const sketch = (at: number) =>
  ({
    at,
    name: `t${at}`,
    fields: [["ether_type", "ternary", 16]],
    actions: scopes,
    profile: profiles.selector,
  }) as const;
const program = p4info([sketch(1), sketch(2)], {
  actionProfiles: [
    {
      preamble: { id: profiles.selector, name: "p", alias: "p", annotations: [], structured: [], locations: 0 },
      tableIds: [tableId(1), tableId(2)],
      withSelector: true,
      size: BigInt(profileSize),
      maxGroupSize: groupLimit,
      semantics: "sum-of-weights",
      maxMemberWeight: 0,
      weightsDisallowed: false,
    },
  ],
});

const watched = 3;
const calls: Readonly<Record<NaiveAction, ReturnType<typeof call>>> = {
  trap: call(actions.trap),
  drop: call(actions.drop),
  copy: call(actions.copy),
  set: call(actions.set, "01", "02"),
  "queue 1": call(actions.queue, "01"),
  "queue 9": call(actions.queue, "09"),
};
/** Entry `id` is in table 1 or 2 by its parity and has the EtherType 0x7000 + id. */
const etherType = (id: number) => 0x7000 + id;

const weighted = ({ weight, watch }: NaiveChoice) => ({
  weight,
  ...(watch !== 0 && { watchPort: Buffer.from(String(watch)) }),
});

function actionOf(selection: NaiveSelection) {
  if (selection.kind === "set") {
    const actionProfileActions = selection.actions.map((one) => ({ ...calls[one.action], ...weighted(one) }));
    return { actionProfileActionSet: { actionProfileActions } };
  }
  return selection.kind === "member" ? { actionProfileMemberId: selection.id } : { actionProfileGroupId: selection.id };
}

const memberEntity = (memberId: number, action: NaiveAction): Entity => ({
  actionProfileMember: { actionProfileId: profiles.selector, memberId, ...calls[action] },
});
const groupEntity = (groupId: number, members: readonly (NaiveChoice & { readonly id: number })[]): Entity => ({
  actionProfileGroup: {
    actionProfileId: profiles.selector,
    groupId,
    members: members.map((one) => ({ memberId: one.id, ...weighted(one) })),
  },
});
const entryEntity = (id: number, selection: NaiveSelection | undefined): Entity => ({
  tableEntry: entry(1 + (id % 2), {
    match: [ternary(1, etherType(id).toString(16), "ffff")],
    priority: id,
    ...(selection && { action: actionOf(selection) }),
  }),
});

function sent(change: NaiveUpdate): SentUpdate {
  switch (change.kind) {
    case "member":
      return update(change.type, memberEntity(change.id, change.action));
    case "group":
      return update(change.type, groupEntity(change.id, change.members));
    case "entry":
      return update(change.type, entryEntity(change.id, change.selection));
  }
}

const type = fc.constantFrom("insert" as const, "insert" as const, "modify" as const, "modify" as const, "delete" as const); // prettier-ignore
const id = fc.integer({ min: 1, max: 3 });
const weight = fc.integer({ min: 1, max: 3 });
const watch = fc.constantFrom(0, 0, watched);
const histories = (known: readonly NaiveAction[]) => {
  const action = fc.constantFrom(...known);
  const members = fc.uniqueArray(fc.record({ id, weight, watch }), { maxLength: 3, selector: (one) => one.id });
  const reference = fc.record({ kind: fc.constantFrom("member" as const, "group" as const), id });
  const set = fc.record({
    kind: fc.constant("set" as const),
    actions: fc.array(fc.record({ action, weight, watch }), { maxLength: 3 }),
  });
  const selection = fc.oneof({ weight: 4, arbitrary: reference }, { weight: 1, arbitrary: set });
  const change: fc.Arbitrary<NaiveUpdate> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("member" as const), type, id, action }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("group" as const), type, id, members }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("entry" as const),
        type,
        id: fc.integer({ min: 1, max: 5 }),
        selection: fc.option(selection, { nil: undefined, freq: 6 }),
      }),
    },
  );
  const step = fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 8 }),
    atomicity: fc.constantFrom("continue-on-error" as const, "rollback-on-error" as const, "dataplane-atomic" as const),
    lost: fc.nat(9).map((n) => n === 0),
    portUp: fc.boolean(),
  });
  /** Something to change: three members, two groups, and entries of both tables that name them. */
  const begun = fc.record({
    changes: fc
      .tuple(
        fc.array(action, { minLength: 3, maxLength: 3 }),
        members,
        members,
        fc.array(reference, { minLength: 4, maxLength: 5 }),
      )
      .map(([own, one, two, references]): readonly NaiveUpdate[] => [
        ...own.map((each, i) => ({ kind: "member" as const, type: "insert" as const, id: i + 1, action: each })),
        { kind: "group", type: "insert", id: 1, members: one },
        { kind: "group", type: "insert", id: 2, members: two },
        ...references.map((each, i) => ({
          kind: "entry" as const,
          type: "insert" as const,
          id: i + 1,
          selection: each,
        })),
      ]),
    atomicity: fc.constant("continue-on-error" as const),
    lost: fc.constant(false),
    portUp: fc.boolean(),
  });
  return fc
    .tuple(fc.option(begun, { nil: undefined }), fc.array(step, { minLength: 1, maxLength: 12 }))
    .map(([first, rest]) => (first === undefined ? rest : [first, ...rest]));
};

/** The rules as `Device.rules` shows them. */
function expectedRules(state: NaiveState): readonly string[] {
  const text = (action: NaiveAction) => (action === "queue 1" ? "trap 0" : action);
  return [...state.entries]
    .sort(([a], [b]) => a - b)
    .flatMap(([at, selection]) => {
      const meaning = meaningOf(state, selection);
      if (meaning.kind === "one") return `${at} ${text(meaning.action)}`;
      if (meaning.kind !== "many") return [];
      const choices = meaning.choices.map(
        (one) => `${text(one.action)}*${one.weight}${one.watch === 0 ? "" : `@${one.watch}`}`,
      );
      return [`${at} hash`, ...choices].join(" ");
    });
}

const sorted = (entities: readonly unknown[]) => entities.map((one) => JSON.stringify(one)).sort();

async function checkReads(device: Device, { members, groups, entries }: NaiveState): Promise<void> {
  const asked = [{ actionProfileMember: {} }, { actionProfileGroup: {} }, { tableEntry: {} }];
  const expected = [
    [...members].map(([at, action]) => memberEntity(at, action)),
    [...groups].map(([at, listed]) => groupEntity(at, listed)),
    [...entries].map(([at, selection]) => entryEntity(at, selection)),
  ];
  for (const [i, query] of asked.entries()) {
    const { entities } = await device.read(query);
    assert.deepEqual(sorted(entities), sorted((expected[i] ?? []).map(plain)));
  }
}

/** Each entry's frames meet one of the choices that are left, of every flow; none left: they are forwarded. */
function checkFates(device: Device, state: NaiveState, portUp: boolean): void {
  for (const [at, selection] of state.entries) {
    const meaning = meaningOf(state, selection);
    const all = meaning.kind === "many" ? meaning.choices : meaning.kind === "one" ? [{ action: meaning.action, watch: 0 }] : []; // prettier-ignore
    const left = all.filter((choice) => portUp || choice.watch === 0);
    const possible =
      left.length === 0 ? ["forward"] : left.map(({ action }) => (action === "drop" ? "drop" : "punted"));
    for (let flow = 0; flow < 8; flow++) {
      const frame = Buffer.alloc(60);
      frame.writeUInt16BE(etherType(at), 12);
      frame[11] = flow;
      const { original, punted } = device.datapath.classify(1 as PortId, frame);
      const fate = punted ? "punted" : original;
      assert.ok(possible.includes(fate), `entry ${at}: ${fate}, not one of ${possible.join()}`);
    }
  }
}

const verdictsOf = (action: RuleAction): readonly PuntAction["green"][] =>
  isSelector(action) ? action.choices.map((choice) => choice.action.green) : [action.green];

describe("action profiles under random batches", function () {
  this.timeout(60_000);

  it("leave store, rules, answers and frames as a naive model has them", async () => {
    await fc.assert(
      fc.asyncProperty(histories(["trap", "drop", "copy", "set", "queue 1", "queue 9"]), async (steps) => {
        const device = await Device.with(program);
        const model = new NaiveProfiles();
        const { script } = device.datapath;
        script.refuse = ({ action }) =>
          verdictsOf(action).includes("copy") ? { code: Code.OUT_OF_RANGE, message: "not this one" } : undefined;
        for (const { changes, atomicity, lost, portUp } of steps) {
          script.failCommit = lost ? { code: Code.INTERNAL, message: "lost" } : undefined;
          const results = await device.write(atomicity, ...changes.map(sent));
          assert.deepEqual(results, model.batch(changes, { atomic: atomicity !== "continue-on-error", lost }));
          if (lost) {
            script.failCommit = undefined;
            assert.equal(await device.pipelines.resync(new AbortController().signal), undefined);
          }
          assert.deepEqual(device.rules, expectedRules(model.state));
          device.datapath.setPortState(watched as PortId, portUp ? "up" : "down");
          await checkReads(device, model.state);
          checkFates(device, model.state, portUp);
          assert.equal((await device.compare()).differences, 0);
        }
      }),
      { numRuns: fuzzRuns(150) },
    );
  });

  it("are refused, and come to the datapath, the same for a program that is saved first", async () => {
    await fc.assert(
      fc.asyncProperty(histories(["trap", "drop", "set", "queue 1", "queue 9"]), async (steps) => {
        const active = await Device.with(program);
        const saved = await Device.with(program, "verify-and-save");
        for (const { changes, atomicity } of steps) {
          const results = await active.write(atomicity, ...changes.map(sent));
          assert.deepEqual(await saved.write(atomicity, ...changes.map(sent)), results);
        }
        assert.deepEqual(saved.rules, []);
        assert.equal(await saved.pipelines.set("commit", undefined), undefined);
        assert.deepEqual(saved.rules, active.rules);
        assert.equal(await active.pipelines.resync(new AbortController().signal), undefined);
        assert.deepEqual(saved.rules, active.rules);
      }),
      { numRuns: fuzzRuns(100) },
    );
  });
});
