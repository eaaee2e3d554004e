import assert from "node:assert/strict";
import { roleName } from "../../../src/session/role.js";
import { requirement } from "../../support/requirement.js";
import { Scene, shortId } from "./scene.js";

/** Controller 1 is primary of `role` with id 10. */
function withPrimary10(role = ""): Scene {
  const scene = new Scene();
  scene.update(1, { role, id: 10 });
  return scene;
}

describe("permission to write", () => {
  requirement("ARB-63", "is given to the primary's id", () => {
    assert.equal(withPrimary10().write("", 10), "OK");
  });

  for (const { ids, id } of [
    { ids: "ARB-64", id: 9 },
    { ids: "ARB-64", id: 11 },
    { ids: "ARB-65", id: undefined },
  ])
    requirement(ids, `is denied to the id ${id ?? "unset"} when the primary has 10`, () => {
      assert.equal(withPrimary10().write("", id), "PERMISSION_DENIED");
    });

  for (const id of [undefined, 0, 1])
    requirement("ARB-66", `is denied to the id ${id ?? "unset"} when nobody ever arbitrated`, () => {
      assert.equal(new Scene().write("", id), "PERMISSION_DENIED");
    });

  requirement("ARB-66", "is denied to an unset id when only controllers without id are live", () => {
    const scene = new Scene();
    scene.update(1, {});
    assert.equal(scene.write("", undefined), "PERMISSION_DENIED");
  });

  requirement("ARB-67", "is denied to the id of a primary that has gone", () => {
    const scene = withPrimary10();
    scene.closed(1);
    assert.equal(scene.write("", 10), "PERMISSION_DENIED");
  });

  requirement("ARB-67", "is denied to the id of a primary that has stepped down", () => {
    const scene = withPrimary10();
    scene.update(1, { id: 8 });
    assert.deepEqual([scene.write("", 10), scene.write("", 8)], ["PERMISSION_DENIED", "PERMISSION_DENIED"]);
  });

  requirement("ARB-68", "does not pass from one role to another", () => {
    const scene = withPrimary10("a");
    assert.equal(scene.write("b", 10), "NOT_FOUND");
    scene.update(2, { role: "b" });
    assert.equal(scene.write("b", 10), "PERMISSION_DENIED");
  });

  requirement(["ARB-69", "ARB-70", "ARB-71"], "of the default role's primary is for the default role only", () => {
    const scene = new Scene();
    scene.update(1, { id: 10 });
    scene.update(2, { role: "b", id: 11 });
    assert.deepEqual([scene.write("", 10), scene.write("b", 10)], ["OK", "PERMISSION_DENIED"]);
    assert.deepEqual([scene.write("", 11), scene.write("b", 11)], ["PERMISSION_DENIED", "OK"]);
  });

  requirement("ARB-70", "treats an absent role and an empty name alike", () => {
    assert.equal(roleName(undefined), roleName(""));
  });

  requirement("ARB-72", "is given to the primary of a named role that has no config", () => {
    assert.equal(withPrimary10("a").write("a", 10), "OK");
  });

  requirement("AMB-07", "knows the default role, arbitrated roles and those of the current pipeline", () => {
    const scene = new Scene();
    scene.arbiter.setPipelineRoles([roleName("p")]);
    scene.update(1, { role: "a" });
    scene.closed(1);
    assert.deepEqual(
      ["", "a", "p", "x"].map((role) => scene.write(role, 1)),
      ["PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED", "NOT_FOUND"],
    );
    scene.arbiter.setPipelineRoles([]);
    assert.equal(scene.write("p", 1), "NOT_FOUND");
  });

  for (const { title, scene, id, want } of [
    {
      title: "nobody",
      scene: new Scene(),
      id: 3,
      want: "election_id 3 may not write: the default role has no primary",
    },
    {
      title: "another id",
      scene: withPrimary10(),
      id: undefined,
      want: "election_id unset may not write: the primary of the default role has election_id 10",
    },
  ])
    it(`says why it is denied when ${title} is primary`, () => {
      assert.equal(scene.arbiter.mayWrite(roleName(""), shortId(id))?.message, want);
    });
});
