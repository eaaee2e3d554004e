/** The life of a pipeline, one piece: each row goes on where pushes before it left off. */
import assert from "node:assert/strict";
import { Code, type Result } from "../../../src/base/status.js";
import type { Plan, RuleSet } from "../../../src/datapath/datapath.js";
import { SoftDatapath } from "../../../src/datapath/soft/soft-datapath.js";
import type { P4InfoSpec } from "../../../src/pipeline/p4info.js";
import type { PipelineConfig } from "../../../src/switch/program.js";
import { action, counter, matchField, p4info, ref, table } from "../../support/p4info-spec.js";
import { configOf, published, sourceOf } from "../../support/program-options.js";
import { requirement } from "../../support/requirement.js";
import { invalidArgument } from "../../../src/base/status.js";
import { ports, Scene, type EntryUpdate, type SceneOptions } from "./scene.js";

const wbbTable = "acl_wbb_ingress_table";
const lldp = Buffer.from(`0180c200000e02000000000188cc${"00".repeat(46)}`, "hex");
const trapLldp: EntryUpdate = {
  type: "insert",
  table: wbbTable,
  match: { ether_type: 0x88cc },
  action: "acl_wbb_ingress_trap",
};

const wbb = configOf(published("wbb"), "wbb");
/** Another program whose table drops what it is told to. */
const dropSpec = (more: Partial<P4InfoSpec> = {}): P4InfoSpec =>
  p4info({
    tables: [
      table(0x02000001, "drops", {
        matchFields: [matchField(1, "ether_type")],
        actionRefs: [ref(0x01000001), ref(0x01000002)],
        directResourceIds: [0x13000001],
      }),
    ],
    actions: [action(0x01000001, "drop"), action(0x01000002, "NoAction")],
    directCounters: [counter(0x13000001, "c", { directTableId: 0x02000001 })],
    ...more,
  });
const drops = configOf(dropSpec(), "drops");
const dropLldp: EntryUpdate = { type: "insert", table: "drops", match: { ether_type: 0x88cc }, action: "drop" };
const bad: PipelineConfig = configOf(p4info({ actions: [action(0, "a")] }), "bad");
const foreign = configOf(published("middleblock"), "middleblock");

async function withScene(run: (scene: Scene) => Promise<void>, options?: SceneOptions): Promise<void> {
  await using scene = new Scene(options);
  scene.arbitrated(1);
  await run(scene);
  assert.deepEqual(scene.failures, []);
}

/** A scene with WBB committed and one entry that traps LLDP. */
const withWbb = (run: (scene: Scene) => Promise<void>, options?: SceneOptions) => () =>
  withScene(async (scene) => {
    assert.equal(await scene.set("verify-and-commit", wbb), "OK");
    assert.equal(await scene.write([trapLldp]), "OK");
    assert.equal(scene.fate(lldp), "drop punted");
    await run(scene);
  }, options);

function untouched(scene: Scene): void {
  assert.equal(scene.sw.pipelineConfig, wbb);
  assert.equal(scene.sw.active?.config, wbb);
  assert.equal(scene.sw.entryCount, 1);
  assert.equal(scene.fate(lldp), "drop punted");
}

describe("setting a pipeline", () => {
  for (const act of ["verify", "verify-and-save", "verify-and-commit", "commit", "reconcile-and-commit"] as const)
    requirement(
      ["SFP-03", "SFP-04"],
      `${act} is for the primary only, whatever else is wrong`,
      withWbb(async (scene) => {
        for (const config of [undefined, bad, drops])
          assert.match(await scene.set(act, config, 2), /^PERMISSION_DENIED /);
        untouched(scene);
      }),
    );

  requirement(
    ["SFP-02", "SFP-04"],
    "is refused for a role nobody knows",
    withWbb(async (scene) => {
      assert.match(await scene.set("verify-and-commit", bad, 1, "stranger"), /^NOT_FOUND /);
    }),
  );

  for (const act of ["verify", "verify-and-save", "verify-and-commit", "reconcile-and-commit"] as const) {
    requirement(
      ["SFP-08", "SFP-23"],
      `${act} needs a config`,
      withWbb(async (scene) => {
        assert.equal(await scene.set(act), `INVALID_ARGUMENT ${act.toUpperCase().replaceAll("-", "_")} needs a config`);
        untouched(scene);
      }),
    );

    requirement(
      ["SFP-09", "SFP-20", "SFP-32"],
      `${act} of a config that cannot be changes nothing`,
      withWbb(async (scene) => {
        assert.match(await scene.set(act, bad), /^INVALID_ARGUMENT P4Info: action 'a' has id 0/);
        assert.match(await scene.set(act, foreign), /^INVALID_ARGUMENT datapath 'soft' cannot realise/);
        const garbage = {
          ...sourceOf(p4info(), "garbage"),
          decode: () => {
            throw invalidArgument("no P4Info");
          },
        };
        assert.match(await scene.set(act, { ...wbb, p4info: garbage }), /^INVALID_ARGUMENT no P4Info/);
        untouched(scene);
      }),
    );
  }

  requirement(
    "SFP-07",
    "VERIFY changes nothing",
    withWbb(async (scene) => {
      assert.equal(await scene.set("verify", drops), "OK");
      untouched(scene);
      assert.match(await scene.set("commit"), /^NOT_FOUND /);
    }),
  );

  requirement(
    ["SFP-17", "SFP-18", "SFP-35"],
    "VERIFY_AND_COMMIT clears the state, also of the same config, as often as it comes",
    withWbb(async (scene) => {
      for (let i = 0; i < 3; i++) {
        assert.equal(await scene.set("verify-and-commit", wbb), "OK");
        assert.equal(scene.sw.entryCount, 0);
        assert.equal(scene.fate(lldp), "forward");
        assert.equal(await scene.write([trapLldp]), "OK");
      }
    }),
  );

  requirement(
    "SFP-17",
    "VERIFY_AND_COMMIT of another config makes that active at once",
    withWbb(async (scene) => {
      assert.equal(await scene.set("verify-and-commit", drops), "OK");
      assert.equal(scene.sw.pipelineConfig, drops);
      assert.equal(scene.fate(lldp), "forward");
      assert.equal(await scene.write([trapLldp]), "INVALID_ARGUMENT");
      assert.equal(await scene.write([dropLldp]), "OK");
      assert.equal(scene.fate(lldp), "drop");
    }),
  );

  requirement("SFP-19", "the initial default action is on the datapath after a commit", () =>
    withScene(async (scene) => {
      const spec = dropSpec({
        tables: dropSpec().tables.map((each) => ({
          ...each,
          initialDefaultAction: { actionId: 0x01000001, args: [] },
        })),
      });
      assert.equal(await scene.set("verify-and-commit", configOf(spec, "dropping")), "OK");
      assert.equal(scene.fate(lldp), "drop");
      assert.equal(scene.sw.entryCount, 0);
      assert.equal(await scene.write([{ type: "modify", table: "drops", action: "NoAction" }]), "OK");
      assert.equal(scene.fate(lldp), "forward");
      assert.equal(await scene.write([{ type: "modify", table: "drops" }]), "OK");
      assert.equal(scene.fate(lldp), "drop");
    }),
  );

  requirement(
    ["SFP-10", "SFP-12"],
    "VERIFY_AND_SAVE leaves traffic with the old pipeline, while writes go to the new one",
    withWbb(async (scene) => {
      assert.equal(await scene.set("verify-and-save", drops), "OK");
      assert.equal(scene.sw.pipelineConfig, drops);
      assert.equal(scene.sw.active?.config, wbb);
      assert.equal(scene.fate(lldp), "drop punted");
      assert.equal(await scene.write([{ ...trapLldp, type: "delete" }]), "INVALID_ARGUMENT");
      assert.equal(await scene.write([dropLldp]), "OK");
      assert.equal(scene.fate(lldp), "drop punted");
      assert.equal(scene.sw.entryCount, 1);
    }),
  );

  requirement(
    ["SFP-11", "SFP-13"],
    "COMMIT replays what was written since the save, and nothing of the old state",
    withWbb(async (scene) => {
      assert.equal(await scene.set("verify-and-save", drops), "OK");
      const other = { ...dropLldp, match: { ether_type: 0x6007 } };
      assert.equal(await scene.write([dropLldp, other]), "OK OK");
      assert.equal(await scene.write([{ ...other, type: "delete" }]), "OK");
      assert.equal(await scene.set("commit"), "OK");
      assert.equal(scene.sw.pipelineConfig, drops);
      assert.equal(scene.sw.active?.config, drops);
      assert.equal(scene.fate(lldp), "drop");
      assert.equal(scene.sw.entryCount, 1);
      assert.equal(await scene.write([{ ...dropLldp, type: "delete" }]), "OK");
      assert.equal(scene.fate(lldp), "forward");
    }),
  );

  requirement("SFP-11", "writes to a saved config are taken before any config was active", () =>
    withScene(async (scene) => {
      assert.match(await scene.write([dropLldp]), /^FAILED_PRECONDITION /);
      assert.equal(await scene.set("verify-and-save", drops), "OK");
      assert.equal(await scene.write([dropLldp]), "OK");
      assert.equal(scene.fate(lldp), "forward");
      assert.equal(await scene.set("commit"), "OK");
      assert.equal(scene.fate(lldp), "drop");
    }),
  );

  requirement(["SFP-14", "SFP-15"], "COMMIT without something saved, or again, is NOT_FOUND", () =>
    withScene(async (scene) => {
      assert.match(await scene.set("commit"), /^NOT_FOUND /);
      await scene.set("verify-and-save", drops);
      assert.equal(await scene.set("commit"), "OK");
      assert.match(await scene.set("commit"), /^NOT_FOUND /);
    }),
  );

  requirement(
    "SFP-16",
    "COMMIT with a config is refused, and what is saved stays saved",
    withWbb(async (scene) => {
      await scene.set("verify-and-save", drops);
      assert.match(await scene.set("commit", drops), /^INVALID_ARGUMENT COMMIT takes no config/);
      assert.equal(await scene.set("commit"), "OK");
    }),
  );

  requirement(
    "SFP-36",
    "what is saved last is committed, with the writes since then",
    withWbb(async (scene) => {
      await scene.set("verify-and-save", drops);
      await scene.write([dropLldp]);
      const again = configOf(dropSpec(), "drops", { cookie: 7n });
      await scene.set("verify-and-save", again);
      assert.equal(await scene.set("commit"), "OK");
      assert.equal(scene.sw.pipelineConfig, again);
      assert.equal(scene.fate(lldp), "forward");
    }),
  );

  for (const act of ["verify-and-commit", "reconcile-and-commit"] as const)
    requirement(
      "SFP-37",
      `${act} forgets what is saved`,
      withWbb(async (scene) => {
        await scene.set("verify-and-save", drops);
        assert.equal(await scene.set(act, wbb), "OK");
        assert.equal(scene.sw.pipelineConfig, wbb);
        assert.match(await scene.set("commit"), /^NOT_FOUND /);
      }),
    );

  for (const act of ["verify", "verify-and-save", "verify-and-commit"] as const)
    requirement(
      "SFP-20",
      `a ${act} that fails keeps what is saved, with its writes`,
      withWbb(async (scene) => {
        await scene.set("verify-and-save", drops);
        await scene.write([dropLldp]);
        assert.match(await scene.set(act, bad), /^INVALID_ARGUMENT /);
        assert.equal(await scene.set("commit"), "OK");
        assert.equal(scene.fate(lldp), "drop");
      }),
    );

  requirement(
    ["SFP-26", "SFP-27", "SFP-29", "SFP-30"],
    "keeps cookie and device config as they came, and forgets the earlier ones",
    withWbb(async (scene) => {
      for (const [cookie, device] of [
        [0n, "x"],
        [7n, ""],
        [undefined, ""],
      ] as const) {
        const config = configOf(published("wbb"), "wbb", { cookie, deviceConfig: Buffer.from(device) });
        assert.equal(await scene.set("verify-and-commit", config), "OK");
        assert.equal(scene.sw.pipelineConfig?.cookie, cookie);
        assert.equal(Buffer.from(scene.sw.pipelineConfig?.deviceConfig ?? []).toString(), device);
      }
    }),
  );

  requirement(
    "SFP-33",
    "tells the controllers nothing and keeps the primary",
    withWbb(async (scene) => {
      const backup = scene.arbitrated(0);
      const told = backup.stream.notified.length;
      assert.equal(await scene.set("verify-and-commit", drops), "OK");
      assert.equal(backup.stream.notified.length, told);
      assert.equal(await scene.set("verify-and-commit", wbb), "OK");
    }),
  );

  requirement(
    "SFP-34",
    "waits for a Write in progress, which sees one pipeline only",
    withWbb(async (scene) => {
      const outcomes = await Promise.all([
        scene.write([{ ...trapLldp, match: { ether_type: 0x6007 } }]),
        scene.set("verify-and-commit", drops),
        scene.write([dropLldp]),
      ]);
      assert.deepEqual(outcomes, ["OK", "OK", "OK"]);
      assert.equal(scene.sw.entryCount, 1);
    }),
  );

  describe("with pipeline.identical_commit: keep", () => {
    it(
      "keeps every entry when the same P4Info comes again, and takes cookie and device config over",
      withWbb(
        async (scene) => {
          const again = configOf(published("wbb"), "wbb", { cookie: 9n });
          assert.equal(await scene.set("verify-and-commit", again), "OK");
          assert.equal(scene.sw.entryCount, 1);
          assert.equal(scene.fate(lldp), "drop punted");
          assert.equal(scene.sw.pipelineConfig?.cookie, 9n);
        },
        { identicalCommit: "keep" },
      ),
    );

    it(
      "clears them when another comes",
      withWbb(
        async (scene) => {
          assert.equal(await scene.set("verify-and-commit", drops), "OK");
          assert.equal(scene.fate(lldp), "forward");
        },
        { identicalCommit: "keep" },
      ),
    );
  });

  requirement(
    "SFP-22",
    "RECONCILE_AND_COMMIT of the same P4Info keeps every entry",
    withWbb(async (scene) => {
      assert.equal(await scene.set("reconcile-and-commit", configOf(published("wbb"), "wbb", { cookie: 3n })), "OK");
      assert.equal(scene.sw.entryCount, 1);
      assert.equal(scene.fate(lldp), "drop punted");
      assert.equal(scene.sw.pipelineConfig?.cookie, 3n);
    }),
  );

  requirement(
    "SFP-24",
    "RECONCILE_AND_COMMIT of a P4Info that lacks a table with entries changes nothing",
    withWbb(async (scene) => {
      assert.match(
        await scene.set("reconcile-and-commit", drops),
        /^INVALID_ARGUMENT RECONCILE_AND_COMMIT: 1 of 1 entities cannot be kept, .*\ntable 'acl_wbb_ingress_table': the entry priority 1, ether_type 0x88cc\/0xffff: INVALID_ARGUMENT: table_id 33554691 is not in the P4Info; it has .*$/s,
      );
      untouched(scene);
      assert.equal(await scene.write([{ ...trapLldp, type: "delete" }]), "OK");
      assert.equal(await scene.set("reconcile-and-commit", drops), "OK");
      assert.equal(scene.sw.active?.config, drops);
      assert.equal(await scene.write([dropLldp]), "OK");
      assert.equal(scene.fate(lldp), "drop");
    }),
  );

  requirement("SFP-25", "RECONCILE_AND_COMMIT without an active config commits", () =>
    withScene(async (scene) => {
      assert.equal(await scene.set("reconcile-and-commit", drops), "OK");
      assert.equal(scene.sw.active?.config, drops);
    }),
  );

  it(
    "adds the roles a program declares",
    withWbb(async (scene) => {
      const sdn = scene.arbitrated(5, "sdn_controller");
      assert.equal(sdn.stream.ended, undefined);
      assert.equal(await scene.set("verify", wbb, 5, "sdn_controller"), "OK");
    }),
  );
});

/** A software datapath whose next commit fails as a lost kernel would. */
class LosingDatapath extends SoftDatapath {
  losses = 0;
  resyncs: number[] = [];

  override plan(): Plan {
    const plan = super.plan();
    if (this.losses === 0) return plan;
    this.losses--;
    return {
      reset: (tables) => plan.reset(tables),
      add: (rule) => plan.add(rule),
      replace: (rule, change) => plan.replace(rule, change),
      remove: (rule) => plan.remove(rule),
      setMulticastGroup: (id, replicas) => plan.setMulticastGroup(id, replicas),
      setCloneSession: (id, session) => plan.setCloneSession(id, session),
      abandon: () => plan.abandon(),
      commit: () => {
        plan.abandon();
        return Promise.resolve({ ok: false, status: { code: Code.UNAVAILABLE, message: "the datapath is gone" } });
      },
    };
  }

  override resync(desired: RuleSet, signal: AbortSignal): Promise<Result> {
    this.resyncs.push(desired.tables.length);
    return super.resync(desired, signal);
  }
}

describe("a datapath that is lost while a pipeline is committed", () => {
  it("is brought back to the old pipeline and its entries; the push is UNAVAILABLE", async () => {
    const datapath = new LosingDatapath({ ports });
    await withWbb(
      async (scene) => {
        datapath.losses = 1;
        assert.equal(await scene.set("verify-and-commit", drops), "UNAVAILABLE the datapath is gone");
        assert.deepEqual(datapath.resyncs, [1]);
        untouched(scene);
        assert.equal(await scene.write([{ ...trapLldp, type: "delete" }]), "OK");
        assert.equal(scene.fate(lldp), "forward");
      },
      { datapath },
    )();
  });

  it("is emptied if there was no pipeline", async () => {
    const datapath = new LosingDatapath({ ports });
    await withScene(
      async (scene) => {
        datapath.losses = 1;
        assert.equal(await scene.set("verify-and-commit", drops), "UNAVAILABLE the datapath is gone");
        assert.deepEqual(datapath.resyncs, [0]);
        assert.equal(scene.sw.pipelineConfig, undefined);
        assert.equal(await scene.set("verify-and-commit", drops), "OK");
      },
      { datapath },
    );
  });

  it("keeps what is saved", async () => {
    const datapath = new LosingDatapath({ ports });
    await withWbb(
      async (scene) => {
        await scene.set("verify-and-save", drops);
        await scene.write([dropLldp]);
        datapath.losses = 1;
        assert.match(await scene.set("commit"), /^UNAVAILABLE /);
        assert.equal(scene.fate(lldp), "drop punted");
        assert.equal(await scene.set("commit"), "OK");
        assert.equal(scene.fate(lldp), "drop");
      },
      { datapath },
    )();
  });
});

/** One table with an action that nothing realises, beside drop and NoAction. */
function withUnknownAction(annotations: readonly string[] = []): P4InfoSpec {
  const [only] = dropSpec().tables;
  return dropSpec({
    tables: only === undefined ? [] : [{ ...only, actionRefs: [...only.actionRefs, ref(0x01000003, { annotations })] }],
    actions: [...dropSpec().actions, action(0x01000003, "set_vrf")],
  });
}

const setVrf: EntryUpdate = { ...dropLldp, match: { ether_type: 0x6007 }, action: "set_vrf" };

describe("an action that nothing realises", () => {
  it("refuses the P4Info by default, naming table and action", () =>
    withScene(async (scene) => {
      assert.match(
        await scene.set("verify-and-commit", configOf(withUnknownAction(), "x")),
        /^INVALID_ARGUMENT datapath 'soft' cannot realise.*\ntable 'drops': action 'set_vrf': no binding/,
      );
    }));

  for (const save of [false, true])
    it(`makes an entry UNIMPLEMENTED if it is declared @unsupported${save ? ", also while the config is only saved" : ""}`, () =>
      withScene(async (scene) => {
        const config = configOf(withUnknownAction(["@unsupported"]), "x");
        assert.equal(await scene.set(save ? "verify-and-save" : "verify-and-commit", config), "OK");
        assert.equal(
          await scene.write([dropLldp, setVrf, { ...dropLldp, type: "modify", action: "set_vrf" }]),
          "OK UNIMPLEMENTED UNIMPLEMENTED",
        );
        if (save) assert.equal(await scene.set("commit"), "OK");
        assert.equal(scene.sw.entryCount, 1);
        assert.equal(scene.fate(lldp), "drop");
      }));

  it("is stored without effect under unbound_tables: store, with one warning for the push", () =>
    withScene(
      async (scene) => {
        assert.equal(await scene.set("verify-and-commit", configOf(withUnknownAction(), "x")), "OK");
        assert.deepEqual(
          scene.warnings.map(({ event }) => event),
          ["pipeline.unrealised"],
        );
        assert.equal(await scene.write([dropLldp, setVrf]), "OK OK");
        assert.equal(scene.fate(lldp), "drop");
        assert.equal(await scene.write([{ ...dropLldp, type: "modify", action: "set_vrf" }]), "OK");
        assert.equal(scene.fate(lldp), "forward");
        assert.equal(await scene.write([{ ...dropLldp, type: "modify" }]), "OK");
        assert.equal(scene.fate(lldp), "drop");
        assert.equal(
          await scene.write([
            { ...dropLldp, type: "delete" },
            { ...setVrf, type: "delete" },
          ]),
          "OK OK",
        );
        assert.equal(scene.sw.entryCount, 0);
      },
      { unboundTables: "store" },
    ));
});
