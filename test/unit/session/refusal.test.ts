import assert from "node:assert/strict";
import { Code } from "../../../src/base/status.js";
import { controllerId } from "../../../src/session/arbitration-message.js";
import { unknownDevice } from "../../../src/session/refusal.js";
import { roleName } from "../../../src/session/role.js";
import { requirement } from "../../support/requirement.js";
import { Scene, type SceneOptions, type ShortUpdate } from "./scene.js";

interface Row {
  readonly ids: string | readonly string[];
  readonly title: string;
  readonly options?: SceneOptions;
  /** What went before: updates of controllers, in order. */
  readonly before: readonly (readonly [controller: number, update: ShortUpdate])[];
  readonly update: readonly [controller: number, update: ShortUpdate];
  readonly want: readonly string[];
}

const rows: readonly Row[] = [
  {
    ids: ["ARB-01", "ARB-16"],
    title: "an unknown device ends the stream with NOT_FOUND",
    before: [],
    update: [1, { device: 2n, id: 1 }],
    want: ["1 END NOT_FOUND"],
  },
  {
    ids: "ARB-02",
    title: "device_id 0 is never a device",
    before: [],
    update: [1, { device: 0n, id: 1 }],
    want: ["1 END NOT_FOUND"],
  },
  {
    ids: ["ARB-03", "ARB-16"],
    title: "a newcomer with the id of a live controller is refused and nobody else hears of it",
    before: [[1, { id: 5 }]],
    update: [2, { id: 5 }],
    want: ["2 END INVALID_ARGUMENT"],
  },
  {
    ids: "ARB-04",
    title: "the id of a live controller of another role is free",
    before: [[1, { id: 5 }]],
    update: [2, { id: 5, role: "b" }],
    want: ["2 OK 5"],
  },
  {
    ids: "ARB-05",
    title: "any number of controllers may leave their id unset",
    before: [[1, {}]],
    update: [2, {}],
    want: ["2 NOT_FOUND unset"],
  },
  {
    ids: ["ARB-06", "ARB-78"],
    title: "any role.config is refused where none was agreed",
    before: [],
    update: [1, { id: 5, role: "a", config: "x" }],
    want: ["1 END INVALID_ARGUMENT"],
  },
  {
    ids: "ARB-06",
    title: "a role.config outside the agreed scheme is refused",
    options: { configs: "accepted" },
    before: [],
    update: [1, { id: 5, role: "a", config: "bad" }],
    want: ["1 END INVALID_ARGUMENT"],
  },
  {
    ids: "ARB-07",
    title: "one controller more than the limit of its role is refused",
    options: { maxControllersPerRole: 2 },
    before: [
      [1, { id: 5 }],
      [2, {}],
    ],
    update: [3, { id: 9 }],
    want: ["3 END RESOURCE_EXHAUSTED"],
  },
  {
    ids: "ARB-07",
    title: "the limit counts each role by itself",
    options: { maxControllersPerRole: 1 },
    before: [[1, { id: 5 }]],
    update: [2, { id: 5, role: "b" }],
    want: ["2 OK 5"],
  },
  {
    ids: "ARB-08",
    title: "the limit does not concern a controller that is live already",
    options: { maxControllersPerRole: 1 },
    before: [[1, { id: 5 }]],
    update: [1, { id: 6 }],
    want: ["1 OK 6"],
  },
  {
    ids: "ARB-09",
    title: "a first update without fault is answered with one arbitration message",
    before: [],
    update: [1, { id: 5 }],
    want: ["1 OK 5"],
  },
  {
    ids: ["ARB-10", "ARB-61"],
    title: "a live stream cannot change its device",
    before: [[1, {}]],
    update: [1, { device: 2n }],
    want: ["1 END FAILED_PRECONDITION"],
  },
  {
    ids: ["ARB-11", "ARB-61"],
    title: "a live stream cannot leave the default role",
    before: [[1, {}]],
    update: [1, { role: "b" }],
    want: ["1 END FAILED_PRECONDITION"],
  },
  {
    ids: "ARB-11",
    title: "a live stream cannot change a named role for the default role",
    before: [[1, { role: "b" }]],
    update: [1, {}],
    want: ["1 END FAILED_PRECONDITION"],
  },
  {
    ids: "ARB-12",
    title: "a live stream cannot bring an unacceptable role.config",
    before: [[1, { role: "b" }]],
    update: [1, { role: "b", config: "x" }],
    want: ["1 END INVALID_ARGUMENT"],
  },
  {
    ids: "ARB-13",
    title: "a live backup cannot take the id of another live controller",
    before: [
      [2, { id: 7 }],
      [1, { id: 5 }],
    ],
    update: [1, { id: 7 }],
    want: ["1 END INVALID_ARGUMENT"],
  },
  {
    ids: "ARB-14",
    title: "a controller's own id is no duplicate",
    before: [
      [2, { id: 7 }],
      [1, { id: 5 }],
    ],
    update: [1, { id: 5 }],
    want: ["1 ALREADY_EXISTS 7"],
  },
  {
    ids: "ARB-18",
    title: "a primary whose update is refused is gone, and the others are told",
    before: [
      [1, { id: 7 }],
      [2, { id: 5 }],
    ],
    update: [1, { id: 8, role: "b" }],
    want: ["1 END FAILED_PRECONDITION", "2 NOT_FOUND 7"],
  },
  {
    ids: "ARB-19",
    title: "the device is checked before a duplicate id",
    before: [[1, { id: 5 }]],
    update: [2, { device: 2n, id: 5, config: "x" }],
    want: ["2 END NOT_FOUND"],
  },
  {
    ids: "ARB-19",
    title: "role.config is checked before the limit",
    options: { maxControllersPerRole: 1 },
    before: [[1, { id: 5 }]],
    update: [2, { id: 6, config: "x" }],
    want: ["2 END INVALID_ARGUMENT"],
  },
  {
    ids: "ARB-19",
    title: "a duplicate id is checked before the limit",
    options: { maxControllersPerRole: 1 },
    before: [[1, { id: 5 }]],
    update: [2, { id: 5 }],
    want: ["2 END INVALID_ARGUMENT"],
  },
  {
    ids: "ARB-19",
    title: "on a live stream a changed role is found before config and id",
    before: [
      [1, { id: 5 }],
      [2, { id: 4 }],
    ],
    update: [2, { role: "b", id: 5, config: "x" }],
    want: ["2 END FAILED_PRECONDITION"],
  },
];

describe("refusal of an update", () => {
  for (const { ids, title, options, before, update, want } of rows)
    requirement(ids, title, () => {
      const scene = new Scene(options);
      for (const [controller, earlier] of before) scene.update(controller, earlier);
      assert.deepEqual(scene.update(...update), want);
    });

  requirement("ARB-15", "the id of a controller that has gone is free", () => {
    const scene = new Scene();
    scene.update(1, { id: 5 });
    scene.closed(1);
    assert.deepEqual(scene.update(2, { id: 5 }), ["2 OK 5"]);
  });

  requirement(["ARB-17", "ARB-03"], "a refused newcomer changes neither highest id, primary nor config", () => {
    const scene = new Scene({ configs: "accepted", maxControllersPerRole: 1 });
    scene.update(1, { id: 5, config: "x" });
    const before = scene.arbiter.describe();
    for (const update of [{ id: 5 }, { id: 9, config: "bad" }, { id: 9, config: "y" }]) scene.update(2, update);
    assert.deepEqual(scene.arbiter.describe(), before);
  });

  requirement(["ARB-17", "ARB-13"], "a refused update of a live backup only removes it", () => {
    const scene = new Scene();
    scene.update(1, { id: 5 });
    scene.update(2, { id: 4 });
    scene.update(2, { id: 9, config: "x" });
    assert.deepEqual([scene.highest(), scene.primary(), scene.arbiter.controllerCount], ["5", 1, 1]);
  });

  it("forgets a stream it has ended, so that its later end means nothing", () => {
    const scene = new Scene();
    scene.update(1, { id: 7 });
    scene.update(2, { id: 5 });
    scene.update(1, { id: 8, role: "b" });
    assert.deepEqual(scene.closed(1), []);
  });

  it("does not know a role whose only update was refused", () => {
    const scene = new Scene();
    scene.update(1, { id: 5, role: "b", config: "x" });
    assert.equal(scene.write("b", 5), "NOT_FOUND");
  });

  it("refuses a new role when it remembers as many as it may, but never one of the pipeline", () => {
    const scene = new Scene({ maxRoles: 2 });
    scene.update(1, { role: "a" });
    assert.deepEqual(scene.update(2, { role: "b" }), ["2 END RESOURCE_EXHAUSTED"]);
    scene.arbiter.setPipelineRoles([roleName("b")]);
    assert.deepEqual(scene.update(3, { role: "b" }), ["3 NOT_FOUND unset"]);
  });

  it("says which device is unknown", () => {
    assert.equal(unknownDevice(7n).message, "device_id 7 is not a device here");
    assert.equal(unknownDevice(0n).message, "device_id is not set; 0 is never a device");
  });

  it("AMB-47: ends every stream of a device that went away and keeps the highest id", () => {
    const scene = new Scene();
    scene.update(1, { id: 7 });
    scene.update(2, { id: 5 });
    const effects = scene.arbiter.dismissAll({ code: Code.NOT_FOUND, message: "the card is down" });
    assert.deepEqual(
      effects.map((effect) => [effect.kind, effect.controller]),
      [
        ["end", 1],
        ["end", 2],
      ],
    );
    assert.deepEqual(
      [scene.highest(), scene.primary(), scene.arbiter.isPrimary(controllerId(1))],
      ["7", undefined, false],
    );
    assert.deepEqual(scene.update(3, { id: 6 }), ["3 NOT_FOUND 7"]);
  });
});
