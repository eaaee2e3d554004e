/** Counters by the colour of a rule's meter: what they add up to, and what they outlive. */
import assert from "node:assert/strict";
import type { MeterConfig, RuleHandle, TableSpec } from "../../src/datapath/rule.js";
import { ethernet, ipv4, udp } from "../support/frame-builder.js";
import { always, rule } from "../support/key-rules.js";
import { counted, install, port1, step, type Bench, type WithBench } from "./bench.js";

const anyIp = { is_ipv4: 1 };
/** At least 60 bytes, which no wire pads. */
const padded = (zeros: number) => ethernet(ipv4({ ttl: 64 }, [...udp(1, 2), ...Array<number>(zeros).fill(0)]));
const long = padded(40);
const short = padded(18);
/** One green frame, another yellow one, then red ones: nothing comes back. */
const oneEach: MeterConfig = { cir: 0n, cburst: 1n, pir: 0n, pburst: 2n, eburst: 0n };
const action = { green: "trap", yellow: "copy", red: "drop" } as const;

/** Green, yellow and red as packets and bytes. */
async function colours({ datapath }: Bench, handle: RuleHandle): Promise<readonly (readonly number[])[]> {
  const into = new Float64Array(6);
  await datapath.meterCounters([handle], into);
  return [0, 2, 4].map((at) => [into[at] ?? NaN, into[at + 1] ?? NaN]);
}

async function installed(bench: Bench, meter: MeterConfig | undefined, tables?: readonly TableSpec[]) {
  const [handle] = await install(bench, [rule({ match: anyIp, action, ...(meter && { meter }) })], tables);
  assert.ok(handle !== undefined);
  return handle;
}

/** Each row shows the backends that count by colour; the others say so, which is all of the contract that is theirs. */
export function colourCompliance(withBench: WithBench): void {
  const shows = (title: string, body: Parameters<WithBench>[0]) =>
    it(
      title,
      withBench(async (bench, punts) => {
        const { meters, meterCounters } = bench.datapath.capabilities;
        assert.ok(meters || !meterCounters, "who counts by colour meters");
        if (meterCounters) await body(bench, punts);
      }),
    );

  shows("add up to what the rule counted", async (bench, punts) => {
    const handle = await installed(bench, oneEach);
    assert.deepEqual(await colours(bench, handle), [
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    await bench.receive(port1, [long, short, long, short]);
    await punts.take();
    assert.deepEqual(await colours(bench, handle), [
      [1, long.length],
      [1, short.length],
      [2, long.length + short.length],
    ]);
    assert.deepEqual(await counted(bench, handle), [4, 2 * (long.length + short.length)]);
  });

  shows("are green for a rule without meter, in a table with or without one", async (bench, punts) => {
    for (const tables of [undefined, [{ name: "plain", maxMasks: 4 }]]) {
      const handle = await installed(bench, undefined, tables);
      await bench.receive(port1, [short, short]);
      await punts.take();
      assert.deepEqual(await colours(bench, handle), [
        [2, 2 * short.length],
        [0, 0],
        [0, 0],
      ]);
    }
  });

  shows("go on when the rule gets another meter, none, or one again", async (bench, punts) => {
    let handle = await installed(bench, oneEach);
    const packets = [];
    for (const meter of [oneEach, { ...oneEach, pburst: 3n }, undefined, oneEach]) {
      await step(bench, (plan) => {
        const replaced = plan.replace(handle, { action: always("trap"), meter, cookie: {} });
        assert.ok(replaced.ok);
        handle = replaced.value;
      });
      await bench.receive(port1, [short, short, short, short]);
      await punts.take();
      packets.push((await colours(bench, handle)).map(([count]) => count).join(" "));
    }
    assert.deepEqual(packets, ["1 1 2", "2 3 3", "6 3 3", "7 4 5"]);
    assert.equal((await counted(bench, handle))[0], 16);
  });

  shows("stay as they are when a plan is abandoned, and begin anew with a new rule", async (bench, punts) => {
    const handle = await installed(bench, oneEach);
    await bench.receive(port1, [short, short, short]);
    await punts.take();
    const before = await colours(bench, handle);
    const plan = bench.datapath.plan();
    plan.replace(handle, { action: always("drop"), meter: undefined, cookie: {} });
    plan.abandon();
    await bench.receive(port1, [short]);
    await punts.take();
    const [green, yellow, red] = before;
    assert.deepEqual(await colours(bench, handle), [green, yellow, [2, 2 * short.length]]);
    assert.deepEqual(red, [1, short.length]);
    assert.deepEqual(await colours(bench, await installed(bench, oneEach)), [
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });
}
