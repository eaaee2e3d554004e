/** Frames between datapath and controllers. Nothing here waits, logs or allocates per field. */
import type { Clock } from "../base/clock.js";
import { TokenBucket } from "../base/token-bucket.js";
import type { Datapath, OutgoingFrame, PuntedBatch } from "../datapath/datapath.js";
import type { DropCounts } from "../datapath/drop-reason.js";
import type { PacketInMetadata } from "../packetio/packet-in.js";
import type { MetadataValue } from "../packetio/packet-in.js";
import type { PacketOut } from "../packetio/packet-out.js";
import { packetOutErrors, transmitRefusal, type PacketOutRefusal } from "../packetio/stream-error.js";
import type { ControllerId } from "../session/arbitration-message.js";
import type { PacketScope } from "../session/role-definition.js";
import type { RoleName } from "../session/role.js";
import type { Controllers, ControllerStream, Receiver } from "./controllers.js";
import { PacketFilter, PacketInFilter } from "./packet-filter.js";
import type { Program } from "./program.js";
import type { Roles } from "./roles.js";

/** Encodes the PacketIns of one pipeline. */
export interface PacketInEncoder {
  /** The message for `source[offset, offset + length)`, which is copied. */
  encode(ingress: number, egress: number, source: Uint8Array, offset: number, length: number): Buffer;
}

export interface PacketOptions {
  readonly clock: Clock;
  readonly encoder: (metadata: PacketInMetadata) => PacketInEncoder;
  /** PacketOuts of one stream; undefined: unlimited. */
  readonly outRate: { readonly perSecond: number; readonly burst: number } | undefined;
  /** StreamErrors; undefined: none are sent. */
  readonly errors: { readonly perSecond: number; readonly echoBytes: number } | undefined;
}

/** A primary with what its role lets it have; no filter: every packet. */
interface FilteredReceiver {
  readonly backlog: Receiver["backlog"];
  readonly filter: PacketInFilter | undefined;
}

/** What one stream has sent; also the token of its frames. */
export class PacketSource {
  readonly stream: ControllerStream;
  readonly errors: TokenBucket | undefined;
  readonly out: TokenBucket | undefined;

  constructor(stream: ControllerStream, options: PacketOptions) {
    const { clock, errors, outRate } = options;
    this.stream = stream;
    this.errors = errors && new TokenBucket(clock, { perSecond: errors.perSecond, burst: errors.perSecond });
    this.out = outRate && new TokenBucket(clock, outRate);
  }
}

/** A PacketOut on its way out, for the datapath to give back if it is refused later. */
interface Sent {
  readonly source: PacketSource;
  readonly packet: PacketOut;
  /** The message in wire form. */
  readonly raw: Uint8Array;
}

export class Packets {
  readonly #datapath: Datapath;
  readonly #controllers: Controllers;
  readonly #options: PacketOptions;
  readonly #drops: DropCounts;
  readonly #roles: Roles;
  #program: Program | undefined;
  /** The primaries with what their roles let them have, and what that was worked out for. */
  #receivers: readonly FilteredReceiver[] = [];
  #receiversFor: { readonly primaries: readonly Receiver[]; readonly metadata: PacketInMetadata } | undefined;
  /** By the scope of a role, for the program in force: a role may have thousands of filters. */
  #inFilters = new WeakMap<PacketScope, PacketInFilter>();
  #outFilters = new WeakMap<PacketScope, PacketFilter>();
  #encoder: PacketInEncoder | undefined;
  /** PacketIns handed to a backlog, and PacketOuts accepted by the datapath. */
  packetIns = 0;
  packetOuts = 0;

  constructor(datapath: Datapath, controllers: Controllers, roles: Roles, drops: DropCounts, options: PacketOptions) {
    this.#datapath = datapath;
    this.#controllers = controllers;
    this.#roles = roles;
    this.#drops = drops;
    this.#options = options;
  }

  /** Packets use the committed program, whatever is saved beside it (SFP-10). */
  use(program: Program | undefined): void {
    this.#program = program;
    this.#encoder = program && this.#options.encoder(program.packetIn);
    this.#inFilters = new WeakMap();
    this.#outFilters = new WeakMap();
  }

  source(stream: ControllerStream): PacketSource {
    return new PacketSource(stream, this.#options);
  }

  /** Hands punted frames to every primary until `signal` says stop (PKT-16 … PKT-24). */
  async deliver(signal: AbortSignal): Promise<void> {
    for await (const batch of this.#datapath.punted(signal)) {
      this.#deliverBatch(batch);
      batch.release();
    }
  }

  #deliverBatch(batch: PuntedBatch): void {
    const encoder = this.#encoder;
    const metadata = this.#program?.packetIn;
    if (encoder === undefined || metadata === undefined) {
      this.#drops.add("no-pipeline", batch.count);
      return;
    }
    const receivers = this.#receiversOf(metadata);
    if (receivers.length === 0) {
      this.#drops.add("no-primary", batch.count);
      return;
    }
    for (let i = 0; i < batch.count; i++) {
      const ingress = batch.ingressPorts[i] ?? 0;
      if (!metadata.names(ingress)) {
        this.#drops.add("unmapped-port");
        continue;
      }
      const egress = batch.egressPorts[i] ?? 0;
      let message: Buffer | undefined;
      for (const { backlog, filter } of receivers) {
        if (filter?.admits(ingress, egress) === false) continue;
        message ??= encoder.encode(ingress, egress, batch.slab, batch.offsets[i] ?? 0, batch.lengths[i] ?? 0);
        if (backlog.offer(message)) this.packetIns++;
        else this.#drops.add("controller-backlog");
      }
      if (message === undefined) this.#drops.add("role-scope");
    }
  }

  /** Worked out again when a primary, a role.config or the program has changed. */
  #receiversOf(metadata: PacketInMetadata): readonly FilteredReceiver[] {
    const { primaries } = this.#controllers;
    if (this.#receiversFor?.primaries === primaries && this.#receiversFor.metadata === metadata) return this.#receivers;
    this.#receivers = primaries.map(({ role, backlog }) => ({ backlog, filter: this.#inFilter(role, metadata) }));
    this.#receiversFor = { primaries, metadata };
    return this.#receivers;
  }

  #inFilter(role: RoleName, metadata: PacketInMetadata): PacketInFilter | undefined {
    const scope = this.#roles.definitionOf(role)?.packetIn;
    const known = scope && this.#inFilters.get(scope);
    if (scope === undefined || known !== undefined) return known;
    const filter = PacketFilter.of(scope, this.#program?.pipeline.packetIn);
    if (filter === undefined) return undefined;
    const made = new PacketInFilter(filter, metadata);
    this.#inFilters.set(scope, made);
    return made;
  }

  /** Sends one PacketOut, or says why not. `raw` is the message in wire form, borrowed. */
  out(id: ControllerId, source: PacketSource, packet: PacketOut, raw: Uint8Array): void {
    const sent: Sent = { source, packet, raw };
    const program = this.#program;
    if (!this.#controllers.arbiter.isPrimary(id)) {
      this.#refuse(sent, "not-primary", "only the primary may send packets");
      return;
    }
    if (source.out?.take() === false) {
      this.#refuse(sent, "rate-limited", "more packets than packet_out.rate allows");
      return;
    }
    if (program === undefined) {
      this.#refuse(sent, "no-pipeline", "no forwarding pipeline is committed");
      return;
    }
    if (!this.#mayLeave(id, program, packet)) {
      this.#refuse(sent, "not-permitted", "the role.config of the controller's role does not let it send this packet");
      return;
    }
    const destination = program.packetOut.destination(packet.metadata);
    if (!destination.ok) {
      this.#refuse(sent, destination.reason, destination.message);
      return;
    }
    const frame: OutgoingFrame = { port: destination.port, frame: packet.payload, token: sent };
    const [result] = this.#datapath.transmit([frame]);
    if (result === "accepted") this.packetOuts++;
    else if (result !== undefined)
      this.#refuse(
        sent,
        transmitRefusal[result],
        `port ${destination.port}: ${sentences[result]} (frame of ${packet.payload.length} bytes)`,
      );
  }

  /** ARB-74. */
  #mayLeave(id: ControllerId, program: Program, packet: PacketOut): boolean {
    const role = this.#controllers.arbiter.roleOf(id);
    const scope = role === undefined ? undefined : this.#roles.definitionOf(role)?.packetOut;
    if (scope === undefined) return true;
    const filter = this.#outFilters.get(scope) ?? PacketFilter.of(scope, program.pipeline.packetOut);
    if (filter === undefined) return true;
    this.#outFilters.set(scope, filter);
    return filter.admits(packet.metadata);
  }

  /** A frame the datapath refused after it had accepted it. */
  refusedLater(token: object, reason: keyof typeof transmitRefusal): void {
    const sent = token as Sent; // tokens are made in `out` only
    this.#refuse(sent, transmitRefusal[reason], sentences[reason]);
  }

  #refuse({ source, packet, raw }: Sent, reason: PacketOutRefusal, message: string): void {
    const { code, canonical, drop } = packetOutErrors[reason];
    this.#drops.add(drop);
    const { errors } = this.#options;
    if (errors === undefined || source.errors?.take() !== true) return;
    const error = { canonical, code, message, about: "packet-out" } as const;
    if (raw.length <= errors.echoBytes) source.stream.error({ ...error, offending: raw });
    else source.stream.error({ ...error, offending: undefined, metadata: within(packet.metadata, errors.echoBytes) });
  }
}

/** `metadata` if its values take no more than `limit` bytes together. */
function within(metadata: readonly MetadataValue[], limit: number): readonly MetadataValue[] {
  let bytes = 0;
  for (const { value } of metadata) bytes += value.length;
  return bytes <= limit && metadata.length <= limit ? metadata : [];
}

const sentences = {
  "mtu-exceeded": "the frame is larger than the MTU allows",
  runt: "the frame is shorter than an Ethernet header",
  "port-down": "the port is down",
  "port-missing": "the port is down: its netdev is missing",
  "no-carrier": "the port has no carrier",
  "queue-full": "the transmit queue is full",
  "unknown-port": "there is no such port",
} as const satisfies Record<keyof typeof transmitRefusal, string>;
