/** References against a model that looks through everything there is, each time. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  call,
  exact,
  hex,
  optional,
  ternary,
  update,
  type Entity,
  type Plain,
  type UpdateKind,
} from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { linked, linkedSpec } from "../../support/linked-program.js";
import { Device } from "./device.js";

/** What an entity refers to: a table with the values of some of its fields. */
type Needs = readonly (readonly [table: string, values: Readonly<Record<string, number>>])[];

interface Thing {
  readonly table: "interfaces" | "neighbours" | "nexthops" | "routes" | "replicas" | "groups";
  readonly key: Readonly<Record<string, number>>;
  readonly needs: Needs;
  readonly entity: Entity;
}

const byte = (value: number) => value.toString(16).padStart(2, "0");
const nothing = call(linked.nothing);
const entryOf = (
  tableId: number,
  match: readonly ReturnType<typeof exact>[],
  action = nothing,
  priority = 0,
): Entity => ({
  tableEntry: { tableId, match, action, priority },
});

const small = fc.integer({ min: 1, max: 2 });
const maybe = fc.option(small, { nil: undefined });

const iface = small.map((id): Thing => ({
  table: "interfaces",
  key: { id },
  needs: [],
  entity: entryOf(linked.interfaces, [exact(1, byte(id))]),
}));
const neighbour = fc.record({ at: small, address: small }).map(({ at, address }): Thing => ({
  table: "neighbours",
  key: { interface: at, address },
  needs: [["interfaces", { id: at }]],
  entity: entryOf(linked.neighbours, [exact(1, byte(at)), exact(2, byte(address))]),
}));
const nexthop = fc
  .record({ id: small, to: fc.option(fc.record({ at: small, address: small }), { nil: undefined }) })
  .map(({ id, to }): Thing => ({
    table: "nexthops",
    key: { id },
    needs:
      to === undefined
        ? []
        : [
            ["interfaces", { id: to.at }],
            ["neighbours", { interface: to.at, address: to.address }],
          ],
    entity: entryOf(
      linked.nexthops,
      [exact(1, byte(id))],
      to === undefined ? nothing : call(linked.resolve, byte(to.at), byte(to.address)),
    ),
  }));
const route = fc
  .record({
    number: small,
    via: maybe,
    also: maybe,
    /** A mask that leaves a bit out names no next hop. */
    whole: fc.boolean(),
    action: fc.constantFrom("forward" as const, "multicast" as const, "nothing" as const),
    to: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ number, via, also, whole, action, to }): Thing => {
    const needs: Needs = [
      ...(via === undefined ? [] : ([["nexthops", { id: via }]] as const)),
      ...(also === undefined || !whole ? [] : ([["nexthops", { id: also }]] as const)),
      ...(action === "forward" ? ([["nexthops", { id: to }]] as const) : []),
      ...(action === "multicast" && to > 0 ? ([["groups", { id: to }]] as const) : []),
    ];
    const match = [
      exact(1, byte(number)),
      ...(via === undefined ? [] : [optional(2, byte(via))]),
      ...(also === undefined ? [] : [ternary(3, byte(also), whole ? "ff" : "7f")]),
    ];
    const called = action === "nothing" ? nothing : call(linked[action], byte(to));
    return {
      table: "routes",
      key: { number, via: via ?? 0, also: also ?? 0, mask: also === undefined ? 0 : Number(whole) },
      needs,
      entity: entryOf(linked.routes, match, called, 1),
    };
  });
const replica = fc.record({ port: small, instance: small }).map(({ port, instance }): Thing => ({
  table: "replicas",
  key: { port, instance },
  needs: [],
  entity: entryOf(linked.replicas, [exact(1, byte(port)), exact(2, byte(instance))]),
}));
const group = fc
  .record({
    id: small,
    replicas: fc.uniqueArray(fc.record({ port: small, instance: small }), {
      maxLength: 2,
      selector: ({ port, instance }) => `${port}/${instance}`,
    }),
    backup: fc.boolean(),
  })
  .map(({ id, replicas, backup }): Thing => {
    const standIn = { port: 3, instance: 1 };
    return {
      table: "groups",
      key: { id },
      needs: [...replicas, ...(backup && replicas.length > 0 ? [standIn] : [])].map(
        ({ port, instance }) => ["replicas", { port, instance }] as const,
      ),
      entity: {
        packetReplicationEngineEntry: {
          multicastGroupEntry: {
            multicastGroupId: id,
            replicas: replicas.map(({ port, instance }, i) => ({
              port: hex(byte(port)),
              instance,
              backupReplicas: backup && i === 0 ? [{ port: hex("03"), instance: 1 }] : [],
            })),
          },
        },
      },
    };
  });

const change = fc.record({
  type: fc.constantFrom<UpdateKind[]>("insert", "modify", "delete"),
  thing: fc.oneof(iface, neighbour, nexthop, route, replica, group),
});
type Change = { readonly type: UpdateKind; readonly thing: Thing };
const step = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 10 }),
  atomic: fc.boolean(),
});

/** Chains of things to begin with: random ones seldom hold on to each other. */
const ofEach = fc.array(fc.tuple(iface, neighbour, replica, group, nexthop, route), { minLength: 8, maxLength: 8 });
const world = ofEach.map((rows): readonly Change[] =>
  [0, 1, 2, 3, 4, 5].flatMap((kind) =>
    rows.flatMap((row) => {
      const thing = row[kind];
      return thing === undefined ? [] : [{ type: "insert" as const, thing }];
    }),
  ),
);

class Model {
  things = new Map<string, Thing>();

  batch(changes: readonly Change[], atomic: boolean): readonly string[] {
    const before = new Map(this.things);
    const results: string[] = [];
    for (const each of changes) {
      results.push(this.#apply(each));
      if (atomic && results.at(-1) !== "OK") {
        this.things = before;
        return changes.map((_, i) => (i === results.length - 1 ? (results[i] ?? "") : "ABORTED"));
      }
    }
    return results;
  }

  #apply({ type, thing }: Change): string {
    const key = `${thing.table} ${JSON.stringify(thing.key)}`;
    const there = this.things.has(key);
    if (type === "insert" && there) return "ALREADY_EXISTS";
    if (type !== "insert" && !there) return "NOT_FOUND";
    const after = new Map(this.things);
    if (type === "delete") {
      after.delete(key);
      if (this.#broken(after)) return "FAILED_PRECONDITION";
    } else {
      after.set(key, thing);
      if (this.#broken(after)) return "NOT_FOUND";
    }
    this.things = after;
    return "OK";
  }

  /** True if anything refers to what is not there. */
  #broken(things: ReadonlyMap<string, Thing>): boolean {
    const all = [...things.values()];
    return all.some(({ needs }) =>
      needs.some(
        ([table, values]) =>
          !all.some(
            (one) => one.table === table && Object.entries(values).every(([name, value]) => one.key[name] === value),
          ),
      ),
    );
  }
}

async function readBack(device: Device): Promise<number> {
  const entries: readonly Plain[] = await device.only({ tableEntry: {} });
  const replication = await device.only({ packetReplicationEngineEntry: {} });
  return entries.length + replication.length;
}

describe("references", () => {
  it("never dangle, whatever order things come and go in and whatever is undone", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(world, fc.array(step, { minLength: 1, maxLength: 15 })),
        fc.constantFrom("verify-and-commit" as const, "verify-and-save" as const),
        async ([first, rest], action) => {
          const device = await Device.with(linkedSpec, action);
          const model = new Model();
          for (const { changes, atomic } of [{ changes: first, atomic: false }, ...rest]) {
            const results = await device.write(
              atomic ? "rollback-on-error" : "continue-on-error",
              ...changes.map(({ type, thing }) => update(type, thing.entity)),
            );
            assert.deepEqual(results, model.batch(changes, atomic));
            assert.equal(await readBack(device), model.things.size);
          }
        },
      ),
      { numRuns: fuzzRuns(150) },
    );
  });
});
