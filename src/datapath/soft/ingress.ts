/** A frame's way through the switch: what the rules make of it, and where it goes. */
import type { Classification } from "../datapath.js";
import type { DropCounts, DropReason } from "../drop-reason.js";
import { maxFrameBytes } from "../frame-size.js";
import type { FrameResult, OutputFrame } from "../injector.js";
import type { PortId } from "../port.js";
import { cpuPort } from "../port.js";
import type { FramePath } from "./frame-path.js";
import type { Policers } from "./policers.js";
import type { Port, PortTable } from "./port-table.js";
import type { PuntQueue } from "./punt-queue.js";
import type { Punt, Replicator } from "./replicator.js";
import type { Routes } from "./routes.js";

/** The parts of the switch that a frame meets. */
export interface IngressParts {
  readonly path: FramePath;
  readonly replicator: Replicator;
  readonly policers: Policers;
  readonly routes: Routes;
  readonly ports: PortTable;
  readonly punted: PuntQueue;
  readonly drops: DropCounts;
}

export class Ingress {
  /** Frames classified, and frames punted. */
  classified = 0;
  puntedFrames = 0;
  readonly #parts: IngressParts;

  constructor(parts: IngressParts) {
    this.#parts = parts;
  }

  /** Processes `frame` as received from `source`, which is up; it may be the CPU port. */
  process(source: Port, frame: Uint8Array): FrameResult {
    const { path } = this.#parts;
    this.classified++;
    const outputs: OutputFrame[] = [];
    const counted = path.run(source.id, frame);
    const refused = counted === "unparsable" && path.options.unparsable === "drop";
    const dropped = refused ? counted : this.#deliver(source, frame, outputs, counted);
    source.framesIn++;
    if (dropped === undefined) return { ingressPort: source.id, frame, outputs };
    source.framesDropped++;
    return { ingressPort: source.id, frame, outputs, dropped };
  }

  classify(port: PortId, frame: Uint8Array): Classification {
    return { ...this.#parts.path.classify(port, frame), egressPort: this.#egress()?.id };
  }

  /**
   * Sends `frame` where the fate of the path says.
   * @param counted why rules may not have seen the frame; if it has no route either, that is its reason
   * @returns why the original went nowhere
   */
  #deliver(
    source: Port,
    frame: Uint8Array,
    outputs: OutputFrame[],
    counted: DropReason | undefined,
  ): DropReason | undefined {
    const { fate } = this.#parts.path;
    const { redirect, mirror } = fate;
    const seen = fate.forwarded || fate.copy !== undefined || mirror !== undefined;
    const egress = seen ? this.#egress() : undefined;
    if (fate.metered) this.#parts.drops.add("rule-meter");
    const queue = fate.copy?.queue;
    const notPunted = fate.copy === undefined ? undefined : this.#punt(source, frame, queue, egress);
    if (fate.copy !== undefined && notPunted === undefined) outputs.push({ port: cpuPort, frame });
    if (mirror !== undefined) this.#parts.replicator.clone(frame, mirror, outputs, this.#puntOf(source, egress));
    if (fate.forwarded) {
      if (redirect !== undefined)
        return this.#parts.replicator.redirect(frame, redirect, outputs, this.#puntOf(source, undefined));
      if (egress === undefined) return counted ?? this.#drop("no-route");
      egress.framesOut++;
      outputs.push({ port: egress.id, frame });
      return undefined;
    }
    if (!fate.dropped && fate.copy !== undefined) return notPunted;
    return fate.reason === "rule" ? this.#drop("rule") : fate.reason; // the meter is counted above
  }

  /** Copies `frame` to the backlog. @returns why not */
  #punt(source: Port, frame: Uint8Array, queue: number | undefined, egress: Port | undefined): DropReason | undefined {
    const { policers, punted } = this.#parts;
    if (frame.length > maxFrameBytes) return this.#drop("oversized");
    const refused = policers.refuse(queue, source.policer);
    if (refused !== undefined) return this.#drop(refused);
    if (!punted.offer(frame, source.id, egress?.id ?? 0)) return this.#drop("punt-backlog");
    this.puntedFrames++;
    source.framesPunted++;
    return undefined;
  }

  /** Punts copies of the frame that came from `source`. */
  #puntOf(source: Port, egress: Port | undefined): Punt {
    return (copy, queue) => this.#punt(source, copy, queue, egress);
  }

  #drop(reason: DropReason): DropReason {
    this.#parts.drops.add(reason);
    return reason;
  }

  /** The port by which the path's last frame leaves if it is forwarded, if that is one port and up. */
  #egress(): Port | undefined {
    const { path, ports, routes } = this.#parts;
    const { redirect } = path.fate;
    if (redirect?.kind === "multicast") return undefined;
    const id = redirect?.port ?? routes.portOf(path.key);
    const port = id === undefined ? undefined : ports.get(id);
    return port?.state === "up" ? port : undefined;
  }
}
