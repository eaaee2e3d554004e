/** An agent with the program of action profiles, and what tests of it do again and again. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "./agent.js";
import * as lab from "./lab-program.js";
import { noLeaks } from "./no-leaks.js";
import { primary, type Entity, type P4Client } from "./p4-client.js";
import { ids, profileP4Info, profileYaml } from "./profile-program.js";

/** An update, and the code that it should get; OK if it names none. */
export type Step = readonly [type: p4.v1.Update.Type, entity: Entity, want?: number];

/** `entity` without what is unset. */
export const plain = (entity: Entity) =>
  p4.v1.Entity.toObject(p4.v1.Entity.decode(p4.v1.Entity.encode(entity).finish()));

/** What a Read of members, groups or entries asks for; 0 = all. */
export const members = (actionProfileId = 0, memberId = 0): Entity => ({
  actionProfileMember: { actionProfileId, memberId },
});
export const groups = (actionProfileId = 0, groupId = 0): Entity => ({
  actionProfileGroup: { actionProfileId, groupId },
});
export const entries = (tableId: number = ids.acl): Entity => ({ tableEntry: { tableId } });

export class ProfileScene {
  agent!: Agent;
  client!: P4Client;

  /** Registers hooks of the suite in which it is called: a fresh agent with the program for each test. */
  static inEachTest(): ProfileScene {
    const scene = new ProfileScene();
    noLeaks();
    beforeEach(async () => {
      scene.agent = await Agent.start({ yaml: profileYaml });
      scene.client = scene.agent.client();
      await primary(scene.client);
      await lab.commit(scene.client, p4.config.v1.P4Info.decode(profileP4Info()));
    });
    afterEach(() => scene.agent[Symbol.asyncDispose]());
    return scene;
  }

  /** Writes one batch. @throws AssertionError if an update gets another code than it should */
  readonly batch = async (...steps: readonly Step[]): Promise<void> => {
    const wanted = steps.map(([, , want = Code.OK]) => want);
    const codes = await lab.slotCodes(
      lab.write(
        this.client,
        steps.map(([type, entity]) => ({ type, entity })),
      ),
    );
    assert.deepEqual(codes, wanted.every((want) => want === Code.OK) ? [Code.OK] : wanted);
  };

  /** What a Read gives. */
  readonly read = (...asked: readonly Entity[]): Promise<Entity[]> => lab.read(this.client, ...asked);

  /** @throws AssertionError if a Read of `asked` does not give `want`, in this order */
  readonly reads = async (asked: Entity, ...want: readonly Entity[]): Promise<void> => {
    assert.deepEqual((await this.read(asked)).map(plain), want.map(plain));
  };
}
