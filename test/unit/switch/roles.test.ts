import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Pipeline } from "../../../src/pipeline/pipeline.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import type { Arbiter } from "../../../src/session/arbiter.js";
import { roleName } from "../../../src/session/role.js";
import { Roles } from "../../../src/switch/roles.js";
import { decodeP4Info } from "../../../src/wire/decode-p4info.js";
import { decodeRoleConfig } from "../../../src/wire/decode-role-config.js";
import { aclProgram } from "../../support/acl-program.js";

describe("roles", () => {
  it("hold no pipeline that is gone, though nobody asked for them since", async () => {
    const { gc } = globalThis;
    assert.ok(gc !== undefined, "run with --expose-gc");
    const arbiter = { roleConfigOf: () => undefined, knows: () => true } as unknown as Arbiter;
    const roles = new Roles(arbiter, decodeRoleConfig);
    const program = aclProgram({ ports: "untranslated" });
    const pipelines: WeakRef<Pipeline>[] = [];
    for (let i = 0; i < 10; i++) {
      const pipeline = indexP4Info(decodeP4Info(program));
      const role = roleName(`role ${i}`);
      assert.equal(roles.accessOf(role, pipeline), roles.accessOf(role, pipeline));
      pipelines.push(new WeakRef(pipeline));
    }
    await turn();
    gc();
    assert.ok(pipelines.filter((pipeline) => pipeline.deref() !== undefined).length <= 1);
  });
});
