/**
 * What the software switch's classifier costs: lookups per second, time per rule added and removed, bytes per rule,
 * time per frame injected. Usage: node --expose-gc dist/bench/classifier.js
 */
import { systemClock } from "../src/base/clock.js";
import { defined } from "../src/base/invariant.js";
import { keyWords, Presence } from "../src/datapath/frame-key.js";
import type { PortId } from "../src/datapath/port.js";
import type { PuntRule, RuleHandle, TableIndex } from "../src/datapath/rule.js";
import { RuleBase } from "../src/datapath/soft/rule-base.js";
import { SoftDatapath } from "../src/datapath/soft/soft-datapath.js";
import { Ticks } from "../src/datapath/soft/ticks.js";

const table = 0 as TableIndex;
const trap = { green: "trap", yellow: "trap", red: "trap" } as const;

/** The same numbers on every run. */
function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    return mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
  };
}

/** `count` rules over five fields (IPv4 source and destination, L4 port, protocol, VLAN id) with `masks` masks. */
function* fiveFieldRules(count: number, masks: number): Generator<PuntRule> {
  const random = randomWords(count);
  const presence = Presence.ip | Presence.ipv4 | Presence.l4 | Presence.vlan;
  for (let i = 0; i < count; i++) {
    const mask = new Int32Array(keyWords);
    mask[0] = presence;
    mask[5] = 0xfff;
    mask[6] = 0xff << 16;
    mask[7] = 0xffff;
    mask[11] = -1 << ((i % masks) & 7);
    mask[15] = -1 << ((i % masks) >> 3);
    const values = mask.map((bits, at) => (at === 0 ? bits : random() & bits));
    yield { table, priority: 1 + (random() & 0x3ff), values, masks: mask, count: 1, action: trap, cookie: {} };
  }
}

function filled(rules: Iterable<PuntRule>): { base: RuleBase; handles: RuleHandle[] } {
  const base = new RuleBase(new Ticks(systemClock), 0);
  const plan = base.plan();
  plan.reset([{ name: "bench", maxMasks: 256 }]);
  const handles = Array.from(rules, (rule) => {
    const added = plan.add(rule);
    if (!added.ok) throw new Error(added.status.message);
    return added.value;
  });
  void plan.commit();
  return { base, handles };
}

/** Millions of lookups per second over `keys`. */
function lookups(base: RuleBase, keys: readonly Int32Array[]): number {
  const { rules } = defined(base.tables[0], "one table");
  let found = 0;
  let best = Infinity;
  for (let round = 0; round < 7; round++) {
    const began = performance.now();
    for (let i = 0; i < 200_000; i++) {
      if (rules.find(defined(keys[i % keys.length], "a key"), base.generation) !== undefined) found++;
    }
    best = Math.min(best, performance.now() - began);
  }
  return found < 0 ? 0 : 200 / best;
}

function benchLookups(): void {
  for (const count of [8, 64, 100, 500, 10_000]) {
    const rules = [...fiveFieldRules(count, 30)];
    const { base } = filled(rules);
    const random = randomWords(7);
    const hits = rules.slice(0, 1000).map((rule) => rule.values);
    const misses = hits.map((key) => key.map((bits, at) => (at === 15 || at === 11 ? random() : bits)));
    const other = hits.map((key) => key.map((bits, at) => (at === 0 ? Presence.arp : bits)));
    console.log(
      `${count} rules, ${Math.min(count, 30)} masks: hit ${lookups(base, hits).toFixed(2)}, ` +
        `miss ${lookups(base, misses).toFixed(2)}, other protocol ${lookups(base, other).toFixed(2)} M lookups/s`,
    );
  }
}

async function benchUpdates(): Promise<void> {
  const rules = [...fiveFieldRules(100_000, 16)];
  for (let round = 0; round < 3; round++) {
    const { base } = filled([]);
    const batches: string[] = [];
    const handles: RuleHandle[] = [];
    for (let at = 0; at < rules.length; at += 1000) {
      const began = performance.now();
      const plan = base.plan();
      for (let i = at; i < at + 1000; i++) {
        const added = plan.add(defined(rules[i], "a rule"));
        if (added.ok) handles.push(added.value);
      }
      await plan.commit();
      if (at % 33_000 === 0) batches.push((performance.now() - began).toFixed(2));
    }
    const began = performance.now();
    for (let at = 0; at < handles.length; at += 1000) {
      const plan = base.plan();
      for (const handle of handles.slice(at, at + 1000)) plan.remove(handle);
      await plan.commit();
    }
    const perRule = ((performance.now() - began) / 100).toFixed(2);
    console.log(
      `batches of 1,000: 1st, 34th, 67th, 100th added in ${batches.join(", ")} ms; removed at ${perRule} µs a rule`,
    );
  }
}

function heldBytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function benchMemory(): void {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  const cookie = {};
  const before = heldBytes();
  const { base, handles } = filled(map(fiveFieldRules(100_000, 16), (rule) => ({ ...rule, cookie })));
  const perRule = (heldBytes() - before) / 100_000;
  console.log(`${handles.length} rules, 16 masks: ${perRule.toFixed(0)} bytes a rule, generation ${base.generation}`);
}

function* map<T, U>(items: Iterable<T>, change: (item: T) => U): Generator<U> {
  for (const item of items) yield change(item);
}

async function benchFrames(): Promise<void> {
  const port = 1 as PortId;
  const datapath = new SoftDatapath({ ports: [{ id: port, name: "ethernet-1/1" }] });
  await datapath.resync(
    {
      tables: [{ name: "bench", maxMasks: 256 }],
      rules: [...fiveFieldRules(500, 30)].map((rule) => ({ rule, placed: () => {} })),
    },
    new AbortController().signal,
  );
  const frame = new Uint8Array(118);
  frame.set([8, 0, 0x45, 0], 12);
  frame.set([64, 17], 22);
  frame.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
  for (let round = 0; round < 3; round++) {
    const began = performance.now();
    for (let i = 0; i < 300_000; i++) datapath.inject(port, frame);
    console.log(`inject, 500 rules, none matching: ${((performance.now() - began) / 300).toFixed(2)} µs a frame`);
  }
  await datapath[Symbol.asyncDispose]();
}

benchMemory();
benchLookups();
await benchUpdates();
await benchFrames();
