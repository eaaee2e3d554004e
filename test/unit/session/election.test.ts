import assert from "node:assert/strict";
import fc from "fast-check";
import { controllerId } from "../../../src/session/arbitration-message.js";
import { electionId, electionIdText, electionIdWords, outranks } from "../../../src/session/election-id.js";
import { roleName } from "../../../src/session/role.js";
import { requirement } from "../../support/requirement.js";
import { line, Scene } from "./scene.js";

const word = fc.bigInt(0n, 2n ** 64n - 1n);

describe("election ids", () => {
  requirement("ARB-21", "are compared as unsigned 128-bit numbers, high word first", () => {
    const top = 2n ** 63n;
    const all = 2n ** 64n - 1n;
    for (const [winner, loser] of [
      [electionId(1n, 0n), electionId(0n, all)],
      [electionId(top, 0n), electionId(top - 1n, all)],
      [electionId(0n, top), electionId(0n, top - 1n)],
      [electionId(all, all), electionId(all, all - 1n)],
      [electionId(0n, 0n), undefined],
    ] as const) {
      assert.ok(outranks(winner, loser));
      assert.ok(!outranks(loser, winner));
      assert.ok(!outranks(winner, winner));
    }
  });

  it("keep their words", () => {
    fc.assert(
      fc.property(word, word, (high, low) => assert.deepEqual(electionIdWords(electionId(high, low)), { high, low })),
    );
  });

  it("are shown as a number, or as two words if the high one is used", () => {
    assert.equal(electionIdText(electionId(0n, 10n)), "10");
    assert.equal(electionIdText(electionId(1n, 2n)), "{high: 1, low: 2}");
    assert.equal(electionIdText(undefined), "unset");
  });

  it("refuse words wider than 64 bits", () => {
    assert.throws(() => electionId(0n, 2n ** 64n), { name: "InvariantError" });
    assert.throws(() => electionId(-1n, 0n), { name: "InvariantError" });
  });
});

/** Controller 1 is primary with id 10. */
function withPrimary10(): Scene {
  const scene = new Scene();
  scene.update(1, { id: 10 });
  return scene;
}

describe("election", () => {
  requirement("ARB-21", "is won by the higher word", () => {
    const { arbiter } = new Scene();
    const rest = { deviceId: 1n, role: roleName(undefined), roleConfig: undefined };
    arbiter.update(controllerId(1), { ...rest, electionId: electionId(0n, 2n ** 64n - 1n) });
    const effects = arbiter.update(controllerId(2), { ...rest, electionId: electionId(1n, 0n) });
    assert.deepEqual(effects.map(line), ["1 ALREADY_EXISTS {high: 1, low: 0}", "2 OK {high: 1, low: 0}"]);
  });

  for (const id of [1, 10, 4_000_000_000])
    requirement("ARB-22", `the first set id (${id}) wins`, () => {
      const scene = new Scene();
      assert.deepEqual(scene.update(1, { id }), [`1 OK ${id}`]);
      assert.deepEqual([scene.primary(), scene.highest()], [1, String(id)]);
    });

  requirement("ARB-23", "the id 0 is a real id and may win", () => {
    assert.deepEqual(new Scene().update(1, { id: 0 }), ["1 OK 0"]);
  });

  requirement("ARB-24", "an unset id never wins, whoever else is there", () => {
    const scene = new Scene();
    scene.update(1, {});
    assert.equal(scene.primary(), undefined);
    scene.update(2, { id: 3 });
    assert.deepEqual(scene.update(1, {}), ["1 ALREADY_EXISTS 3"]);
    scene.closed(2);
    scene.update(1, {});
    assert.equal(scene.primary(), undefined);
  });

  requirement("ARB-25", "a higher id takes over from a live primary", () => {
    const scene = withPrimary10();
    scene.update(2, { id: 11 });
    assert.deepEqual([scene.primary(), scene.highest()], [2, "11"]);
  });

  requirement("ARB-26", "the highest id ever wins again once its primary is gone", () => {
    const scene = withPrimary10();
    scene.closed(1);
    assert.deepEqual(scene.update(2, { id: 10 }), ["2 OK 10"]);
  });

  requirement("ARB-27", "nobody below the highest id is promoted when the primary goes", () => {
    const scene = withPrimary10();
    scene.update(2, { id: 9 });
    assert.deepEqual(scene.closed(1), ["2 NOT_FOUND 10"]);
    assert.deepEqual(scene.update(2, { id: 9 }), ["2 NOT_FOUND 10"]);
    assert.deepEqual(scene.update(3, { id: 8 }), ["3 NOT_FOUND 10"]);
    assert.equal(scene.primary(), undefined);
  });

  requirement(["ARB-28", "ARB-46"], "a primary that repeats its id stays primary and everybody is told", () => {
    const scene = withPrimary10();
    scene.update(2, { id: 9 });
    assert.deepEqual(scene.update(1, { id: 10 }), ["2 ALREADY_EXISTS 10", "1 OK 10"]);
    assert.equal(scene.primary(), 1);
  });

  for (const { ids, id } of [
    { ids: ["ARB-29", "ARB-47"], id: 8 },
    { ids: ["ARB-30", "ARB-47"], id: undefined },
  ])
    requirement(ids, `a primary that goes down to ${id ?? "unset"} leaves no primary and the highest id`, () => {
      const scene = withPrimary10();
      scene.update(2, { id: 9 });
      assert.deepEqual(scene.update(1, { id }), ["1 NOT_FOUND 10", "2 NOT_FOUND 10"]);
      assert.deepEqual([scene.primary(), scene.highest()], [undefined, "10"]);
    });

  requirement("ARB-31", "a primary that raises its id writes with the new one only", () => {
    const scene = withPrimary10();
    assert.deepEqual(scene.update(1, { id: 12 }), ["1 OK 12"]);
    assert.deepEqual([scene.write("", 12), scene.write("", 10)], ["OK", "PERMISSION_DENIED"]);
  });

  requirement("ARB-32", "a primary that stepped down comes back with the highest id", () => {
    const scene = withPrimary10();
    scene.update(1, { id: 8 });
    assert.deepEqual(scene.update(1, { id: 10 }), ["1 OK 10"]);
  });

  requirement("ARB-33", "the highest id outlives all controllers", () => {
    const scene = withPrimary10();
    scene.update(1, { id: 8 });
    scene.closed(1);
    assert.equal(scene.highest(), "10");
    assert.deepEqual(scene.update(2, { id: 9 }), ["2 NOT_FOUND 10"]);
  });

  requirement("ARB-34", "there is one primary at most", () => {
    const scene = withPrimary10();
    scene.update(2, { id: 11 });
    scene.update(3, { id: 12 });
    assert.deepEqual(
      [1, 2, 3].filter((controller) => scene.arbiter.isPrimary(controllerId(controller))),
      [3],
    );
  });

  requirement("ARB-35", "each role has its own primary and highest id", () => {
    const scene = withPrimary10();
    scene.update(2, { role: "b", id: 3 });
    assert.deepEqual(scene.arbiter.primaries, [
      { role: "", controller: 1 },
      { role: "b", controller: 2 },
    ]);
    assert.deepEqual([scene.highest(""), scene.highest("b")], ["10", "3"]);
  });

  requirement("ARB-35", "each device has its own primary and highest id", () => {
    const [one, two] = [new Scene(), new Scene()];
    one.update(1, { id: 10 });
    assert.deepEqual(two.update(2, { id: 3 }), ["2 OK 3"]);
    assert.deepEqual([one.primary(), two.primary()], [1, 2]);
  });

  requirement("ARB-36", "a controller has the role and the id it gave", () => {
    const scene = new Scene();
    scene.update(1, {});
    scene.update(2, { role: "b", id: 4 });
    assert.deepEqual(
      scene.arbiter.describe().map(({ role, controllers }) => [role, controllers]),
      [
        ["", [{ controller: 1, electionId: undefined }]],
        ["b", [{ controller: 2, electionId: 4n }]],
      ],
    );
  });

  requirement(
    "ARB-37",
    "a controller without id learns the highest one and wins with a higher one on the same stream",
    () => {
      const scene = withPrimary10();
      assert.deepEqual(scene.update(2, {}), ["2 ALREADY_EXISTS 10"]);
      assert.deepEqual(scene.update(2, { id: 11 }), ["1 ALREADY_EXISTS 11", "2 OK 11"]);
    },
  );

  requirement("AMB-48", "an id that was refused was not seen", () => {
    const scene = withPrimary10();
    scene.update(2, { id: 99, config: "x" });
    assert.deepEqual(scene.update(3, { id: 11 }), ["1 ALREADY_EXISTS 11", "3 OK 11"]);
  });
});
