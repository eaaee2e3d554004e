import assert from "node:assert/strict";
import { Code } from "../../../src/base/status.js";
import { requirement } from "../../support/requirement.js";
import { Scene, type SceneOptions } from "./scene.js";

/** Controller 1 is primary with id 10 and has a Write running, controller 2 is a backup with 9, controller 3 one without id. */
function writing(options?: SceneOptions): Scene {
  const scene = new Scene(options);
  scene.update(1, { id: 10 });
  scene.update(2, { id: 9 });
  scene.update(3, {});
  scene.beginWrite();
  return scene;
}

describe("hand-over", () => {
  requirement(
    ["ARB-40", "ARB-39", "AMB-57"],
    "the losers are told the new id at once, the winner after the running Write",
    () => {
      const scene = writing();
      assert.deepEqual(scene.update(2, { id: 11 }), ["1 ALREADY_EXISTS 11", "3 ALREADY_EXISTS 11"]);
      assert.equal(scene.primary(), undefined);
      assert.deepEqual(scene.endWrite(), ["2 OK 11"]);
      assert.equal(scene.primary(), 2);
    },
  );

  requirement(["ARB-40", "ARB-41"], "nobody may begin a Write while it lasts", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    assert.deepEqual([scene.write("", 10), scene.write("", 11)], ["PERMISSION_DENIED", "PERMISSION_DENIED"]);
    scene.endWrite();
    assert.deepEqual([scene.write("", 10), scene.write("", 11)], ["PERMISSION_DENIED", "OK"]);
  });

  requirement("ARB-40", "waits for the last of several Writes", () => {
    const scene = writing();
    scene.beginWrite();
    scene.update(2, { id: 11 });
    assert.deepEqual(scene.endWrite(), []);
    assert.deepEqual(scene.endWrite(), ["2 OK 11"]);
  });

  requirement("ARB-42", "waits for the Write of a primary that has gone", () => {
    const scene = writing();
    assert.deepEqual(scene.closed(1), ["2 NOT_FOUND 10", "3 NOT_FOUND 10"]);
    assert.deepEqual(scene.update(2, { id: 11 }), ["3 ALREADY_EXISTS 11"]);
    assert.deepEqual(scene.endWrite(), ["2 OK 11"]);
  });

  requirement("ARB-42", "is not needed once the Write of the gone primary has ended", () => {
    const scene = writing();
    scene.closed(1);
    assert.deepEqual(scene.endWrite(), []);
    assert.deepEqual(scene.update(2, { id: 11 }), ["3 ALREADY_EXISTS 11", "2 OK 11"]);
  });

  for (const id of [10, 12])
    requirement("ARB-83", `a primary with id 10 that sends ${id} waits for its own Write`, () => {
      const scene = writing();
      assert.deepEqual(scene.update(1, { id }), [`2 ALREADY_EXISTS ${id}`, `3 ALREADY_EXISTS ${id}`]);
      assert.equal(scene.write("", id), "PERMISSION_DENIED");
      assert.deepEqual(scene.endWrite(), [`1 OK ${id}`]);
      assert.equal(scene.write("", id), "OK");
    });

  requirement("ARB-84", "leaves no primary if the winner goes meanwhile", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    assert.deepEqual(scene.closed(2), []);
    assert.equal(scene.write("", 10), "PERMISSION_DENIED");
    assert.deepEqual(scene.endWrite(), ["1 NOT_FOUND 11", "3 NOT_FOUND 11"]);
    assert.equal(scene.primary(), undefined);
  });

  requirement("ARB-84", "lets further updates wait and handles them in order", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    assert.deepEqual(scene.update(1, { id: 12 }), []);
    assert.deepEqual(scene.update(3, { id: 12 }), []);
    assert.deepEqual(scene.update(4, { id: 5 }), []);
    assert.deepEqual(scene.endWrite(), [
      "2 OK 11",
      ...["2 ALREADY_EXISTS 12", "3 ALREADY_EXISTS 12", "1 OK 12"],
      "3 END INVALID_ARGUMENT",
      "4 ALREADY_EXISTS 12",
    ]);
  });

  requirement("ARB-84", "lets further updates wait also after the winner has gone", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    scene.closed(2);
    assert.deepEqual(scene.update(1, { id: 11 }), []);
    assert.deepEqual(scene.endWrite(), ["1 NOT_FOUND 11", "3 NOT_FOUND 11", "3 ALREADY_EXISTS 11", "1 OK 11"]);
  });

  requirement("ARB-84", "drops the waiting updates of a stream that ends meanwhile", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    scene.update(4, { id: 12 });
    scene.update(1, { id: 13 });
    assert.deepEqual(scene.closed(4), []);
    assert.deepEqual(scene.closed(1), []);
    assert.deepEqual(scene.endWrite(), ["2 OK 11"]);
    assert.equal(scene.arbiter.controllerCount, 2);
  });

  requirement(["ARB-84", "ARB-11"], "finds the faults of a waiting update when its turn comes", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    scene.update(4, { id: 12 });
    assert.deepEqual(scene.update(4, { role: "b", id: 12 }), []);
    assert.deepEqual(scene.endWrite(), [
      "2 OK 11",
      ...["1 ALREADY_EXISTS 12", "2 ALREADY_EXISTS 12", "3 ALREADY_EXISTS 12", "4 OK 12"],
      "4 END FAILED_PRECONDITION",
      ...["1 NOT_FOUND 12", "2 NOT_FOUND 12", "3 NOT_FOUND 12"],
    ]);
  });

  requirement(["ARB-54", "ARB-35"], "does not concern other roles", () => {
    const scene = writing();
    scene.update(5, { role: "b", id: 1 });
    scene.update(2, { id: 11 });
    assert.equal(scene.write("b", 1), "OK");
    assert.deepEqual(scene.update(5, { role: "b", id: 2 }), ["5 OK 2"]);
  });

  it("ends a stream that sends more updates than may wait", () => {
    const scene = writing({ maxWaitingUpdates: 2 });
    scene.update(2, { id: 11 });
    scene.update(3, {});
    scene.update(3, {});
    assert.deepEqual(scene.update(4, {}), []);
    assert.deepEqual(scene.update(3, {}), ["3 END RESOURCE_EXHAUSTED"]);
    assert.deepEqual(scene.endWrite(), ["2 OK 11", "4 ALREADY_EXISTS 11"]);
  });

  it("leaves nobody to be told if the winner itself sends more updates than may wait", () => {
    const scene = writing({ maxWaitingUpdates: 1 });
    scene.update(2, { id: 11 });
    scene.update(2, { id: 12 });
    assert.deepEqual(scene.update(2, { id: 13 }), ["2 END RESOURCE_EXHAUSTED"]);
    assert.deepEqual(scene.endWrite(), ["1 NOT_FOUND 11", "3 NOT_FOUND 11"]);
  });

  it("AMB-47: ends the streams that wait when the device goes", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    scene.update(4, { id: 12 });
    const effects = scene.arbiter.dismissAll({ code: Code.NOT_FOUND, message: "the card is down" });
    assert.deepEqual(
      effects.map(({ controller }) => controller),
      [1, 2, 3, 4],
    );
    assert.deepEqual(scene.endWrite(), []);
    assert.equal(scene.highest(), "11");
  });

  it("shows itself to the operator", () => {
    const scene = writing();
    scene.update(2, { id: 11 });
    scene.update(1, { id: 12 });
    assert.deepEqual(scene.arbiter.describe(), [
      {
        role: "",
        highestElectionId: 11n,
        seat: { kind: "handing-over", to: 2 },
        roleConfig: undefined,
        controllers: [
          { controller: 1, electionId: 10n },
          { controller: 2, electionId: 11n },
          { controller: 3, electionId: undefined },
        ],
        runningWrites: 1,
        waitingUpdates: 1,
      },
    ]);
  });

  it("fails loudly when Writes begin without a primary or end without a beginning", () => {
    const scene = new Scene();
    assert.throws(() => scene.beginWrite(), { name: "InvariantError" });
    assert.throws(() => scene.beginWrite("b"), { name: "InvariantError" });
    assert.throws(() => scene.endWrite(), { name: "InvariantError" });
  });
});
