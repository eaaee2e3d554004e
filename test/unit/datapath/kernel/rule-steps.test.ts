import assert from "node:assert/strict";
import { tooManyKeys, tooManyMasks, tooManyTuples } from "../../../../src/addon/addon.js";
import type { BpfDatapath } from "../../../../src/addon/addon.js";
import { Code } from "../../../../src/base/status.js";
import { RuleSteps } from "../../../../src/datapath/kernel/rule-steps.js";
import { always, rule } from "../../../support/key-rules.js";

/** What the kernel refuses, as the addon throws it. */
class Refusal extends Error {
  readonly code = "E2BIG";
  readonly errno = 7;
  readonly syscall = "bpf(BPF_MAP_UPDATE_ELEM)";
}

/** The steps of a `BpfDatapath`: it answers what it is told to, and each rule has counted its number. */
class ScriptedBpf implements Pick<
  BpfDatapath,
  "begin" | "reset" | "add" | "replace" | "remove" | "commit" | "abandon" | "counters" | "colours"
> {
  readonly calls: string[] = [];
  readonly free = new Set<number>();
  answers: number[] = [];
  refuses: string | undefined;
  #next = 1;
  #slices = 0;

  begin = () => this.#call("begin");
  reset = () => this.#call("reset");
  /** In two slices. */
  commit(keys: number): boolean {
    assert.ok(keys > 0);
    const done = this.#slices++ % 2 === 1;
    this.#call(done ? "commit" : "begin to commit");
    return done;
  }
  abandon = () => this.#call("abandon");

  add(...[table, priority, , , count, action, meter]: Parameters<BpfDatapath["add"]>): number {
    this.#call(`add ${table} ${priority} ${count} ${action.toString(16)} ${meter?.join(",") ?? "-"}`);
    return this.answers.shift() ?? this.#next++;
  }

  replace(...[number, action, meter, keep]: Parameters<BpfDatapath["replace"]>): void {
    this.#call(`replace ${number} ${action.toString(16)} ${meter?.join(",") ?? "-"} ${keep}`);
  }

  remove(number: number): void {
    this.#call(`remove ${number}`);
    this.free.add(number);
  }

  counters(rules: Uint32Array, into: Float64Array): void {
    if (this.calls.at(-1) === "commit") for (const number of rules) assert.ok(!this.free.has(number));
    rules.forEach((number, i) => into.set([number, 100 * number], 2 * i));
  }

  /** Of the bytes that each rule has counted, one in a hundred is yellow and two are red. */
  colours(rules: Uint32Array, into: Float64Array): void {
    if (this.calls.at(-1) === "commit") for (const number of rules) assert.ok(!this.free.has(number));
    rules.forEach((number, i) => into.set([0, number, 0, 2 * number], 4 * i));
  }

  #call(what: string): void {
    this.calls.push(what);
    if (this.refuses !== undefined && what.startsWith(this.refuses)) throw new Refusal("no room");
  }
}

const meter = { cir: 1n, cburst: 2n, pir: 3n, pburst: 4n, eburst: 5n };
const tables = [{ name: "acl", maxMasks: 2, meter: { type: "two-rate-three-color", unit: "packets" } }] as const;

function opened() {
  const bpf = new ScriptedBpf();
  const lost: string[] = [];
  const limits = { capacity: 8, maxTuples: 4, queues: 2 };
  const steps = new RuleSteps(bpf as unknown as BpfDatapath, limits, (reason) => lost.push(reason));
  return { bpf, lost, steps };
}

describe("steps of kernel rules", () => {
  it("give verdicts, queue and meter as the program wants them", async () => {
    const { bpf, steps } = opened();
    const plan = steps.plan();
    plan.reset(tables);
    const action = { green: "copy", yellow: "trap", red: "copy-cancel", queue: 1 } as const;
    const added = plan.add(rule({ priority: 9, action, meter }));
    assert.ok(added.ok);
    plan.replace(added.value, { action: always("deny"), meter: { ...meter }, cookie: {} });
    plan.replace(added.value, { action: always("drop"), meter: undefined, cookie: {} });
    await plan.commit();
    assert.deepEqual(bpf.calls, [
      ...["begin", "reset", "add 0 9 1 20523 1,2,3,4,5", "replace 1 444 1,2,3,4,5 keep"],
      ...["replace 1 111 - renew", "begin to commit", "commit"],
    ]);
  });

  for (const [code, message] of [
    [tooManyMasks, "table 'acl' holds 2 distinct masks, its limit is 2"],
    [tooManyKeys, "table 'acl' has no room: the tables of the device hold 8 keys at most"],
    [tooManyTuples, "table 'acl' has no room: the tables of the device hold 4 distinct masks at most"],
  ] as const) {
    it(`say what is full: ${message}`, () => {
      const { bpf, steps } = opened();
      const plan = steps.plan();
      plan.reset(tables);
      bpf.answers = [code];
      const added = plan.add(rule());
      const fields = { table: "acl" };
      assert.deepEqual(added, { ok: false, status: { code: Code.RESOURCE_EXHAUSTED, message, fields } });
      plan.abandon();
    });
  }

  it("refuse a 17th table", () => {
    const { steps } = opened();
    const plan = steps.plan();
    const reset = plan.reset(Array.from({ length: 17 }, (_, i) => ({ name: `t${i}`, maxMasks: 1 })));
    assert.ok(!reset.ok && reset.status.code === Code.RESOURCE_EXHAUSTED);
    plan.abandon();
  });

  for (const refused of ["commit", "remove"]) {
    it(`are lost, and said to be, when the kernel refuses to ${refused}`, async () => {
      const { bpf, lost, steps } = opened();
      const first = steps.plan();
      first.reset(tables);
      const added = first.add(rule());
      await first.commit();
      assert.ok(added.ok);
      bpf.refuses = refused;
      const plan = steps.plan();
      plan.remove(added.value);
      const committed = await plan.commit();
      assert.ok(!committed.ok && committed.status.code === Code.UNAVAILABLE);
      assert.deepEqual(lost, ["the kernel refused: no room"]);
      bpf.refuses = undefined;
      assert.deepEqual(steps.plan().reset(tables), { ok: true });
    });
  }

  it("keep what a removed rule had counted, and forget it at a reset", async () => {
    const { steps } = opened();
    const first = steps.plan();
    first.reset(tables);
    const handles = [rule(), rule()].map((each) => first.add(each)).flatMap((added) => (added.ok ? [added.value] : []));
    await first.commit();
    const [gone] = handles;
    assert.ok(gone !== undefined);
    const second = steps.plan();
    second.remove(gone);
    await second.commit();
    const into = new Float64Array(4);
    steps.counters(handles, into);
    assert.deepEqual([...into], [1, 100, 2, 200]);
    const colours = new Float64Array(12);
    steps.meterCounters(handles, colours);
    assert.deepEqual([...colours], [1, 97, 0, 1, 0, 2, 2, 194, 0, 2, 0, 4]);
    const third = steps.plan();
    third.reset(tables);
    await third.commit();
    steps.counters(handles, into);
    assert.deepEqual([...into], [0, 0, 0, 0]);
    steps.meterCounters(handles, colours);
    assert.deepEqual([...colours], Array(12).fill(0));
  });

  it("leave meters as they were when a plan is abandoned", async () => {
    const { bpf, steps } = opened();
    const first = steps.plan();
    first.reset(tables);
    const added = first.add(rule({ meter }));
    assert.ok(added.ok);
    await first.commit();
    const change = { action: always("trap"), cookie: {} };
    const abandoned = steps.plan();
    abandoned.replace(added.value, { ...change, meter: undefined });
    abandoned.abandon();
    steps.plan().replace(added.value, { ...change, meter });
    assert.equal(bpf.calls.at(-1), "replace 1 222 1,2,3,4,5 keep");
  });
});
