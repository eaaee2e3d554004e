import assert from "node:assert/strict";
import fc from "fast-check";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { requirement } from "../../support/requirement.js";
import { NaiveArbitration } from "./naive-arbitration.js";
import { Scene } from "./scene.js";

const roles = ["", "a", "b"] as const;
const ids = [undefined, 0, 1, 2, 3, 4, 5, 6] as const;

/** Streams have slots; a slot whose stream has ended gets a new one with its next update. */
const slot = fc.nat(8);
const role = fc.constantFrom(...roles);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("update" as const),
      slot,
      id: fc.constantFrom(...ids),
      config: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.constantFrom("x", "y", "bad")),
      fault: fc.oneof({ weight: 15, arbitrary: fc.constant("none" as const) }, fc.constantFrom("device", "role")),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("close" as const), slot }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("begin-write" as const), role }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("end-write" as const), role }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Carries out steps on the arbiter and on the model, and compares after each. */
class Comparison {
  readonly #scene: Scene;
  readonly #model: NaiveArbitration;
  #serial = 0;
  /** The open stream of each slot. */
  readonly #streams = new Map<number, number>();
  /** The role each stream gave first. */
  readonly #roleOf = new Map<number, string>();
  /** Streams whose latest update has not been answered. */
  readonly #owed = new Set<number>();
  readonly #highest = new Map<string, bigint>();

  constructor(promotion: "spec" | "next-highest") {
    this.#scene = new Scene({ promotion, configs: "accepted", maxControllersPerRole: 3, maxWaitingUpdates: 2 });
    this.#model = new NaiveArbitration({ promotion, controllers: 3, waiting: 2 });
  }

  run(step: Step): void {
    switch (step.kind) {
      case "update":
        this.#update(step);
        break;
      case "close":
        this.#close(step.slot);
        break;
      case "begin-write":
        if (this.#scene.primary(step.role) === undefined) break;
        this.#scene.beginWrite(step.role);
        this.#model.beginWrite(step.role);
        break;
      case "end-write":
        if ((this.#model.role(step.role)?.writes ?? 0) === 0) break;
        this.#check(step.role, this.#scene.endWrite(step.role), this.#model.endWrite(step.role));
        break;
    }
  }

  #close(slot: number): void {
    const stream = this.#streams.get(slot);
    if (stream === undefined) return;
    this.#streams.delete(slot);
    this.#owed.delete(stream);
    this.#check(this.#roleOf.get(stream), this.#scene.closed(stream), this.#model.closed(stream));
  }

  #update({ slot, id, config, fault }: Extract<Step, { kind: "update" }>): void {
    const stream = this.#streams.get(slot) ?? ++this.#serial;
    const usual = roles[slot % roles.length] ?? "";
    const update = { device: fault === "device" ? 2n : 1n, role: fault === "role" ? "c" : usual, id };
    if (!this.#roleOf.has(stream)) this.#roleOf.set(stream, update.role);
    this.#streams.set(slot, stream);
    this.#owed.add(stream);

    const effects = this.#scene.update(stream, { ...update, ...(config !== undefined && { config }) });
    const mine = effects.filter((effect) => effect.startsWith(`${stream} `));
    const home = this.#roleOf.get(stream);
    if (this.#seat(home) !== "handing-over") assert.equal(mine.length, 1, "one answer to its sender");
    this.#check(home, effects, this.#model.update(stream, { ...update, config }));
  }

  #check(role: string | undefined, effects: string[], expected: string[]): void {
    assert.deepEqual(effects, expected);
    for (const effect of effects) {
      const [stream = "", code] = effect.split(" ");
      assert.equal(this.#roleOf.get(Number(stream)), role, "only the role concerned hears of it");
      this.#owed.delete(Number(stream));
      if (code === "END")
        for (const [slot, open] of this.#streams) if (open === Number(stream)) this.#streams.delete(slot);
    }
    for (const stream of this.#owed)
      assert.equal(this.#seat(this.#roleOf.get(stream)), "handing-over", "answers wait for a hand-over only");
    for (const name of [...roles, "c"]) {
      assert.equal(this.#scene.primary(name), this.#model.role(name)?.primary);
      for (const id of ids) assert.equal(this.#scene.write(name, id), this.#model.write(name, id));
    }
    this.#checkInvariants();
  }

  #checkInvariants(): void {
    const { arbiter } = this.#scene;
    for (const { role, seat, highestElectionId: highest, controllers } of arbiter.describe()) {
      assert.ok((highest ?? -1n) >= (this.#highest.get(role) ?? -1n), "the highest id never decreases");
      if (highest !== undefined) this.#highest.set(role, highest);
      const set = controllers.flatMap(({ electionId }) => electionId ?? []);
      assert.equal(new Set(set).size, set.length, "set ids are unique among live controllers");
      const primaries = controllers.filter(({ controller }) => arbiter.isPrimary(controller));
      assert.equal(primaries.length, seat.kind === "held" ? 1 : 0, "one primary at most");
      assert.deepEqual(
        arbiter.primaries.filter((primary) => primary.role === role),
        primaries.map(({ controller }) => ({ role, controller })),
      );
    }
  }

  #seat(role: string | undefined): string | undefined {
    return this.#scene.arbiter.describe().find((one) => one.role === role)?.seat.kind;
  }
}

describe("arbitration of random histories", () => {
  for (const promotion of ["spec", "next-highest"] as const)
    requirement(["ARB-33", "ARB-34", "ARB-54", "ARB-55"], `agrees with the rules written down (${promotion})`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
          const comparison = new Comparison(promotion);
          for (const one of steps) comparison.run(one);
        }),
        { numRuns: fuzzRuns(300) },
      );
    });
});
