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
import type { Routes } from "./routes.js";

/** The parts of the switch that a frame meets. */
export interface IngressParts {
  readonly path: FramePath;
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
    const egress = fate.forwarded || fate.copy !== undefined ? this.#egress() : undefined;
    if (fate.metered) this.#parts.drops.add("rule-meter");
    const notPunted = fate.copy === undefined ? undefined : this.#punt(source, frame, egress);
    if (fate.copy !== undefined && notPunted === undefined) outputs.push({ port: cpuPort, frame });
    if (fate.forwarded) {
      if (egress === undefined) return counted ?? this.#drop("no-route");
      egress.framesOut++;
      outputs.push({ port: egress.id, frame });
      return undefined;
    }
    if (!fate.dropped && fate.copy !== undefined) return notPunted;
    return fate.reason === "rule" ? this.#drop("rule") : fate.reason; // the meter is counted above
  }

  /** Copies `frame` to the backlog. @returns why not */
  #punt(source: Port, frame: Uint8Array, egress: Port | undefined): DropReason | undefined {
    const { path, policers, punted } = this.#parts;
    if (frame.length > maxFrameBytes) return this.#drop("oversized");
    const refused = policers.refuse(path.fate.copy?.action.queue, source.policer);
    if (refused !== undefined) return this.#drop(refused);
    if (!punted.offer(frame, source.id, egress?.id ?? 0)) return this.#drop("punt-backlog");
    this.puntedFrames++;
    source.framesPunted++;
    return undefined;
  }

  #drop(reason: DropReason): DropReason {
    this.#parts.drops.add(reason);
    return reason;
  }

  /** The port that routes give the path's last frame, if it is up. */
  #egress(): Port | undefined {
    const { path, ports, routes } = this.#parts;
    const id = routes.portOf(path.key);
    const port = id === undefined ? undefined : ports.get(id);
    return port?.state === "up" ? port : undefined;
  }
}
