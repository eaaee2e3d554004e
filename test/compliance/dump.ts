/** Dumps: a backend tells what frames can hit, out of what frames meet. */
import assert from "node:assert/strict";
import { toHex } from "../../src/base/hex.js";
import type { PuntRule, RuleHandle } from "../../src/datapath/rule.js";
import { keyWords } from "../../src/datapath/frame-key.js";
import { always, rule } from "../support/key-rules.js";
import type { Bench, WithBench } from "./bench.js";
import { install, packetMeter, place, step } from "./bench.js";

const bytes = (words: Int32Array) => toHex(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));

interface Line {
  readonly table: number;
  readonly priority: number;
  readonly value: string;
  readonly mask: string;
  readonly action: PuntRule["action"];
  readonly cookie: object | undefined;
}

/** The keys of tables 0 and 1, in an order of their own. `install` puts its fence into table 2. */
async function dumped({ datapath }: Bench): Promise<readonly Line[]> {
  const held = datapath.dump?.();
  assert.ok(held, "a backend of ours tells what it holds");
  const lines: Line[] = [];
  for await (const { table, priority, value, mask, action, cookie } of held) {
    assert.deepEqual([value.length, mask.length], [keyWords, keyWords]);
    if (table < 2) lines.push({ table, priority, value: bytes(value), mask: bytes(mask), action, cookie });
  }
  return inOrder(lines);
}

/** What `dumped` should give for `rules`. */
function lines(rules: readonly PuntRule[]): readonly Line[] {
  return inOrder(
    rules.flatMap(({ table, priority, values, masks, count, action, cookie }) =>
      Array.from({ length: count }, (_, k) => {
        const [value, mask] = [values, masks].map((words) => bytes(words.subarray(k * keyWords, (k + 1) * keyWords)));
        return { table, priority, value: value ?? "", mask: mask ?? "", action, cookie };
      }),
    ),
  );
}

function inOrder(unordered: readonly Line[]): readonly Line[] {
  const rank = ({ table, priority, value, mask }: Line) => `${table} ${priority} ${mask} ${value}`;
  return [...unordered].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

const tables = [
  { name: "acl", maxMasks: 64, meter: packetMeter },
  { name: "other", maxMasks: 64 },
];

export function dumpCompliance(withBench: WithBench): void {
  it(
    "tell every key of every rule with table, priority, action and cookie",
    withBench(
      async (bench) => {
        const rules = [
          rule({ match: { ether_type: 0x88cc }, cookie: { name: "lldp" } }),
          rule({ priority: 2147483647, match: { src_ipv6: [1n << 127n, 1n << 127n], ttl: [0, 0xfe] }, action: "deny" }),
          rule({
            priority: 7,
            either: [{ l4_dst_port: [2000, 0xfff0] }, { l4_dst_port: 3000 }, { l4_dst_port: 3001 }],
          }),
          rule({ priority: 0, match: {}, action: "copy-cancel" }),
          rule({ match: { ingress_port: 1 }, action: { green: "trap", yellow: "copy", red: "drop", queue: 1 } }),
          rule({ table: 1, match: { ether_type: 0x88cc }, action: "copy" }),
        ];
        await install(bench, rules, tables);
        assert.deepEqual(await dumped(bench), lines(rules));
        await install(bench, [], tables);
        assert.deepEqual(await dumped(bench), []);
      },
      { queues: [1, 2].map((each) => ({ name: `queue ${each}`, pps: 10, burst: 10 })) },
    ),
  );

  it(
    "tell nothing of a plan before its commit, all of it afterwards, and nothing of an abandoned one",
    withBench(async (bench) => {
      const [kept, changed, removed, added] = [
        rule({ match: { ether_type: 0x88cc } }),
        rule({ priority: 2, match: { ttl: 1 } }),
        rule({ priority: 3, match: { ttl: 2 } }),
        rule({ priority: 4, match: { ttl: 3, dscp: 1 } }),
      ];
      const before = [kept, changed, removed];
      const handles = await install(bench, before, tables);
      const change = { action: always("drop"), meter: undefined, cookie: { name: "changed" } };
      for (const end of ["abandon", "commit"] as const) {
        const plan = bench.datapath.plan();
        const [, toChange, toRemove] = handles;
        assert.ok(toChange !== undefined && toRemove !== undefined);
        plan.replace(toChange, change);
        plan.remove(toRemove);
        place(plan, added);
        assert.deepEqual(await dumped(bench), lines(before));
        await plan[end]();
        const after = end === "commit" ? [kept, { ...changed, ...change }, added] : before;
        assert.deepEqual(await dumped(bench), lines(after));
      }
    }),
  );

  it(
    "leave out at most rules that one of the same key outranks, and tell them once that one is gone",
    withBench(async (bench) => {
      const rules = [9, 5, 5].map((priority, i) =>
        rule({ priority, match: { ether_type: 0x88cc }, action: i === 2 ? "drop" : "trap" }),
      );
      const [best, second] = await install(bench, rules, tables);
      const told = async (gone: RuleHandle | undefined, left: readonly PuntRule[]) => {
        if (gone !== undefined) await step(bench, (plan) => plan.remove(gone));
        const all = lines(left);
        const found = await dumped(bench);
        const [top] = left;
        assert.ok(top !== undefined && found.some(({ cookie }) => cookie === top.cookie), "the winner is told");
        for (const each of found) assert.ok(all.some(({ cookie }) => cookie === each.cookie));
        assert.ok(found.length <= all.length);
      };
      await told(undefined, rules);
      await told(best, rules.slice(1));
      await told(second, rules.slice(2));
    }),
  );
}
