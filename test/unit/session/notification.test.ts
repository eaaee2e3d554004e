import assert from "node:assert/strict";
import { Code } from "../../../src/base/status.js";
import { controllerId } from "../../../src/session/arbitration-message.js";
import { roleName } from "../../../src/session/role.js";
import { requirement } from "../../support/requirement.js";
import { Scene, shortId } from "./scene.js";

/** Controller 1 is primary with id 10, controllers 2 and 3 are backups. */
function threeControllers(): Scene {
  const scene = new Scene();
  scene.update(1, { id: 10 });
  scene.update(2, { id: 9 });
  scene.update(3, {});
  return scene;
}

describe("notification", () => {
  requirement("ARB-38", "a primary of a vacant seat is told at once, and so is everybody else", () => {
    const scene = new Scene();
    scene.update(1, {});
    scene.update(2, {});
    assert.deepEqual(scene.update(3, { id: 5 }), ["1 ALREADY_EXISTS 5", "2 ALREADY_EXISTS 5", "3 OK 5"]);
  });

  requirement(["ARB-39", "ARB-55"], "losers are told once, with the new id, before the new primary is", () => {
    assert.deepEqual(threeControllers().update(2, { id: 11 }), [
      "1 ALREADY_EXISTS 11",
      "3 ALREADY_EXISTS 11",
      "2 OK 11",
    ]);
  });

  requirement(["ARB-43", "ARB-55"], "everybody left is told when the primary's stream ends", () => {
    assert.deepEqual(threeControllers().closed(1), ["2 NOT_FOUND 10", "3 NOT_FOUND 10"]);
  });

  requirement("ARB-44", "nobody is told when a backup's stream ends", () => {
    assert.deepEqual(threeControllers().closed(2), []);
  });

  for (const id of [undefined, 8])
    requirement("ARB-45", `only a new backup with id ${id ?? "unset"} is told of a live primary`, () => {
      assert.deepEqual(threeControllers().update(4, { id }), ["4 ALREADY_EXISTS 10"]);
    });

  for (const id of [undefined, 8])
    requirement("ARB-45", `only a backup that changes its id to ${id ?? "unset"} is told`, () => {
      assert.deepEqual(threeControllers().update(2, { id }), ["2 ALREADY_EXISTS 10"]);
    });

  requirement("ARB-46", "everybody is told when the primary raises its id", () => {
    assert.deepEqual(threeControllers().update(1, { id: 12 }), [
      "2 ALREADY_EXISTS 12",
      "3 ALREADY_EXISTS 12",
      "1 OK 12",
    ]);
  });

  requirement(["ARB-46", "ARB-51"], "everybody is told of the primary's new role.config", () => {
    const scene = new Scene({ configs: "accepted" });
    scene.update(1, { id: 10 });
    scene.update(2, { id: 9 });
    assert.deepEqual(scene.update(1, { id: 10, config: "x" }), ["2 ALREADY_EXISTS 10 x", "1 OK 10 x"]);
  });

  requirement(["ARB-47", "ARB-55"], "everybody is told once when the primary steps down", () => {
    assert.deepEqual(threeControllers().update(1, {}), ["1 NOT_FOUND 10", "2 NOT_FOUND 10", "3 NOT_FOUND 10"]);
  });

  requirement("ARB-48", "a backup of a role that never had a primary gets no election id", () => {
    assert.deepEqual(new Scene().update(1, {}), ["1 NOT_FOUND unset"]);
  });

  requirement("ARB-49", "a backup of a role that has lost its primary gets the highest id ever", () => {
    const scene = new Scene();
    scene.update(1, { id: 10 });
    scene.closed(1);
    assert.deepEqual(scene.update(2, { id: 9 }), ["2 NOT_FOUND 10"]);
    assert.deepEqual(scene.update(3, {}), ["3 NOT_FOUND 10"]);
  });

  for (const role of ["", "b"])
    requirement(["ARB-50", "ARB-53"], `says device, role '${role}' and a status even if that is OK`, () => {
      const update = { deviceId: 1n, role: roleName(role), roleConfig: undefined, electionId: shortId(5) };
      const text = role === "" ? "primary of the default role" : "primary of role 'b'";
      assert.deepEqual(new Scene().arbiter.update(controllerId(1), update), [
        { kind: "notify", controller: 1, message: { ...update, code: Code.OK, text } },
      ]);
    });

  requirement("ARB-51", "carries the role.config of the last primary, or none if that had none", () => {
    const scene = new Scene({ configs: "accepted" });
    assert.deepEqual(scene.update(1, { id: 10, config: "x" }), ["1 OK 10 x"]);
    assert.deepEqual(scene.update(2, { id: 11, config: "y" }), ["1 ALREADY_EXISTS 11 y", "2 OK 11 y"]);
    assert.deepEqual(scene.update(3, { id: 12 }), ["1 ALREADY_EXISTS 12", "2 ALREADY_EXISTS 12", "3 OK 12"]);
  });

  requirement("ARB-52", "does not carry the role.config of a backup", () => {
    const scene = new Scene({ configs: "accepted" });
    scene.update(1, { id: 10, config: "x" });
    assert.deepEqual(scene.update(2, { id: 9, config: "y" }), ["2 ALREADY_EXISTS 10 x"]);
  });

  requirement("ARB-77", "carries the role.config of a primary that has gone", () => {
    const scene = new Scene({ configs: "accepted" });
    scene.update(1, { id: 10, config: "x" });
    scene.closed(1);
    assert.deepEqual(scene.update(2, { id: 9 }), ["2 NOT_FOUND 10 x"]);
  });

  requirement("ARB-54", "stays within the role", () => {
    const scene = threeControllers();
    scene.update(4, { role: "b", id: 1 });
    assert.deepEqual(scene.update(5, { role: "b", id: 2 }), ["4 ALREADY_EXISTS 2", "5 OK 2"]);
    assert.deepEqual(scene.closed(5), ["4 NOT_FOUND 2"]);
  });

  requirement("ARB-56", "a stream hears nothing before its own update is answered", () => {
    const scene = threeControllers();
    scene.beginWrite();
    scene.update(2, { id: 11 });
    assert.deepEqual(scene.update(4, {}), []);
    assert.deepEqual(scene.update(1, { id: 12 }), []);
    assert.deepEqual(scene.endWrite(), [
      "2 OK 11",
      "4 ALREADY_EXISTS 11",
      ...["2 ALREADY_EXISTS 12", "3 ALREADY_EXISTS 12", "4 ALREADY_EXISTS 12", "1 OK 12"],
    ]);
  });

  requirement("ARB-57", "a stream without an update is no controller", () => {
    const scene = new Scene();
    assert.equal(scene.arbiter.isPrimary(controllerId(1)), false);
    assert.equal(scene.arbiter.controllerCount, 0);
    assert.deepEqual(scene.closed(1), []);
  });
});
