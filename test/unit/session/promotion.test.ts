import assert from "node:assert/strict";
import { Scene } from "./scene.js";

/** Controller 1 is primary with id 10; 2, 3, 4 are backups with 7, 9 and none. */
function fourControllers(): Scene {
  const scene = new Scene({ promotion: "next-highest", configs: "accepted" });
  scene.update(1, { id: 10 });
  scene.update(2, { id: 7 });
  scene.update(3, { id: 9, config: "x" });
  scene.update(4, {});
  return scene;
}

const promoted3 = ["2 ALREADY_EXISTS 10 x", "4 ALREADY_EXISTS 10 x", "3 OK 10 x"];

describe("promotion of the next-highest id", () => {
  it("gives the seat of a gone primary to the live controller with the highest set id, and keeps the highest id ever", () => {
    const scene = fourControllers();
    assert.deepEqual(scene.closed(1), promoted3);
    assert.deepEqual([scene.write("", 9), scene.write("", 10)], ["OK", "PERMISSION_DENIED"]);
  });

  it("follows a refused update of the primary", () => {
    assert.deepEqual(fourControllers().update(1, { role: "b" }), ["1 END FAILED_PRECONDITION", ...promoted3]);
  });

  it("follows a primary that steps down below another", () => {
    const told = ["1 ALREADY_EXISTS 10 x", ...promoted3];
    assert.deepEqual(fourControllers().update(1, { id: 8 }), told);
    assert.deepEqual(fourControllers().update(1, {}), told);
  });

  it("leaves the seat with a primary that steps down but still has the highest id", () => {
    const scene = new Scene({ promotion: "next-highest" });
    scene.update(1, { id: 10 });
    scene.update(2, { id: 7 });
    assert.deepEqual(scene.update(1, { id: 8 }), ["2 ALREADY_EXISTS 10", "1 OK 10"]);
    assert.equal(scene.write("", 8), "OK");
  });

  it("lets a promoted primary repeat its id though a higher one was seen", () => {
    const scene = fourControllers();
    scene.closed(1);
    assert.deepEqual(scene.update(3, { id: 9, config: "x" }), promoted3);
  });

  it("lets a promoted primary keep the seat from a newcomer between its id and the highest ever", () => {
    const scene = new Scene({ promotion: "next-highest" });
    scene.update(1, { id: 20 });
    scene.update(2, { id: 9 });
    scene.closed(1);
    assert.deepEqual(scene.update(3, { id: 15 }), ["3 ALREADY_EXISTS 20"]);
    assert.deepEqual(scene.update(2, { id: 9 }), ["3 ALREADY_EXISTS 20", "2 OK 20"]);
  });

  it("leaves the seat vacant when only unset ids are left", () => {
    const scene = new Scene({ promotion: "next-highest" });
    scene.update(1, { id: 10 });
    scene.update(2, {});
    assert.deepEqual(scene.closed(1), ["2 NOT_FOUND 10"]);
  });

  it("waits for the running Write of the gone primary", () => {
    const scene = fourControllers();
    scene.beginWrite();
    assert.deepEqual(scene.closed(1), ["2 ALREADY_EXISTS 10 x", "4 ALREADY_EXISTS 10 x"]);
    assert.equal(scene.write("", 9), "PERMISSION_DENIED");
    assert.deepEqual(scene.endWrite(), ["3 OK 10 x"]);
    assert.equal(scene.write("", 9), "OK");
  });

  it("passes to the one after when the promoted controller goes during the hand-over", () => {
    const scene = fourControllers();
    scene.beginWrite();
    scene.closed(1);
    assert.deepEqual(scene.closed(3), []);
    assert.deepEqual(scene.endWrite(), ["4 ALREADY_EXISTS 10", "2 OK 10"]);
  });
});
