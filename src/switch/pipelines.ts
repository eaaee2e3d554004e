/** Pipeline lifecycle: the committed program, and one that is saved and waits for COMMIT. */
import { failedPrecondition, invalidArgument, notFound, StatusError, statusOf, type Status } from "../base/status.js";
import type { Logger } from "../base/logger.js";
import { Slices } from "../base/slices.js";
import type { Datapath, Plan } from "../datapath/datapath.js";
import { replicateSteps } from "../datapath/resync.js";
import type { OpenReplay } from "../entity/entity-sink.js";
import { restartCounter } from "./counters.js";
import { buildProgram, type PipelineConfig, type Program, type ProgramOptions } from "./program.js";
import { Realiser } from "./realise.js";
import { cannotKeep, carryCounters, Reconciliation, type Predecessors } from "./reconcile.js";
import { Rehearsal } from "./rehearsal.js";

export type PipelineAction = "verify" | "verify-and-save" | "verify-and-commit" | "commit" | "reconcile-and-commit";

export interface PipelineOptions extends ProgramOptions {
  readonly identicalCommit: "clear" | "keep";
  /** How entities move from one program to another. */
  readonly replay: OpenReplay;
}

/** The committed program of one device, and the saved one if there is one. */
export class Pipelines {
  readonly realiser: Realiser;
  readonly #datapath: Datapath;
  readonly #options: PipelineOptions;
  readonly #log: Logger;
  readonly #changed: () => void;
  #active: Program | undefined;
  #saved: { readonly program: Program; readonly rehearsal: Rehearsal } | undefined;

  /** @param changed called when `active` or `current` has become another program */
  constructor(datapath: Datapath, options: PipelineOptions, log: Logger, changed: () => void) {
    this.#datapath = datapath;
    this.#options = options;
    this.#log = log;
    this.#changed = changed;
    this.realiser = new Realiser(options);
  }

  /** What packets meet. */
  get active(): Program | undefined {
    return this.#active;
  }

  /** What Write, Read and GetForwardingPipelineConfig use: the saved program if there is one (SFP-11, AMB-20). */
  get current(): Program | undefined {
    return this.#saved?.program ?? this.#active;
  }

  /** What stands for the datapath while writes to `current` do not reach it. */
  get rehearsal(): Rehearsal | undefined {
    return this.#saved?.rehearsal;
  }

  /** @throws StatusError FAILED_PRECONDITION if there is no pipeline (WRT-04, RED-02) */
  require(): Program {
    const program = this.current;
    if (program === undefined)
      throw failedPrecondition("no forwarding pipeline is set; send SetForwardingPipelineConfig first");
    return program;
  }

  /**
   * @precondition the turn is held and the caller is primary
   * @returns what became of the datapath if the commit failed: it is lost, nothing else changed, `resync` is due
   * @throws StatusError (SFP-05 … SFP-37)
   */
  async set(action: PipelineAction, config: PipelineConfig | undefined): Promise<Status | undefined> {
    if (action === "commit") {
      if (config !== undefined) throw invalidArgument("COMMIT takes no config: it commits the saved one");
      return this.#commitSaved();
    }
    if (config === undefined) throw invalidArgument(`${action.toUpperCase().replaceAll("-", "_")} needs a config`);
    switch (action) {
      case "verify":
        await this.#build(config);
        return undefined;
      case "verify-and-save":
        this.#save(await this.#build(config));
        return undefined;
      case "verify-and-commit":
        return this.#verifyAndCommit(config);
      case "reconcile-and-commit":
        return this.#reconcile(config);
    }
  }

  /** Makes the datapath hold the active program's rules and no others, because it lost track of them. */
  async resync(signal: AbortSignal): Promise<Status | undefined> {
    const program = this.#active;
    const desired =
      program === undefined
        ? { tables: [], rules: [] }
        : {
            tables: program.bindings.specs,
            rules: this.#rules(program),
            replication: this.realiser.replication.replication(program.store),
          };
    const result = await this.#datapath.resync(desired, signal);
    return result.ok ? undefined : result.status;
  }

  async #verifyAndCommit(config: PipelineConfig): Promise<Status | undefined> {
    const active = this.#active;
    if (this.#options.identicalCommit === "keep" && active !== undefined && samePipeline(active.config, config)) {
      this.#keep(active, config);
      return undefined;
    }
    return this.#activate(await this.#build(config));
  }

  /** In slices: a P4Info may be large. */
  #build(config: PipelineConfig): Promise<Program> {
    return new Slices().run(buildProgram(config, this.#options));
  }

  /** SFP-22, SFP-24, SFP-25: without a program, or for the same one, there is nothing to reconcile. */
  async #reconcile(config: PipelineConfig): Promise<Status | undefined> {
    const active = this.#active;
    if (active === undefined) return this.#activate(await this.#build(config));
    if (samePipeline(active.config, config)) {
      this.#keep(active, config);
      return undefined;
    }
    const next = await this.#build(config);
    const { replay } = this.#options;
    const options = { realiser: this.realiser, datapath: this.#datapath, replay, log: this.#log };
    const predecessors = await new Reconciliation(active, next, options).run();
    try {
      return await this.#activate(next, predecessors);
    } catch (error) {
      throw cannotKeep([statusOf(error).message], 1, next.store.entryCount);
    }
  }

  /** The same program with a new device config and cookie: every entry stays. */
  #keep(active: Program, config: PipelineConfig): void {
    this.#saved = undefined;
    this.#active = { ...active, config };
    this.#changed();
  }

  async #commitSaved(): Promise<Status | undefined> {
    if (this.#saved === undefined) throw notFound("no forwarding pipeline is saved; VERIFY_AND_SAVE comes first");
    return this.#activate(this.#saved.program);
  }

  #save(program: Program): void {
    this.#saved = { program, rehearsal: new Rehearsal(this.realiser, program) };
    this.#changed();
  }

  /**
   * Puts `program` with all its entries in the place of what the datapath has.
   * @param predecessors entries of the program before that some of its entries go on for
   */
  async #activate(program: Program, predecessors: Predecessors = new Map()): Promise<Status | undefined> {
    const plan = this.#datapath.plan();
    try {
      const reset = plan.reset(program.bindings.specs);
      if (!reset.ok) throw new StatusError(reset.status);
      await this.#install(plan, program, predecessors);
      await carryCounters(predecessors, this.#datapath);
    } catch (error) {
      plan.abandon();
      throw error;
    }
    const applied = await plan.commit();
    if (!applied.ok) return applied.status;
    this.#active = program;
    this.#saved = undefined;
    this.#changed();
    await this.#report(program);
    return undefined;
  }

  /** In slices: the turn is held, so neither program nor datapath changes meanwhile. */
  async #install(plan: Plan, program: Program, predecessors: Predecessors): Promise<void> {
    const slices = new Slices();
    for (const table of program.tables.values()) {
      for (const version of table.store.byAge(program.store.generation)) {
        this.realiser.add(plan, table, version, undefined, predecessors.get(version));
        if (slices.due) await slices.pause();
      }
    }
    const replicating = replicateSteps(plan, this.realiser.replication.replication(program.store));
    const replicated = await slices.run(replicating);
    if (!replicated.ok) throw new StatusError(replicated.status);
  }

  *#rules(program: Program) {
    for (const table of program.tables.values()) {
      for (const version of table.store.byAge(program.store.generation)) {
        const rule = this.realiser.rule(table, version);
        if (rule === undefined) continue;
        const placed = (handle: object) => {
          version.rule = handle;
          restartCounter(version);
        };
        yield { rule, placed };
      }
    }
  }

  /** What was bound to what, and what nothing realises: the operator's view of the push. */
  async #report(program: Program): Promise<void> {
    const { byTable, unrealised } = program.bindings;
    const slices = new Slices();
    for (const { table, fields } of byTable.values()) {
      const keys = fields.map(
        ({ field, binding }) => `${field.name} → ${binding.inverted ? "not " : ""}${binding.key} (${binding.source})`,
      );
      this.#log.info("pipeline.bound", { table: table.alias, size: table.size, keys });
      if (slices.due) await slices.pause();
    }
    const { unchecked } = program.pipeline.references;
    if (unchecked.length > 0) {
      const annotations = unchecked.slice(0, maxNamed);
      this.#log.info("pipeline.references_unchecked", { annotations, count: unchecked.length });
    }
    if (unrealised.length === 0) return;
    const tables = new Set(unrealised.map(({ table }) => table.alias));
    this.#log.warn("pipeline.unrealised", {
      tables: [...tables].slice(0, maxNamed),
      reasons: unrealised.slice(0, maxNamed).map(({ table, reason }) => `${table.alias}: ${reason}`),
      count: unrealised.length,
    });
  }
}

/** Tables and reasons named in one log line. */
const maxNamed = 100;

function samePipeline(a: PipelineConfig, b: PipelineConfig): boolean {
  return Buffer.compare(a.p4info.bytes, b.p4info.bytes) === 0 || a.p4info.fingerprint() === b.p4info.fingerprint();
}
