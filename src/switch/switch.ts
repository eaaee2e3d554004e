/** The switch a controller sees: one device with its arbitration, pipeline, entities and packets. */
import { Admission } from "../base/admission.js";
import type { Clock } from "../base/clock.js";
import type { Logger } from "../base/logger.js";
import { Code, permissionDenied, resourceExhausted, StatusError, unimplemented, type Status } from "../base/status.js";
import { Turn } from "../base/turn.js";
import type { Datapath } from "../datapath/datapath.js";
import { DropCounts } from "../datapath/drop-reason.js";
import type { Injector } from "../datapath/injector.js";
import { cpuPort, ordinaryPort } from "../datapath/port.js";
import type { QueueSpec } from "../datapath/rule.js";
import type { ChangeRecord } from "../entity/change-record.js";
import type { FlowingSink } from "../entity/entity-sink.js";
import type { QueryDecoder } from "../entity/read-query.js";
import type { UpdateDecoder } from "../entity/update.js";
import { Arbiter } from "../session/arbiter.js";
import type { Table } from "../pipeline/pipeline.js";
import type { ElectionId } from "../session/election-id.js";
import { roleName, type RoleName } from "../session/role.js";
import type { Caller } from "./caller.js";
import { Controllers } from "./controllers.js";
import { describeDevice, type DeviceDescription } from "./device-description.js";
import { IdleTimeouts } from "./idle-timeouts.js";
import { Packets, type PacketOptions } from "./packets.js";
import { Pipelines, type PipelineAction, type PipelineOptions } from "./pipelines.js";
import { countUnrealised, type PipelineConfig } from "./program.js";
import { ReadBatch, type ReadOptions } from "./read.js";
import { refuseRoleConfig, Roles, type RoleConfigDecoder } from "./roles.js";
import { RuleComparison } from "./rule-comparison.js";
import { atomicities, WriteBatch, type UpdateResult } from "./write.js";

export interface SwitchOptions {
  readonly deviceId: bigint;
  readonly name: string;
  readonly arbitration: { readonly promotion: "spec" | "next-highest"; readonly maxControllersPerRole: number };
  readonly pipeline: Omit<PipelineOptions, "isPort" | "ports" | "capabilities">;
  readonly packets: PacketOptions;
  readonly decodeRoleConfig: RoleConfigDecoder;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The part of a request that says who may make it. */
export interface Claim {
  readonly role: string;
  readonly electionId: ElectionId | undefined;
}

/** A SetForwardingPipelineConfig; action and config are decoded when the caller has been found to be primary (SFP-04). */
export interface PipelineRequest extends Claim {
  /** Size of the request as received. */
  readonly bytes: number;
  readonly action: () => PipelineAction;
  readonly config: () => PipelineConfig | undefined;
}

export interface WriteRequest extends Claim {
  /** Size of the request as received, which it holds on to while it waits. */
  readonly bytes: number;
  /** Enum number of `WriteRequest.Atomicity`. */
  readonly atomicity: number;
  readonly updates: UpdateDecoder;
}

/** Writes and pushes that may wait for their turn on one device; the primary is told to slow down beyond. */
const maxWaiting = { requests: 1024, bytes: 128 * 1024 * 1024 };

/** Comparisons of one device that may be open: each holds what is installed. */
const maxComparisons = { requests: 4, bytes: Infinity };

/** What `open` starts and disposal ends. */
export class Switch implements AsyncDisposable {
  readonly deviceId: bigint;
  readonly name: string;
  readonly controllers: Controllers;
  readonly packets: Packets;
  readonly idleTimeouts: IdleTimeouts;
  readonly datapath: Datapath;
  /** Set if the datapath is a software switch. */
  readonly injector: Injector | undefined;
  /** Frames that went no further on our side of the datapath. */
  readonly drops = new DropCounts();
  readonly #roles: Roles;
  readonly #pipelines: Pipelines;
  readonly #turn = new Turn();
  readonly #admission = new Admission(maxWaiting);
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #maxMasks: number;
  readonly #queues: readonly QueueSpec[];
  readonly #comparisons = new Admission(maxComparisons);
  /** Ports that controllers may name, by rising number, until others come or go; listed when somebody names none of them. */
  #ports: readonly number[] | undefined;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(datapath: Datapath, injector: Injector | undefined, options: SwitchOptions) {
    this.deviceId = options.deviceId;
    this.name = options.name;
    this.datapath = datapath;
    this.injector = injector;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#maxMasks = options.pipeline.maxMasks;
    this.#queues = options.pipeline.queues;
    const arbiter = new Arbiter({
      deviceId: options.deviceId,
      ...options.arbitration,
      refuseRoleConfig: refuseRoleConfig(options.decodeRoleConfig),
    });
    this.#roles = new Roles(arbiter, options.decodeRoleConfig);
    this.controllers = new Controllers(arbiter, options.log, this.drops);
    this.packets = new Packets(datapath, this.controllers, this.#roles, this.drops, options.packets);
    this.idleTimeouts = new IdleTimeouts(datapath, { primariesFor: (table) => this.#primariesFor(table) }, options);
    const isPort = (port: number) => port === cpuPort || hasPort(datapath, port);
    const ports = () => (this.#ports ??= portIds(datapath));
    const pipeline = { ...options.pipeline, isPort, ports, capabilities: datapath.capabilities };
    this.#pipelines = new Pipelines(datapath, pipeline, options.log, () => {
      const { active, current } = this.#pipelines;
      arbiter.setPipelineRoles(
        [active, current].flatMap((program) => [...(program?.pipeline.roles ?? [])]).map(roleName),
      );
      this.packets.use(active);
      this.idleTimeouts.use(active);
    });
  }

  /** Begins to deliver frames and to follow the datapath's events. @param failed called if either ends by itself */
  open(failed: (error: unknown) => void): void {
    const { signal } = this.#stop;
    const parts = [this.packets.deliver(signal), this.#follow(signal), this.idleTimeouts.run(signal)];
    this.#running = Promise.all(parts).catch((error: unknown) => {
      if (!signal.aborted) failed(error);
    });
  }

  /** The committed or saved pipeline; undefined if there is none. */
  get pipelineConfig(): PipelineConfig | undefined {
    return this.#pipelines.current?.config;
  }

  /** What the device can do, for Capabilities. */
  get description(): DeviceDescription {
    return describeDevice(this.datapath.capabilities, this.#maxMasks, this.#pipelines.current);
  }

  /** The program packets meet. */
  get active() {
    return this.#pipelines.active;
  }

  /** Match entries that are committed, and how many of them nothing on the datapath realises. */
  get entryCount(): number {
    return this.active?.store.entryCount ?? 0;
  }

  get unrealisedCount(): number {
    return this.active === undefined ? 0 : countUnrealised(this.active);
  }

  /**
   * One Write at a time (P4Runtime §12.1). One result per update, in request order.
   * @throws StatusError NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED, in this order (WRT-01 … WRT-05);
   *   RESOURCE_EXHAUSTED if too much waits already
   */
  async write(request: WriteRequest, caller: Caller): Promise<readonly UpdateResult[]> {
    this.#admit(request); // who may not write now does not wait for a turn to be told (ARB-40, ARB-41)
    using _place = this.#wait(request.bytes);
    return await this.#turn.run(async () => {
      const role = this.#admit(request);
      const program = this.#pipelines.require();
      const atomicity = atomicities[request.atomicity];
      if (atomicity === undefined) throw unimplemented(`atomicity ${request.atomicity} is unknown`);
      if (request.updates.count === 0) return [];
      return this.#asPrimary(role, async () => {
        const { rehearsal } = this.#pipelines;
        const committed = this.#committed(caller);
        const batch = new WriteBatch(program, this.#pipelines.realiser, this.datapath, {
          access: this.#roles.accessOf(role, program.pipeline),
          rehearsal,
          committed,
          caller,
          clock: this.#clock,
        });
        const { results, lost } = await batch.run(request.updates, atomicity);
        if (lost !== undefined) await this.#recover(lost);
        return results;
      });
    });
  }

  /** Answers from one snapshot; never waits for a Write. @throws StatusError FAILED_PRECONDITION (RED-02) */
  async read(
    queries: QueryDecoder,
    sink: FlowingSink,
    options: { readonly role: string; readonly signal: AbortSignal },
  ): Promise<readonly (Status | undefined)[]> {
    const program = this.#pipelines.require();
    const role = roleName(options.role);
    const access = this.controllers.arbiter.knows(role) ? this.#roles.accessOf(role, program.pipeline) : undefined;
    const elapsed: ReadOptions["elapsed"] = (store, versions) => this.idleTimeouts.elapsed(store, versions);
    const { signal } = options;
    return new ReadBatch(program, this.datapath, sink, { access, signal, log: this.#log, elapsed }).run(queries);
  }

  /**
   * @throws StatusError NOT_FOUND, PERMISSION_DENIED, then the action's own errors (SFP-02 … SFP-37); RESOURCE_EXHAUSTED if
   *   too much waits already
   */
  async setPipeline(request: PipelineRequest, { peer }: Caller): Promise<void> {
    this.#admit(request);
    using _place = this.#wait(request.bytes);
    await this.#turn.run(async () => {
      const role = this.#admit(request);
      const refusal = this.#roles.refusesPush(role);
      if (refusal !== undefined) throw permissionDenied(refusal, { role });
      await this.#asPrimary(role, async () => {
        const action = request.action();
        const lost = await this.#pipelines.set(action, request.config());
        if (lost !== undefined) {
          await this.#recover(lost);
          throw new StatusError(lost);
        }
        const tables = this.#pipelines.current?.tables.size ?? 0;
        this.#log.info("pipeline.set", { device: this.deviceId, peer, action, tables, entries: this.entryCount });
      });
    });
  }

  /**
   * What the datapath holds beside what the committed entries ask for. Writes wait while both are looked at, not while
   * the outcome is read; dispose it.
   * @param table alias, name or decimal id of the only table to compare
   * @throws StatusError UNIMPLEMENTED, NOT_FOUND; RESOURCE_EXHAUSTED if four comparisons are open
   */
  async compareRules(table: string | undefined, signal: AbortSignal): Promise<RuleComparison> {
    const held = this.#comparisons.enter(0);
    if (held === undefined)
      throw resourceExhausted(`device ${this.deviceId}: ${maxComparisons.requests} comparisons are open`);
    return this.#turn.run(() => {
      const { active: program, realiser } = this.#pipelines;
      const device = { datapath: this.datapath, program, realiser, queues: this.#queues };
      return RuleComparison.of(device, table, { held, signal });
    });
  }

  /** A place among those that wait. @throws StatusError RESOURCE_EXHAUSTED if there is none */
  #wait(bytes: number): Disposable {
    const place = this.#admission.enter(bytes);
    if (place !== undefined) return place;
    const { requests, bytes: limit } = maxWaiting;
    throw resourceExhausted(
      `device ${this.deviceId}: ${requests} requests or ${limit} bytes wait for their turn already; await answers before sending more`,
    );
  }

  /** Who is told what a commit changed: for now the log, when it is as talkative as that. */
  #committed({ peer }: Caller): ((changes: ChangeRecord) => void) | undefined {
    if (!this.#log.enabled("debug")) return undefined;
    return ({ generation, inserted, modified, deleted }) => {
      const counts = { inserted: inserted.length, modified: modified.length, deleted: deleted.length };
      this.#log.debug("write.committed", { device: this.deviceId, peer, generation, ...counts });
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#turn.run(() => undefined);
  }

  /** The primaries in whose roles a Read shows `table` of the active program (ARB-76, AMB-61). */
  #primariesFor(table: Table): ReturnType<Controllers["primariesOf"]> {
    const pipeline = this.#pipelines.active?.pipeline;
    if (pipeline === undefined) return [];
    return this.controllers.primariesOf((role) => this.#roles.accessOf(role, pipeline).reads(table.id));
  }

  #admit({ role, electionId }: Claim): RoleName {
    const name = roleName(role);
    const refusal = this.controllers.arbiter.mayWrite(name, electionId);
    if (refusal !== undefined) throw new StatusError(refusal);
    return name;
  }

  /** Runs `work` so that hand-overs of `role` wait for its end (ARB-40). */
  async #asPrimary<T>(role: RoleName, work: () => Promise<T>): Promise<T> {
    this.controllers.arbiter.beginWrite(role);
    try {
      return await work();
    } finally {
      this.controllers.settle(this.controllers.arbiter.endWrite(role));
    }
  }

  async #recover(lost: Status): Promise<void> {
    this.#log.error("datapath.lost", { device: this.deviceId, reason: lost.message });
    const status = await this.#pipelines.resync(this.#stop.signal);
    if (status === undefined) this.#log.info("datapath.resynced", { device: this.deviceId });
    else this.#log.error("datapath.resync_failed", { device: this.deviceId, reason: status.message });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const event of this.datapath.events(signal)) {
      switch (event.kind) {
        case "transmit-refused":
          this.packets.refusedLater(event.token, event.reason);
          break;
        case "port-added":
        case "port-removed":
          this.#ports = undefined;
          this.#log.debug(`datapath.${event.kind.replace("-", "_")}`, { device: this.deviceId, port: event.port });
          break;
        case "port-state":
          this.#log.info("datapath.port_state", { device: this.deviceId, port: event.port, state: event.state });
          break;
        case "lost":
          await this.#turn.run(() => this.#recover({ code: Code.UNAVAILABLE, message: event.reason }));
      }
    }
  }
}

function hasPort(datapath: Datapath, port: number): boolean {
  const id = ordinaryPort(port);
  return id !== undefined && datapath.port(id) !== undefined;
}

function portIds(datapath: Datapath): readonly number[] {
  return datapath
    .stats()
    .ports.map(({ id }) => id as number)
    .sort((a, b) => a - b);
}
