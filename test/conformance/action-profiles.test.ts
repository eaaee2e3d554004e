/** Members, groups and one-shot action sets as a controller writes and reads them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, type Entity, type P4Client } from "../support/p4-client.js";
import {
  byGroup,
  byMember,
  bySet,
  call,
  group,
  ids,
  member,
  port,
  profileP4Info,
  profileYaml,
  selecting,
} from "../support/profile-program.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED } = Code;
const { RESOURCE_EXHAUSTED, FAILED_PRECONDITION, UNIMPLEMENTED } = Code;
const { INSERT, MODIFY, DELETE } = lab.Type;
const [trap, drop, copy] = [call(ids.trap), call(ids.drop), call(ids.copy)];
const bad = INVALID_ARGUMENT;
const cpuPort = 0xfffffffd;

type Step = readonly [type: p4.v1.Update.Type, entity: Entity, want?: number];

describe("action profiles", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  beforeEach(async () => {
    agent = await Agent.start({ yaml: profileYaml });
    client = agent.client();
    await primary(client);
    await lab.commit(client, p4.config.v1.P4Info.decode(profileP4Info()));
  });
  afterEach(() => agent[Symbol.asyncDispose]());

  /** One batch, each update with the code it should get; OK if it names none. */
  async function batch(...steps: readonly Step[]): Promise<void> {
    const wanted = steps.map(([, , want = OK]) => want);
    const codes = await lab.slotCodes(
      lab.write(
        client,
        steps.map(([type, entity]) => ({ type, entity })),
      ),
    );
    assert.deepEqual(codes, wanted.every((want) => want === OK) ? [OK] : wanted);
  }

  /** What a Read gives, without what is unset. */
  const read = (...entities: readonly Entity[]) => lab.read(client, ...entities);
  const plain = (entity: Entity) => p4.v1.Entity.toObject(p4.v1.Entity.decode(p4.v1.Entity.encode(entity).finish()));
  async function reads(asked: Entity, ...want: readonly Entity[]): Promise<void> {
    assert.deepEqual((await read(asked)).map(plain), want.map(plain));
  }
  const members = (actionProfileId = 0, memberId = 0): Entity => ({
    actionProfileMember: { actionProfileId, memberId },
  });
  const groups = (actionProfileId = 0, groupId = 0): Entity => ({ actionProfileGroup: { actionProfileId, groupId } });
  const entries = (tableId: number = ids.acl): Entity => ({ tableEntry: { tableId } });

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
        const { failure } = await client.failedRead({ deviceId: long(1n), entities: [asked] });
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
      const fates = () => Promise.all([0x6001, 0x6002, 0x6003].map((type) => lab.egressOf(client, type)));
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
      assert.deepEqual(await lab.egressOf(client, 0x6001), [cpuPort]);
    });
  });

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
        assert.deepEqual(await lab.egressOf(client, 1), [cpuPort]);
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
        fates.push((await lab.egressOf(client, frame)).includes(cpuPort));
      }
      return fates;
    }
    const share = (fates: readonly boolean[]) => fates.filter((fate) => fate).length / fates.length;
    const setPort = (id: number, state: "up" | "down") =>
      assert.ok(agent.device().datapath.setPortState(id as never, state).ok);

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
        const drops = () => Object.fromEntries(agent.device().datapath.stats().drops);
        const before = drops()["no-route"] ?? 0;
        assert.deepEqual([share(await punted(0x6001, 3)), share(await punted(0x6002, 3))], [0, 0]);
        assert.equal((drops()["no-route"] ?? 0) - before, 6);
        assert.equal(drops()["rule"] ?? 0, 0);
      },
    );

    requirement("ONE-22", "RANDOM takes any action for each frame", async () => {
      await batch([INSERT, selecting(0x6001, bySet([[trap, 1], [drop, 1]], { mode: 2 }))]); // prettier-ignore
      const fates: boolean[] = [];
      for (let i = 0; i < 60; i++) fates.push((await lab.egressOf(client, 0x6001)).length > 0);
      assert.ok(share(fates) > 0.1 && share(fates) < 0.9);
    });
  });
});
