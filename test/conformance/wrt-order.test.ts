/** Writes and Reads that overlap. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import {
  aclEntry,
  etherTypeOf,
  everyEntry,
  insert,
  modify,
  noteEntry,
  remove,
  slotCodes,
  write,
} from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { primary, type P4Client, type TableEntry } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR } = p4.v1.WriteRequest.Atomicity;
const { OK, ALREADY_EXISTS, NOT_FOUND, ABORTED } = Code;

/** One update of the model: entries 0 … 3 of `acl`, which carry a number as their metadata. */
interface Step {
  readonly kind: "insert" | "modify" | "delete";
  readonly key: number;
  readonly value: number;
}
interface Batch {
  readonly steps: readonly Step[];
  readonly allOrNothing: boolean;
}
type State = ReadonlyMap<number, number>;

/** What a batch does when nothing else happens: the codes of its updates and the state after it. */
function applied(
  before: State,
  { steps, allOrNothing }: Batch,
): { readonly codes: readonly number[]; readonly state: State } {
  const state = new Map(before);
  const codes: number[] = [];
  for (const { kind, key, value } of steps) {
    const code = kind === "insert" ? (state.has(key) ? ALREADY_EXISTS : OK) : state.has(key) ? OK : NOT_FOUND;
    codes.push(code);
    if (code !== OK && allOrNothing) {
      const at = codes.length - 1;
      return { codes: steps.map((_, i) => (i === at ? code : ABORTED)), state: before };
    }
    if (code !== OK) continue;
    if (kind === "delete") state.delete(key);
    else state.set(key, value);
  }
  return { codes, state };
}

function updateOf({ kind, key, value }: Step) {
  const entry = aclEntry(key, { metadata: Buffer.from(String(value)) });
  return kind === "insert" ? insert(entry) : kind === "modify" ? modify(entry) : remove(entry);
}

const send = (client: P4Client, { steps, allOrNothing }: Batch) =>
  slotCodes(write(client, steps.map(updateOf), { atomicity: allOrNothing ? ROLLBACK_ON_ERROR : CONTINUE_ON_ERROR }));

const numberOf = ({ metadata }: TableEntry) => Number(Buffer.from(metadata ?? []).toString());

async function stateOf(client: P4Client): Promise<State> {
  return new Map((await everyEntry(client)).map((entry) => [etherTypeOf(entry), numberOf(entry)]));
}

function orders<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) => orders(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

/** The states in which some order of `batches`, one after the other, ends that explains all `codes`. */
function explanations(
  before: State,
  batches: readonly Batch[],
  codes: readonly (readonly number[])[],
): readonly State[] {
  const found: State[] = [];
  for (const order of orders(batches.map((_, i) => i))) {
    let state = before;
    const explains = order.every((i) => {
      const batch = batches[i];
      assert.ok(batch);
      const outcome = applied(state, batch);
      state = outcome.state;
      const all = outcome.codes.every((code) => code === OK) ? [OK] : outcome.codes;
      return JSON.stringify(all) === JSON.stringify(codes[i]);
    });
    if (explains) found.push(state);
  }
  return found;
}

const step = fc.record({
  kind: fc.constantFrom("insert" as const, "modify" as const, "delete" as const),
  key: fc.integer({ min: 0, max: 3 }),
  value: fc.nat(999),
});
const batch = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 5 }), allOrNothing: fc.boolean() });

describe("requests that overlap", () => {
  noLeaks();

  requirement(
    "WRT-21",
    "several outstanding Writes have the outcome of some order of them, one after the other",
    async () => {
      await using agent = await Agent.start();
      const clients = [agent.client(), agent.client(), agent.client()];
      const [first = agent.client()] = clients;
      await primary(first);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(batch, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
          async (rounds) => {
            await lab.commit(first);
            let state: State = new Map();
            for (const batches of rounds) {
              const codes = await Promise.all(
                batches.map((each, i) => send(clients[i % clients.length] ?? first, each)),
              );
              const explained = explanations(state, batches, codes);
              state = await stateOf(first);
              const now = JSON.stringify([...state].sort());
              assert.ok(
                explained.some((possible) => JSON.stringify([...possible].sort()) === now),
                `no order explains ${JSON.stringify({ batches, codes, now })}`,
              );
            }
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  requirement("WRT-21", "a Write sent after another has returned finds all that it did", async () => {
    await using agent = await Agent.start();
    const [a, b] = [agent.client(), agent.client()];
    await primary(a);
    await lab.commit(a);
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(await slotCodes(write(i % 2 === 0 ? a : b, [insert(aclEntry(i))])), [OK]);
      assert.deepEqual(await slotCodes(write(i % 2 === 0 ? b : a, [insert(aclEntry(i)), remove(aclEntry(i))])), [
        ALREADY_EXISTS,
        OK,
      ]);
    }
  });

  requirement(
    ["WRT-24", "RED-16"],
    "a Read during a Write shows the state before or after all of it, in all its requests",
    async () => {
      await using agent = await Agent.start();
      const [writer, reader] = [agent.client(), agent.client()];
      await primary(writer);
      await lab.commit(writer);
      const count = 2000;
      const entry = (i: number, round: number) => aclEntry(i, { metadata: Buffer.from(String(round)) });
      await write(writer, [
        ...Array.from({ length: count }, (_, i) => insert(entry(i, 0))),
        insert(noteEntry(1, { metadata: Buffer.from("0") })),
      ]);
      for (let round = 1; round <= 4; round++) {
        let done = false;
        const note = modify(noteEntry(1, { metadata: Buffer.from(String(round)) }));
        const updates = [...Array.from({ length: count }, (_, i) => modify(entry(i, round))), note];
        const writing = write(writer, updates).then(() => (done = true));
        do {
          const all = await lab.read(reader, { tableEntry: { tableId: lab.lab.notes } }, { tableEntry: {} });
          const rounds = new Set(all.map(({ tableEntry }) => numberOf(tableEntry ?? {})));
          assert.equal(all.length, count + 2);
          assert.equal(rounds.size, 1, `one Read saw the rounds ${[...rounds].join(" and ")}`);
        } while (!done);
        await writing;
      }
    },
  );
});
