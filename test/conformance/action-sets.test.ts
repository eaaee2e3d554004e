/** Entries of tables with action profiles, one-shot sets among them, as a controller and frames meet them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import * as lab from "../support/lab-program.js";
import { byGroup, byMember, bySet, call, group, ids, member, port, selecting } from "../support/profile-program.js";
import { entries, groups, members, plain, ProfileScene } from "../support/profile-scene.js";
import { requirement } from "../support/requirement.js";

const { INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNIMPLEMENTED } = Code;
const { INSERT, MODIFY, DELETE } = lab.Type;
const [trap, drop, copy] = [call(ids.trap), call(ids.drop), call(ids.copy)];
const bad = INVALID_ARGUMENT;
const cpuPort = 0xfffffffd;

describe("what selects by an action profile", () => {
  const scene = ProfileScene.inEachTest();
  const { batch, read, reads } = scene;

  describe("entries of tables with a profile", () => {
    requirement(["ACT-14", "AMB-52"], "name members and groups that exist", () =>
      batch(
        [INSERT, selecting(1, byMember(1)), NOT_FOUND],
        [INSERT, selecting(1, byGroup(1)), NOT_FOUND],
        [INSERT, member(1, trap)],
        [INSERT, selecting(1, byGroup(1)), NOT_FOUND],
        [INSERT, selecting(1, byMember(1))],
        [MODIFY, selecting(1, byGroup(1)), NOT_FOUND],
        [MODIFY, selecting(1, byMember(2)), NOT_FOUND],
        [INSERT, group(1)],
        [MODIFY, selecting(1, byGroup(1))],
        [DELETE, member(1)],
      ),
    );

    requirement(
      ["ACT-02", "ACT-03", "ONE-21"],
      "take the styles of their profile, and are read as written",
      async () => {
        const single = selecting(1, byMember(1), ids.single);
        await batch(
          [INSERT, member(1, trap, ids.members)],
          [INSERT, selecting(1, bySet([[trap, 1]]), ids.single), bad],
          [INSERT, selecting(1, byGroup(1), ids.single), bad],
          [INSERT, selecting(1, { action: trap }, ids.single), bad],
          [INSERT, selecting(1, { action: trap }), bad],
          [INSERT, single],
          [MODIFY, { tableEntry: { ...selecting(1, undefined, ids.single).tableEntry, metadata: Buffer.from("m") } }],
        );
        await reads(entries(ids.single), { tableEntry: { ...single.tableEntry, metadata: Buffer.from("m") } });
        assert.deepEqual(await lab.egressOf(scene.client, 1), [cpuPort]);
      },
    );

    requirement("DEF-09", "keep the default entry they have", () =>
      batch([MODIFY, { tableEntry: { tableId: ids.acl, isDefaultAction: true } }, PERMISSION_DENIED]),
    );
  });

  describe("one-shot sets", () => {
    requirement(["ONE-01", "ONE-02", "ONE-03"], "are read as written, and as nothing else", async () => {
      const set = bySet([[trap, 2], [trap, 2], [call(ids.queued, 1), 1, port(2)], [drop, 1, { watch: 3 }]]); // prettier-ignore
      await batch([INSERT, selecting(1, set)]);
      await reads(entries(), selecting(1, set));
      await reads(members());
      await reads(groups());
    });

    requirement(["ONE-04", "ONE-05"], "have as many elements and weights as a selector that counts them takes", () =>
      batch(
        [INSERT, selecting(1, bySet([[trap, 1], [trap, 1], [drop, 1]]), ids.few), bad], // prettier-ignore
        [INSERT, selecting(1, bySet([[trap, 4]]), ids.few), bad],
        [INSERT, selecting(1, bySet([[trap, 3], [trap, 3]]), ids.few)], // prettier-ignore
      ),
    );

    requirement(["ONE-06", "ONE-07", "ONE-08", "AMB-50"], "have weights within the selector's", () =>
      batch(
        [INSERT, selecting(1, bySet([[trap, 5], [trap, 4]])), bad], // prettier-ignore
        [INSERT, selecting(1, bySet([[trap, 0]])), bad],
        [INSERT, selecting(1, bySet([[trap, -1]])), bad],
        [INSERT, selecting(1, bySet([[trap, 5], [trap, 3]]))], // prettier-ignore
        [INSERT, selecting(1, bySet([[trap, 1]]), ids.even), bad],
        [INSERT, selecting(1, bySet(Array.from({ length: 9 }, () => [trap, 0])), ids.even), bad],
        [INSERT, selecting(1, bySet(Array.from({ length: 8 }, () => [trap, 0])), ids.even)],
      ),
    );

    requirement(["ONE-09", "ONE-18", "AMB-50"], "fill the profile, and give their room back", () =>
      batch(
        [INSERT, selecting(1, bySet([[trap, 8]]))],
        [INSERT, selecting(1, bySet([[trap, 8]]), ids.more)],
        [INSERT, selecting(2, bySet([[trap, 5]])), RESOURCE_EXHAUSTED],
        [INSERT, selecting(2, bySet([[trap, 4]]))],
        [MODIFY, selecting(2, bySet([[trap, 5]])), RESOURCE_EXHAUSTED],
        [MODIFY, selecting(1, bySet([[trap, 7]]))],
        [MODIFY, selecting(2, bySet([[trap, 5]]))],
        [DELETE, selecting(1)],
        [INSERT, selecting(3, bySet([[drop, 7]]))],
      ),
    );

    requirement(["ONE-10", "ACT-08"], "have actions of the table, with parameters and scope", () =>
      batch(
        [INSERT, selecting(1, bySet([[call(0x01000099), 1]])), bad],
        [INSERT, selecting(1, bySet([[call(ids.queued), 1]])), bad],
        [INSERT, selecting(1, bySet([[{}, 1]])), bad],
        [INSERT, selecting(1, bySet([[call(ids.queued, 3), 1]])), bad],
        [INSERT, selecting(1, bySet([[call(ids.nothing), 1]])), PERMISSION_DENIED],
        [INSERT, selecting(1, bySet([[call(ids.forGroups), 1]])), PERMISSION_DENIED],
        [INSERT, selecting(1, bySet([[call(ids.queued, 1), 1]]))],
      ),
    );

    requirement("ONE-11", "watch ports as groups do", () =>
      batch(
        [INSERT, selecting(1, bySet([[trap, 1, port(9)]])), bad],
        [INSERT, selecting(1, bySet([[trap, 1, port(cpuPort)]])), UNIMPLEMENTED],
        [INSERT, selecting(1, bySet([[trap, 1, port(1)]]))],
      ),
    );

    requirement("ONE-12", "and members or groups exclude each other in one selector", () =>
      batch(
        [INSERT, selecting(1, bySet([[trap, 1]]))],
        [INSERT, member(1, trap), bad],
        [INSERT, group(1), bad],
        [INSERT, member(1, trap, ids.counted)],
        [INSERT, selecting(1, bySet([[trap, 1]]), ids.few), bad],
        [DELETE, selecting(1)],
        [INSERT, group(1)],
        [INSERT, selecting(1, bySet([[trap, 1]]), ids.more), bad],
        [DELETE, group(1)],
        [INSERT, selecting(1, bySet([[trap, 1]]), ids.more)],
      ),
    );

    requirement(
      ["ONE-13", "ONE-14", "ONE-16", "ONE-22"],
      "may say how to select and what is counted, and are judged by it",
      async () => {
        const counted = { semantics: 2 };
        const nine = Array.from({ length: 9 }, () => [trap, 1] as const);
        const written = selecting(2, bySet([[trap, 90], [drop, 90]], { ...counted, mode: 2 })); // prettier-ignore
        await batch(
          [INSERT, selecting(1, bySet([[trap, 1]], { mode: 0, semantics: 0 }))],
          [MODIFY, selecting(1, bySet([[trap, 1]], { mode: 1, semantics: 1 }))],
          [INSERT, written],
          [INSERT, selecting(3, bySet(nine, counted)), bad],
          [INSERT, selecting(3, bySet([[trap, 3]], { semantics: 1 }), ids.few), bad],
          [INSERT, selecting(3, bySet([[trap, 1]], { mode: 3 })), bad],
          [INSERT, selecting(3, bySet([[trap, 1]], { semantics: 3 })), bad],
        );
        assert.deepEqual(plain((await read(entries()))[1] ?? {}), plain(written));
      },
    );

    requirement(["ONE-17", "ACT-09"], "have no group action: one of another scope is PERMISSION_DENIED", () =>
      batch(
        [INSERT, selecting(1, bySet([[trap, 1]], { groupAction: trap })), PERMISSION_DENIED],
        [INSERT, selecting(1, bySet([[trap, 1]], { groupAction: call(0x01000099) })), bad],
        [INSERT, selecting(1, bySet([[trap, 1]], { groupAction: call(ids.forGroups) })), UNIMPLEMENTED],
      ),
    );

    requirement("ONE-20", "may mix actions, or have none", async () => {
      await batch([INSERT, selecting(1, bySet([]))], [INSERT, selecting(2, bySet([[trap, 1], [copy, 1]]))]); // prettier-ignore
      await reads(entries(), selecting(1, bySet([])), selecting(2, bySet([[trap, 1], [copy, 1]]))); // prettier-ignore
    });
  });

  describe("on frames", () => {
    /** Frames of many flows with an EtherType, and how many of them reach the CPU. */
    async function punted(etherType: number, count = 60): Promise<readonly boolean[]> {
      const fates: boolean[] = [];
      for (let i = 0; i < count; i++) {
        const frame = lab.frame(etherType);
        frame.writeUInt16BE(i, 10);
        fates.push((await lab.egressOf(scene.client, frame)).includes(cpuPort));
      }
      return fates;
    }
    const share = (fates: readonly boolean[]) => fates.filter((fate) => fate).length / fates.length;
    const setPort = (id: number, state: "up" | "down") =>
      assert.ok(scene.agent.device().datapath.setPortState(id as never, state).ok);

    requirement("APG-27", "a weight is a share of the flows", async () => {
      await batch([INSERT, member(1, trap)], [INSERT, member(2, drop)]);
      await batch([INSERT, group(1, [[1, 6], [2, 2]])], [INSERT, selecting(0x6001, byGroup(1))]); // prettier-ignore
      const before = share(await punted(0x6001, 200));
      assert.ok(before > 0.6 && before < 0.9, `${before}`);
      await batch([MODIFY, group(1, [[1, 1], [2, 7]])]); // prettier-ignore
      const after = share(await punted(0x6001, 200));
      assert.ok(after > 0.03 && after < 0.3, `${after}`);
    });

    requirement(
      ["APG-12", "APG-13", "ONE-11", "FMT-10"],
      "what watches a port that is down is left out until it is up, and reads the same",
      async () => {
        const one = group(1, [[1, 1, port(2)], [2, 1]]); // prettier-ignore
        const set = selecting(0x6002, bySet([[trap, 1, port(3)], [drop, 1]]), ids.few); // prettier-ignore
        await batch([INSERT, member(1, trap)], [INSERT, member(2, drop)], [INSERT, one], [INSERT, set]);
        await batch([INSERT, selecting(0x6001, byGroup(1))]);
        const before = [await punted(0x6001), await punted(0x6002)];
        assert.ok(before.every((fates) => share(fates) > 0.2 && share(fates) < 0.8));
        for (const id of [2, 3]) setPort(id, "down");
        assert.deepEqual([share(await punted(0x6001)), share(await punted(0x6002))], [0, 0]);
        await reads(groups(), one);
        await reads(entries(ids.few), set);
        for (const id of [2, 3]) setPort(id, "up");
        assert.deepEqual([await punted(0x6001), await punted(0x6002)], before);
      },
    );

    requirement(
      ["APG-28", "APG-30"],
      "an entry with nothing to select does nothing: the frame goes its way",
      async () => {
        await batch(
          [INSERT, member(1, trap)],
          [INSERT, group(1, [[1, 1, port(2)]])],
          [INSERT, group(2)],
          [INSERT, selecting(0x6001, byGroup(1))],
          [INSERT, selecting(0x6002, byGroup(2))],
        );
        assert.equal(share(await punted(0x6001)), 1);
        setPort(2, "down");
        const drops = () => Object.fromEntries(scene.agent.device().datapath.stats().drops);
        const before = drops()["no-route"] ?? 0;
        assert.deepEqual([share(await punted(0x6001, 3)), share(await punted(0x6002, 3))], [0, 0]);
        assert.equal((drops()["no-route"] ?? 0) - before, 6);
        assert.equal(drops()["rule"] ?? 0, 0);
      },
    );

    requirement("ONE-22", "RANDOM takes any action for each frame", async () => {
      await batch([INSERT, selecting(0x6001, bySet([[trap, 1], [drop, 1]], { mode: 2 }))]); // prettier-ignore
      const fates: boolean[] = [];
      for (let i = 0; i < 60; i++) fates.push((await lab.egressOf(scene.client, 0x6001)).length > 0);
      assert.ok(share(fates) > 0.1 && share(fates) < 0.9);
    });
  });
});
