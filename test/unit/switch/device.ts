/** A device without arbitration: the program of `programs.ts` on a scripted datapath, written and read directly. */
import { defined } from "../../../src/base/invariant.js";
import { codeName, type Status } from "../../../src/base/status.js";
import { silentLogger } from "../../../src/base/logger.js";
import type { Capabilities } from "../../../src/datapath/datapath.js";
import type { PortId } from "../../../src/datapath/port.js";
import type { FlowingSink } from "../../../src/entity/entity-sink.js";
import type { P4InfoSpec } from "../../../src/pipeline/p4info.js";
import type { IdleNotification } from "../../../src/entity/idle-notification.js";
import { IdleTimeouts } from "../../../src/switch/idle-timeouts.js";
import { Pipelines } from "../../../src/switch/pipelines.js";
import type { Program } from "../../../src/switch/program.js";
import { RoleAccess } from "../../../src/switch/role-access.js";
import { ReadBatch } from "../../../src/switch/read.js";
import { RuleComparison, type RuleRow } from "../../../src/switch/rule-comparison.js";
import { WriteBatch, type Atomicity, type WriteOutcome } from "../../../src/switch/write.js";
import { decodeReadRequest } from "../../../src/wire/decode-read.js";
import { decodeWriteRequest } from "../../../src/wire/decode-write.js";
import { ReadResponseEncoder } from "../../../src/wire/encode-entity.js";
import { Replay } from "../../../src/wire/replay.js";
import { entitiesOf, readBytes, writeBytes, type Entity, type Plain, type SentUpdate } from "../../support/entities.js";
import { HandClock } from "../../support/hand-clock.js";
import { isSelector, type RuleAction } from "../../../src/datapath/rule.js";
import { isPort, ports, shapes } from "../../support/programs.js";
import { stepsTo } from "../../support/program-options.js";
import { ScriptedDatapath } from "../../support/scripted-datapath.js";

const queues = [
  { name: "1", pps: 10, burst: 10 },
  { name: "2", pps: 10, burst: 10 },
];
/** Responses as they are handed on. */
class Collected extends ReadResponseEncoder implements FlowingSink {
  readonly responses: Buffer[] = [];

  flush(): Promise<void> {
    this.responses.push(this.take());
    return Promise.resolve();
  }
}

export interface ReadOutcome {
  readonly entities: readonly Plain[];
  /** One per entity asked for. */
  readonly results: readonly string[];
}

export class Device {
  readonly datapath = new ScriptedDatapath(queues);
  readonly pipelines: Pipelines;
  readonly clock = new HandClock();
  /** What the only primary was told. */
  readonly idled: IdleNotification[] = [];
  readonly idleTimeouts: IdleTimeouts;
  #pushes = 0;

  private constructor(unboundTables: "refuse" | "store", maxMasks: number, lacks: Partial<Capabilities>) {
    this.datapath.script.lacks = lacks;
    const options = {
      bindings: new Map(),
      actions: new Map(),
      maxMasks,
      queues,
      capabilities: this.datapath.capabilities,
      tableSize: "exact",
      unboundTables,
      egressFallback: "zero",
      missingMetadata: "zero",
      isPort,
      ports,
      identicalCommit: "clear",
      replay: (apply: ConstructorParameters<typeof Replay>[0]) => new Replay(apply),
    } as const;
    this.pipelines = new Pipelines(this.datapath, options, silentLogger, () =>
      this.idleTimeouts.use(this.pipelines.active),
    );
    const idle = (notification: IdleNotification) => this.idled.push(notification) > 0;
    const controllers = { primariesFor: () => [{ idle }] };
    this.idleTimeouts = new IdleTimeouts(this.datapath, controllers, { clock: this.clock, log: silentLogger });
  }

  /** Runs `program`; tables that nothing realises are control-plane state. */
  static async with(
    program: P4InfoSpec = shapes,
    action: "verify-and-commit" | "verify-and-save" = "verify-and-commit",
    { maxMasks = 256, lacks = {} }: { readonly maxMasks?: number; readonly lacks?: Partial<Capabilities> } = {},
  ) {
    const device = new Device("store", maxMasks, lacks);
    await device.push(program, action);
    return device;
  }

  async push(
    program: P4InfoSpec,
    action: "verify-and-commit" | "verify-and-save" | "reconcile-and-commit" = "verify-and-commit",
  ): Promise<Status | undefined> {
    const name = (this.#pushes++).toString(); // another P4Info each time
    const p4info = { bytes: Buffer.from(name), decode: () => stepsTo(program), fingerprint: () => name };
    return this.pipelines.set(action, { p4info, deviceConfig: new Uint8Array(0), cookie: undefined });
  }

  get program(): Program {
    return this.pipelines.require();
  }

  /** What a role without config may do. */
  access(role: string): RoleAccess {
    return new RoleAccess(role, undefined, this.program.pipeline);
  }

  run(atomicity: Atomicity, ...updates: readonly SentUpdate[]): Promise<WriteOutcome> {
    const batch = new WriteBatch(this.program, this.pipelines.realiser, this.datapath, {
      rehearsal: this.pipelines.rehearsal,
      committed: undefined,
      caller: { peer: "test", principal: "test" },
      access: this.access(""),
      clock: this.clock,
    });
    return batch.run(decodeWriteRequest(writeBytes(...updates)).updates, atomicity);
  }

  /** Results of a batch, by name, one per update. */
  async write(atomicity: Atomicity, ...updates: readonly SentUpdate[]): Promise<readonly string[]> {
    const { results } = await this.run(atomicity, ...updates);
    return results.map((status) => codeName(status?.code ?? 0));
  }

  async read(...entities: readonly Entity[]): Promise<ReadOutcome> {
    return this.readAs("", ...entities);
  }

  async readAs(role: string, ...entities: readonly Entity[]): Promise<ReadOutcome> {
    const { sizes: _, statuses: __, ...outcome } = await this.#collect(role, entities);
    return outcome;
  }

  /** Also tells how big the responses are, in bytes. */
  readCut(...entities: readonly Entity[]): Promise<ReadOutcome & { readonly sizes: readonly number[] }> {
    return this.#collect("", entities);
  }

  /** What each request of a Read failed with; undefined: it did not. */
  async readStatuses(...entities: readonly Entity[]): Promise<readonly (Status | undefined)[]> {
    return (await this.#collect("", entities)).statuses;
  }

  async #collect(role: string, entities: readonly Entity[]) {
    const sink = new Collected();
    const batch = new ReadBatch(this.program, this.datapath, sink, {
      access: this.access(role),
      signal: new AbortController().signal,
      log: silentLogger,
      elapsed: (store, versions) => this.idleTimeouts.elapsed(store, versions),
    });
    const results = await batch.run(decodeReadRequest(readBytes(...entities)).queries);
    await sink.flush();
    return {
      entities: entitiesOf(...sink.responses),
      statuses: results,
      results: results.map((status) => codeName(status?.code ?? 0)),
      sizes: sink.responses.map((response) => response.length),
    };
  }

  /** What the datapath holds beside what the entries ask for. */
  async compare(
    table?: string,
  ): Promise<{ readonly rows: readonly RuleRow[] } & Pick<RuleComparison, "entries" | "installed" | "differences">> {
    const { active: program, realiser } = this.pipelines;
    const { signal } = new AbortController();
    const held = { [Symbol.dispose]: () => undefined };
    const device = { datapath: this.datapath, program, realiser, queues };
    using comparison = await RuleComparison.of(device, table, { held, signal });
    const rows: RuleRow[] = [];
    for await (const batch of comparison.rows(signal)) rows.push(...batch);
    const { entries, installed, differences } = comparison;
    return { rows, entries, installed, differences };
  }

  /** Lets a frame of 60 bytes with this EtherType come in by port 1. */
  frame(etherType: number): void {
    const frame = Buffer.alloc(60);
    frame.writeUInt16BE(etherType, 12);
    this.datapath.soft.inject(1 as PortId, frame);
  }

  /** Verdicts, priorities and queues of the rules on the datapath, in rising order of priority. */
  get rules(): readonly string[] {
    return [...this.datapath.rules.values()]
      .sort((a, b) => a.priority - b.priority)
      .map(({ priority, action }) => `${priority} ${actionText(action)}`);
  }

  /** Entities of the one query. */
  async only(entity: Entity): Promise<readonly Plain[]> {
    const { entities, results } = await this.read(entity);
    return defined(results[0] === "OK" ? entities : undefined, `the read gives ${results.join()}`);
  }
}

/** `trap`, `trap 0` with a queue, `hash trap*2@3 drop*1` for a selector: weights, and the port after the @. */
function actionText(action: RuleAction): string {
  if (!isSelector(action)) return `${action.green}${action.queue === undefined ? "" : ` ${action.queue}`}`;
  const choices = action.choices.map(
    ({ action: one, weight, watch }) => `${actionText(one)}*${weight}${watch === undefined ? "" : `@${watch}`}`,
  );
  return [action.mode, ...choices].join(" ");
}
