/** Members and groups of action profiles as a controller writes and reads them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import * as lab from "../support/lab-program.js";
import { long } from "../support/p4-client.js";
import { byGroup, byMember, call, group, ids, member, port, selecting } from "../support/profile-program.js";
import { groups, members, ProfileScene, type Step } from "../support/profile-scene.js";
import { requirement } from "../support/requirement.js";

const {
  INVALID_ARGUMENT,
  NOT_FOUND,
  ALREADY_EXISTS,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  FAILED_PRECONDITION,
  UNIMPLEMENTED,
} = Code;
const { INSERT, MODIFY, DELETE } = lab.Type;
const [trap, drop, copy] = [call(ids.trap), call(ids.drop), call(ids.copy)];
const bad = INVALID_ARGUMENT;
const cpuPort = 0xfffffffd;

describe("action profiles", () => {
  const scene = ProfileScene.inEachTest();
  const { batch, reads } = scene;

  describe("members", () => {
    requirement(["APM-02", "APM-03", "APM-08", "AMB-52"], "are there from INSERT to DELETE, once", () =>
      batch(
        [INSERT, member(1, trap)],
        [INSERT, member(1, trap), ALREADY_EXISTS],
        [MODIFY, member(1, call(ids.queued, 1))],
        [MODIFY, member(2, trap), NOT_FOUND],
        [DELETE, member(2), NOT_FOUND],
        [DELETE, member(1)],
        [DELETE, member(1), NOT_FOUND],
      ),
    );

    requirement(["APM-04", "APM-05"], "need an id, a known profile and an action", () =>
      batch(
        [INSERT, member(1), bad],
        [MODIFY, member(1), bad],
        [INSERT, member(0, trap), bad],
        [INSERT, member(1, trap, 0), bad],
        [INSERT, member(1, trap, 0x11000099), bad],
        [DELETE, member(1, trap, ids.acl), bad],
        [INSERT, member(1, trap)],
      ),
    );

    requirement(["APM-06", "ACT-08"], "have an action of their tables, with its parameters and in its scope", () =>
      batch(
        [INSERT, member(1, call(0x01000099)), bad],
        [INSERT, member(1, call(ids.queued)), bad],
        [INSERT, member(1, call(ids.trap, 1)), bad],
        [INSERT, member(1, call(ids.queued, 3)), bad],
        [INSERT, member(1, call(ids.nothing)), PERMISSION_DENIED],
        [INSERT, member(1, call(ids.forGroups)), PERMISSION_DENIED],
        [INSERT, member(1, call(ids.queued, 2))],
        [MODIFY, member(1, call(ids.queued, 3)), bad],
      ),
    );

    requirement("APM-07", "beyond the size of the profile are RESOURCE_EXHAUSTED", () =>
      batch(
        [INSERT, member(1, trap, ids.members)],
        [INSERT, member(2, drop, ids.members)],
        [INSERT, member(3, trap, ids.members), RESOURCE_EXHAUSTED],
        [DELETE, member(1, undefined, ids.members)],
        [INSERT, member(3, trap, ids.members)],
      ),
    );

    requirement(["APM-11", "APM-12", "APM-13", "AMB-52"], "in use cannot be deleted; only the ids count", () =>
      batch(
        [INSERT, member(1, trap)],
        [INSERT, member(2, trap)],
        [INSERT, group(1, [[1, 1]])],
        [INSERT, selecting(1, byMember(2))],
        [DELETE, member(1), FAILED_PRECONDITION],
        [DELETE, member(2), FAILED_PRECONDITION],
        [DELETE, selecting(1)],
        [DELETE, group(1)],
        [DELETE, member(1, call(0x01000099))],
        [DELETE, member(2, call(ids.queued, 3))],
      ),
    );

    requirement("APM-14", "are read by both ids, by profile, or all of them", async () => {
      const [one, two, other] = [member(1, trap), member(2, call(ids.queued, 2)), member(1, drop, ids.members)];
      await batch([INSERT, one], [INSERT, two], [INSERT, other]);
      await reads(members(), one, two, other);
      await reads(members(ids.selector), one, two);
      await reads(members(ids.selector, 2), two);
      await reads(members(ids.selector, 3));
      for (const asked of [members(0, 1), members(ids.acl)]) {
        const { failure } = await scene.client.failedRead({ deviceId: long(1n), entities: [asked] });
        assert.deepEqual(
          failure.slots?.map(({ code }) => code),
          [bad],
        );
      }
    });

    requirement("APM-09", "that are modified change what entries and groups do", async () => {
      await batch(
        [INSERT, member(1, trap)],
        [INSERT, member(2, trap)],
        [INSERT, group(1, [[1, 1], [2, 1]])], // prettier-ignore
        [INSERT, selecting(0x6001, byMember(1))],
        [INSERT, selecting(0x6002, byGroup(1))],
        [INSERT, selecting(0x6003, byMember(1), ids.more)],
      );
      const fates = () => Promise.all([0x6001, 0x6002, 0x6003].map((type) => lab.egressOf(scene.client, type)));
      assert.deepEqual(await fates(), [[cpuPort], [cpuPort], [cpuPort]]);
      await batch([MODIFY, member(1, drop)], [MODIFY, member(2, drop)]);
      assert.deepEqual(await fates(), [[], [], []]);
      await batch([MODIFY, member(1, call(ids.queued, 1))]);
      const [first, , third] = await fates();
      assert.deepEqual([first, third], [[cpuPort], [cpuPort]]);
    });
  });

  describe("groups", () => {
    beforeEach(() => batch([INSERT, member(1, trap)], [INSERT, member(2, drop)], [INSERT, member(5, copy)]));

    requirement(["APG-01", "APG-02", "APG-04", "APG-06", "APG-07", "AMB-52"], "are there from INSERT to DELETE", () =>
      batch(
        [INSERT, group(5, [[1, 1]])],
        [INSERT, group(5, [[1, 1]]), ALREADY_EXISTS],
        [INSERT, group(6, [[1, 2]])],
        [MODIFY, group(6, [[2, 8]])],
        [MODIFY, group(7, [[2, 1]]), NOT_FOUND],
        [DELETE, group(7), NOT_FOUND],
        [DELETE, group(6)],
        [DELETE, group(5)],
      ),
    );

    requirement(["APG-03", "APG-05", "APG-22"], "list members that exist, each once, or none", () =>
      batch(
        [INSERT, group(1, [[9, 1]]), NOT_FOUND],
        [INSERT, group(1, [[1, 1], [1, 1]]), bad], // prettier-ignore
        [INSERT, group(1, [[0, 1]]), bad],
        [INSERT, group(1)],
        [MODIFY, group(1, [[1, 1], [9, 1]]), NOT_FOUND], // prettier-ignore
        [MODIFY, group(1, [[1, 1]])],
        [MODIFY, group(1)],
      ),
    );

    requirement(["APG-08", "APG-09"], "have weights above 0, or none where the selector disallows them", async () => {
      await batch(
        [INSERT, group(1, [[1, 0]]), bad],
        [INSERT, group(1, [[1, -1]]), bad],
        [INSERT, member(1, trap, ids.evenly)],
        [INSERT, group(1, [[1, 1]], { actionProfileId: ids.evenly }), bad],
        [INSERT, group(1, [[1, 0]], { actionProfileId: ids.evenly })],
      );
      await reads(groups(ids.evenly), group(1, [[1, 0]], { actionProfileId: ids.evenly }));
    });

    requirement(["APG-10", "APG-11"], "watch ports there are, and whose state can be known", () =>
      batch(
        [INSERT, group(1, [[1, 1, port(9)]]), bad],
        [INSERT, group(1, [[1, 1, { watchPort: Buffer.from("one") }]]), bad],
        [INSERT, group(1, [[1, 1, { watch: 9 }]]), bad],
        [INSERT, group(1, [[1, 1, port(cpuPort)]]), UNIMPLEMENTED],
        [INSERT, group(1, [[1, 1, port(3)]])],
      ),
    );

    requirement(["APG-29", "TRN-11"], "give a watched port back in the field in which it was written", async () => {
      const written = group(1, [[1, 1, { watch: 2 }], [2, 1, port(3)], [5, 1]]); // prettier-ignore
      await batch([INSERT, written]);
      await reads(groups(ids.selector, 1), written);
      await batch([INSERT, group(2, [[1, 1, { watchPort: Buffer.alloc(0) }]])]);
      await reads(groups(ids.selector, 2), group(2, [[1, 1]]));
    });

    requirement(
      ["APG-14", "APG-15", "APG-18", "APG-19", "AMB-30", "AMB-50"],
      "have a size within the selector's, fixed by INSERT",
      async () => {
        await batch(
          [INSERT, group(1, [], { maxSize: 9 }), bad],
          [INSERT, group(1, [], { maxSize: -1 }), bad],
          [INSERT, group(1, [[1, 5]], { maxSize: 4 }), RESOURCE_EXHAUSTED],
          [INSERT, group(1, [[1, 4]], { maxSize: 4 })],
          [MODIFY, group(1, [[1, 4]], { maxSize: 5 }), bad],
          [MODIFY, group(1, [[1, 4]]), bad],
          [MODIFY, group(1, [[1, 3], [2, 2]], { maxSize: 4 }), RESOURCE_EXHAUSTED], // prettier-ignore
          [MODIFY, group(1, [[1, 1], [2, 3]], { maxSize: 4 })], // prettier-ignore
          [INSERT, group(2, [[1, 9]]), RESOURCE_EXHAUSTED],
          [INSERT, group(2, [[1, 8]])],
          [MODIFY, group(2, [[1, 8]], { maxSize: 8 }), bad],
        );
        await reads(groups(ids.selector), group(1, [[1, 1], [2, 3]], { maxSize: 4 }), group(2, [[1, 8]])); // prettier-ignore
      },
    );

    requirement(["APG-16", "APG-17"], "are limited by the device where the selector does not limit them", () => {
      const open = { actionProfileId: ids.unlimited };
      return batch(
        [INSERT, member(1, trap, ids.unlimited)],
        [INSERT, group(1, [[1, 65_537]], open), RESOURCE_EXHAUSTED],
        [INSERT, group(1, [[1, 65_536]], open)],
        [INSERT, group(2, [], { ...open, maxSize: 65_537 }), RESOURCE_EXHAUSTED],
        [INSERT, group(2, [[1, 5]], { ...open, maxSize: 5 })],
        [MODIFY, group(2, [[1, 6]], { ...open, maxSize: 5 }), RESOURCE_EXHAUSTED],
      );
    });

    requirement(["APG-20", "AMB-50"], "are as large together as the profile at most", () =>
      batch(
        [INSERT, group(1, [[1, 8]])],
        [INSERT, group(2, [[1, 8]])],
        [INSERT, group(3, [[1, 5]]), RESOURCE_EXHAUSTED],
        [INSERT, group(3, [[1, 4]])],
        [MODIFY, group(3, [[1, 5]]), RESOURCE_EXHAUSTED],
        [DELETE, group(2)],
        [MODIFY, group(3, [[1, 8]])],
      ),
    );

    requirement("APG-19", "count members where the selector says so, each weighing no more than it allows", () => {
      const few = { actionProfileId: ids.counted };
      return batch(
        ...[1, 2, 3].map((id): Step => [INSERT, member(id, trap, ids.counted)]),
        [INSERT, group(1, [[1, 1], [2, 1], [3, 1]], few), RESOURCE_EXHAUSTED], // prettier-ignore
        [INSERT, group(1, [[1, 4]], few), bad],
        [INSERT, group(1, [[1, 3], [2, 3]], few)], // prettier-ignore
        [INSERT, group(2, [[1, 1], [3, 1]], few), RESOURCE_EXHAUSTED], // prettier-ignore
        [INSERT, group(2, [[3, 1]], few)],
      );
    });

    requirement(["APG-23", "APG-24", "AMB-52"], "in use cannot be deleted; only the ids count", () =>
      batch(
        [INSERT, group(1, [[1, 1]])],
        [INSERT, selecting(1, byGroup(1), ids.more)],
        [DELETE, group(1), FAILED_PRECONDITION],
        [MODIFY, selecting(1, byMember(1), ids.more)],
        [DELETE, group(1, [[99, -1], [99, 0]], { maxSize: -5 })], // prettier-ignore
      ),
    );

    requirement("APG-25", "are read by both ids, by profile, or all of them", async () => {
      const [one, two] = [group(1, [[1, 1]]), group(2, [[2, 3], [1, 2, port(2)]])]; // prettier-ignore
      const other = group(1, [], { actionProfileId: ids.evenly });
      await batch([INSERT, one], [INSERT, two], [INSERT, other]);
      await reads(groups(), one, two, other);
      await reads(groups(ids.selector), one, two);
      await reads(groups(ids.selector, 2), two);
      await reads(groups(ids.members));
    });

    requirement(["APG-26", "APG-31"], "need a selector, an id and a known profile", () =>
      batch(
        [INSERT, group(1, [], { actionProfileId: ids.members }), bad],
        [INSERT, group(0), bad],
        [INSERT, group(1, [], { actionProfileId: 0 }), bad],
        [DELETE, group(1, [], { actionProfileId: 0x11000099 }), bad],
      ),
    );

    requirement("APM-10", "may mix actions, and a member may become another action", async () => {
      await batch(
        [INSERT, group(1, [[1, 1], [2, 1]])], // prettier-ignore
        [INSERT, selecting(0x6001, byGroup(1))],
        [MODIFY, member(1, call(ids.queued, 1))],
        [MODIFY, member(1, call(ids.queued, 2))],
        [MODIFY, member(1, call(ids.queued, 9)), bad],
        [MODIFY, member(2, trap)],
      );
      assert.deepEqual(await lab.egressOf(scene.client, 0x6001), [cpuPort]);
    });
  });
});
