/** Rules that pick one of several actions for each frame. A backend without the capability has none of them. */
import assert from "node:assert/strict";
import type { ActionChoice, ActionSelector } from "../../src/datapath/rule.js";
import type { PortId } from "../../src/datapath/port.js";
import { arp, ipv4, udp } from "../support/frame-builder.js";
import { always, rule, type RuleFields } from "../support/key-rules.js";
import type { Bench, Punts, WithBench } from "./bench.js";
import { counted, drops, install, packetMeter, place, port1, port2, step } from "./bench.js";
import { ethernet } from "./frames.js";

const choice = (verdict: "trap" | "drop" | "copy", weight = 1, watch?: PortId): ActionChoice => ({
  action: always(verdict),
  weight,
  watch,
});
const selector = (choices: readonly ActionChoice[], mode: ActionSelector["mode"] = "hash"): ActionSelector => ({
  mode,
  choices,
});

const ipRule = (fields: RuleFields) => rule({ match: { is_ip: 1 }, ...fields });

const flowCount = 400;
/** One frame of each of many flows, with that time to live. */
const flows = (ttl: number) =>
  Array.from({ length: flowCount }, (_, i) => ethernet(ipv4({ ttl }, udp(1000 + i, 2000))));
const first = flows(64);
const one = flows(65)[0] ?? new Uint8Array(0);

/** For each of `frames` whether it is punted: true for a flow whose choice is `trap`. */
async function trapped(bench: Bench, punts: Punts, frames: readonly Uint8Array[]): Promise<readonly boolean[]> {
  await bench.receive(port1, frames);
  const seen = new Set((await punts.take()).map(({ frame }) => Buffer.from(frame).toString("hex")));
  return frames.map((frame) => seen.has(Buffer.from(frame).toString("hex")));
}

const share = (of: readonly boolean[]) => of.filter((each) => each).length / of.length;

/** Makes a test that a backend without selectors passes by having none. */
export function selectorCompliance(withBench: WithBench): void {
  const selecting = (body: Parameters<WithBench>[0], options: Parameters<WithBench>[1] = {}) =>
    withBench(async (bench, punts) => {
      if (bench.datapath.capabilities.selectors) await body(bench, punts);
    }, options);

  it(
    "take the same choice for all frames of a flow, and each choice by its weight",
    selecting(async (bench, punts) => {
      await install(bench, [ipRule({ action: selector([choice("trap", 3), choice("drop", 1)]) })]);
      const before = await trapped(bench, punts, first);
      assert.ok(share(before) > 0.65 && share(before) < 0.85, `${share(before)} of the flows for a weight of 3 in 4`);
      assert.deepEqual(await trapped(bench, punts, flows(9)), before);
    }),
  );

  it(
    "take flows of frames without IP too",
    selecting(async (bench, punts) => {
      await install(bench, [rule({ match: { is_arp: 1 }, action: selector([choice("trap"), choice("drop")]) })]);
      const frames = Array.from({ length: 64 }, (_, i) => ethernet(arp("10.0.0.2")).with(11, i));
      const before = await trapped(bench, punts, frames);
      assert.ok(share(before) > 0.2 && share(before) < 0.8);
      assert.deepEqual(await trapped(bench, punts, frames), before);
    }),
  );

  it(
    "leave out a choice while its port is not up, move no other flow, and use it again",
    selecting(async (bench, punts) => {
      const choices = [choice("trap", 1, port2), choice("drop", 1), choice("trap", 1)];
      await install(bench, [ipRule({ action: selector(choices) })]);
      const before = await trapped(bench, punts, first);
      for (const state of ["down", "no-carrier"] as const) {
        await bench.bring(port2, state);
        const without = await trapped(bench, punts, first);
        assert.ok(share(without) > 0.35 && share(without) < 0.65, `${share(without)} where one of two choices traps`);
        for (const [i, was] of before.entries()) if (!was) assert.equal(without[i], false, `flow ${i} stays`);
        await bench.bring(port2, "up");
        assert.deepEqual(await trapped(bench, punts, first), before);
      }
    }),
  );

  it(
    "do nothing with a frame when no choice is left: it is counted and forwarded",
    selecting(async (bench, punts) => {
      const gone = [choice("trap", 1, port2), choice("drop", 1, 99 as PortId)];
      for (const choices of [gone, []]) {
        const [handle] = await install(bench, [ipRule({ action: selector(choices) })]);
        assert.ok(handle !== undefined);
        if (choices.length > 0) await bench.bring(port2, "down");
        await bench.receive(port1, [one]);
        assert.deepEqual(await punts.take(), []);
        assert.deepEqual(await counted(bench, handle), [1, one.length]);
        assert.equal(drops(bench)["rule"] ?? 0, 0);
        await bench.bring(port2, "up");
      }
      assert.equal((await bench.left(port2, 1)).length, 1);
    }),
  );

  it(
    "take any choice for each frame if they are random",
    selecting(async (bench, punts) => {
      const [handle] = await install(bench, [ipRule({ action: selector([choice("trap"), choice("drop")], "random") })]);
      assert.ok(handle !== undefined);
      await bench.receive(
        port1,
        Array.from({ length: 200 }, () => one),
      );
      const { length } = await punts.take();
      assert.ok(length > 50 && length < 150, `${length} of 200`);
      assert.equal((await counted(bench, handle))[0], 200);
    }),
  );

  it(
    "change their choices in one step, and not at all in an abandoned one",
    selecting(async (bench, punts) => {
      const [handle] = await install(bench, [ipRule({ action: selector([choice("drop"), choice("drop")]) })]);
      assert.ok(handle !== undefined);
      const change = { action: selector([choice("trap"), choice("trap", 2)]), meter: undefined, cookie: {} };
      const plan = bench.datapath.plan();
      plan.replace(handle, change);
      assert.equal(share(await trapped(bench, punts, first)), 0);
      plan.abandon();
      assert.equal(share(await trapped(bench, punts, first)), 0);
      await step(bench, (next) => next.replace(handle, change));
      assert.equal(share(await trapped(bench, punts, first)), 1);
      await step(bench, (next) => next.replace(handle, { ...change, action: always("drop") }));
      assert.equal(share(await trapped(bench, punts, first)), 0);
      assert.equal((await counted(bench, handle))[0], 4 * flowCount);
    }),
  );

  it(
    "meter the rule as a whole, and police by the queue of the choice",
    selecting(
      async (bench, punts) => {
        const byColour = { green: "trap", yellow: "drop", red: "drop", queue: 1 } as const;
        const action = selector([{ action: byColour, weight: 1, watch: undefined }]);
        await install(bench, [ipRule({ action, meter: { cir: 0n, cburst: 3n, pir: 0n, pburst: 3n, eburst: 0n } })]);
        await bench.receive(port1, first.slice(0, 5));
        assert.equal((await punts.take()).length, 2);
        assert.deepEqual([drops(bench)["rule-meter"], drops(bench)["queue-policer"]], [2, 1]);
      },
      { queues: [1, 2].map((burst) => ({ name: `queue ${burst}`, pps: 1, burst })) },
    ),
  );

  it(
    "are told by dumps as they were asked for, and by classify with the choice of the frame",
    selecting(async (bench, punts) => {
      const action = selector([choice("trap", 2, port2), choice("copy", 2147483647)]);
      await install(bench, [ipRule({ action })], [{ name: "acl", maxMasks: 4, meter: packetMeter }]);
      const told = [];
      for await (const held of bench.datapath.dump?.() ?? []) if (held.table === 0) told.push(held.action);
      assert.deepEqual(told, [action]);
      await step(bench, (plan) =>
        place(plan, ipRule({ priority: 2, action: selector([choice("trap"), choice("drop")]) })),
      );
      const traps = await trapped(bench, punts, first);
      for (const [i, frame] of first.entries()) {
        const classified = bench.datapath.classify(port1, frame);
        if (classified === undefined) return;
        assert.equal(classified.punted, traps[i]);
        assert.equal(classified.matches[0]?.chosen, traps[i] ? 0 : 1);
      }
    }),
  );
}
