/** A switch with a software datapath and the published WBB program, driven without a wire. */
import { silentLogger, type LogFields, type Logger } from "../../../src/base/logger.js";
import { codeName, StatusError, type Status } from "../../../src/base/status.js";
import { defined } from "../../../src/base/invariant.js";
import type { Datapath } from "../../../src/datapath/datapath.js";
import type { PortId } from "../../../src/datapath/port.js";
import { SoftDatapath } from "../../../src/datapath/soft/soft-datapath.js";
import { TableEntryDraft, type MeterConfig, type UpdateType } from "../../../src/entity/table-entry.js";
import type { IdleNotification } from "../../../src/entity/idle-notification.js";
import type { EntitySchema } from "../../../src/entity/schema.js";
import type { Update, UpdateDecoder } from "../../../src/entity/update.js";
import { Backlog } from "../../../src/packetio/backlog.js";
import type { StreamErrorMessage } from "../../../src/packetio/stream-error.js";
import type { ArbitrationMessage, ControllerId } from "../../../src/session/arbitration-message.js";
import { electionId } from "../../../src/session/election-id.js";
import { roleName } from "../../../src/session/role.js";
import type { ControllerStream } from "../../../src/switch/controllers.js";
import type { PacketSource } from "../../../src/switch/packets.js";
import type { PipelineAction } from "../../../src/switch/pipelines.js";
import type { PipelineConfig } from "../../../src/switch/program.js";
import { Switch, type SwitchOptions } from "../../../src/switch/switch.js";
import { decodeRoleConfig } from "../../../src/wire/decode-role-config.js";
import { PacketInEncoder } from "../../../src/wire/encode-packet-in.js";
import { Replay } from "../../../src/wire/replay.js";
import { programOptions } from "../../support/program-options.js";
import { record, type SlotValue } from "../constraints/records.js";

/** One update in words; `match` and `args` are by name. */
export interface EntryUpdate {
  readonly type: UpdateType;
  readonly table: string;
  readonly match?: Readonly<Record<string, SlotValue>>;
  readonly priority?: number;
  readonly action?: string;
  readonly args?: Readonly<Record<string, SlotValue>>;
  readonly meter?: MeterConfig;
}

/** Updates that name tables and actions by alias. */
export function updates(list: readonly EntryUpdate[]): UpdateDecoder {
  return { count: list.length, decode: (index, schema) => decode(defined(list[index], "index is in range"), schema) };
}

function decode(update: EntryUpdate, { tables }: EntitySchema): Update {
  const schema = [...tables.values()].find(({ table }) => table.alias === update.table);
  if (schema === undefined) throw new StatusError({ code: 3, message: `no table '${update.table}'` });
  const entry = new TableEntryDraft();
  entry.begin(schema);
  if (update.match === undefined) {
    entry.isDefault = true;
    entry.keyLength = 0;
  } else {
    const key = record(schema.key, update.match, update.priority ?? 1);
    entry.keyBytes.set(key);
    entry.keyLength = key.length;
  }
  if (update.action !== undefined) {
    const action = defined(
      [...schema.actions.values()].find((candidate) => candidate.action.alias === update.action),
      `action ${update.action}`,
    );
    entry.beginAction(action);
    const call = record(action.layout, update.args ?? {}, action.action.id);
    entry.actionBytes.set(call);
    entry.actionLength = call.length;
  }
  entry.meter = update.meter;
  return { kind: "table-entry", type: update.type, entry };
}

/** A controller's stream that keeps what it was told. */
export class RecordedStream implements ControllerStream {
  readonly peer: string;
  readonly backlog: Backlog;
  readonly notified: ArbitrationMessage[] = [];
  readonly errors: StreamErrorMessage[] = [];
  readonly idled: IdleNotification[] = [];
  ended: Status | undefined;

  constructor(peer: string, frames = 100) {
    this.peer = peer;
    this.backlog = new Backlog({ frames, bytes: 1 << 20 }, () => undefined);
  }

  notify(message: ArbitrationMessage): void {
    this.notified.push(message);
  }

  error(error: StreamErrorMessage): void {
    this.errors.push(error);
  }

  idle(notification: IdleNotification): boolean {
    this.idled.push(notification);
    return true;
  }

  end(status: Status): void {
    this.ended = status;
  }
}

export interface Controller {
  readonly id: ControllerId;
  readonly stream: RecordedStream;
  readonly source: PacketSource;
}

export type SceneOptions = Partial<SwitchOptions["pipeline"]> & {
  readonly datapath?: SoftDatapath;
  /** What the switch sees instead of `datapath`. */
  readonly wrapped?: Datapath;
  readonly packets?: Partial<SwitchOptions["packets"]>;
};

export const ports = [1, 2, 3, 4].map((id) => ({ id: id as PortId, name: `ethernet-1/${id}` }));

export class Scene implements AsyncDisposable {
  readonly datapath: SoftDatapath;
  readonly sw: Switch;
  readonly warnings: { readonly event: string; readonly fields: LogFields }[] = [];
  readonly failures: unknown[] = [];
  #now = 0n;

  constructor({ datapath = new SoftDatapath({ ports }), wrapped, packets, ...pipeline }: SceneOptions = {}) {
    this.datapath = datapath;
    const log: Logger = {
      ...silentLogger,
      warn: (event, fields = {}) => void this.warnings.push({ event, fields }),
    };
    const clock = { monotonicNs: () => this.#now, realtimeNs: () => this.#now };
    this.sw = new Switch(wrapped ?? datapath, datapath, {
      deviceId: 1n,
      name: "chassis",
      arbitration: { promotion: "spec", maxControllersPerRole: 8 },
      pipeline: { ...programOptions(), identicalCommit: "clear", replay: (apply) => new Replay(apply), ...pipeline },
      decodeRoleConfig,
      packets: {
        clock,
        encoder: (metadata) => new PacketInEncoder(metadata),
        outRate: undefined,
        errors: { perSecond: 1000, echoBytes: 64 },
        ...packets,
      },
      clock,
      log,
    });
    this.sw.open((error) => this.failures.push(error));
  }

  /** Lets time pass for rates. */
  pass(ms: number): void {
    this.#now += BigInt(ms) * 1_000_000n;
  }

  connect(name: string, frames?: number): Controller {
    const stream = new RecordedStream(name, frames);
    return { id: this.sw.controllers.connect(stream), stream, source: this.sw.packets.source(stream) };
  }

  /** A controller with election id `id`: primary if that is the highest. */
  arbitrated(id: number, role = "", frames?: number): Controller {
    const controller = this.connect(`controller ${id}`, frames);
    this.sw.controllers.update(controller.id, {
      deviceId: 1n,
      role: roleName(role),
      roleConfig: undefined,
      electionId: electionId(0n, BigInt(id)),
    });
    return controller;
  }

  /** "OK", or code and message of the refusal. @precondition election id 1 is primary, unless another `id` is given */
  async set(action: PipelineAction, config?: PipelineConfig, id = 1, role = ""): Promise<string> {
    const claim = { role, electionId: electionId(0n, BigInt(id)) };
    const request = { ...claim, bytes: 0, action: () => action, config: () => config };
    return outcome(this.sw.setPipeline(request, { peer: "test", principal: "anonymous" }));
  }

  /** The results of one Write, as codes; or the code of the whole. */
  async write(list: readonly EntryUpdate[], role = ""): Promise<string> {
    const request = { role, electionId: electionId(0n, 1n), atomicity: 0, bytes: 0, updates: updates(list) };
    try {
      const results = await this.sw.write(request, { peer: "test", principal: "anonymous" });
      return results.map((status) => (status === undefined ? "OK" : codeName(status.code))).join(" ");
    } catch (error) {
      return failure(error);
    }
  }

  /** `drop` or `forward`, and `punted` if the CPU gets it, as of now. */
  fate(frame: Uint8Array, port = 1): string {
    const { original, punted } = this.datapath.classify(port as PortId, frame);
    return punted ? `${original} punted` : original;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sw[Symbol.asyncDispose]();
    await this.datapath[Symbol.asyncDispose]();
  }
}

async function outcome(promise: Promise<void>): Promise<string> {
  try {
    await promise;
    return "OK";
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): string {
  if (!(error instanceof StatusError)) throw error;
  return `${codeName(error.status.code)} ${error.message}`;
}
