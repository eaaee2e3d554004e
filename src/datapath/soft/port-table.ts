/** The ports of the software switch. */
import type { Result } from "../../base/status.js";
import { Code, ok } from "../../base/status.js";
import type { DatapathEvent } from "../datapath.js";
import { linkBytes, maxFrameBytes } from "../frame-size.js";
import { cpuPort, cpuPortName } from "../port.js";
import type { PortId, PortSpec, PortStatus, WantedPortState } from "../port.js";
import type { Policer } from "./policer.js";

const defaultMtu = 1500;

/** A port and what it has counted. */
export class Port implements PortStatus {
  readonly id: PortId;
  readonly name: string;
  readonly mtu: number;
  state: WantedPortState = "up";
  framesIn = 0;
  framesOut = 0;
  framesPunted = 0;
  framesDropped = 0;

  constructor(
    spec: PortSpec,
    /** Guards what frames of this port send to the CPU. */
    readonly policer: Policer | undefined,
  ) {
    this.id = spec.id;
    this.name = spec.name;
    this.mtu = spec.mtu ?? defaultMtu;
  }

  /** Bytes of the longest frame like `frame` that may leave. */
  maxBytes(frame: Uint8Array): number {
    return Math.min(linkBytes(frame) + this.mtu, maxFrameBytes);
  }

  status(): PortStatus {
    const { id, name, mtu, state, framesIn, framesOut, framesPunted, framesDropped } = this;
    return { id, name, mtu, state, framesIn, framesOut, framesPunted, framesDropped };
  }
}

/** Ports by id; what changes is told to `changed`. */
export class PortTable {
  readonly #ports = new Map<PortId, Port>();
  readonly #changed: (event: DatapathEvent) => void;
  /** How many changes there were. */
  revision = 0;

  constructor(changed: (event: DatapathEvent) => void) {
    this.#changed = (event) => {
      this.revision++;
      changed(event);
    };
  }

  /** True if there is such a port and its state is `up`. */
  isUp(id: PortId): boolean {
    return this.#ports.get(id)?.state === "up";
  }

  get(id: PortId): Port | undefined {
    return this.#ports.get(id);
  }

  all(): Iterable<Port> {
    return this.#ports.values();
  }

  /** ALREADY_EXISTS if the id or the name is taken. */
  add(port: Port): Result {
    for (const { id, name } of [{ id: cpuPort, name: cpuPortName }, ...this.#ports.values()]) {
      if (id === port.id) return refusal(Code.ALREADY_EXISTS, `port id ${id} is taken by '${name}'`, id);
      if (name === port.name)
        return refusal(Code.ALREADY_EXISTS, `port name '${name}' is taken by port id ${id}`, port.id);
    }
    this.#ports.set(port.id, port);
    this.#changed({ kind: "port-added", port: port.id });
    return ok;
  }

  /** NOT_FOUND if there is no such port. */
  remove(id: PortId): Result {
    if (!this.#ports.delete(id)) return notThere(id);
    this.#changed({ kind: "port-removed", port: id });
    return ok;
  }

  /** NOT_FOUND if there is no such port. */
  setState(id: PortId, state: WantedPortState): Result {
    const port = this.#ports.get(id);
    if (port === undefined) return notThere(id);
    if (port.state !== state) {
      port.state = state;
      this.#changed({ kind: "port-state", port: id, state });
    }
    return ok;
  }
}

function notThere(id: PortId): Result {
  return refusal(Code.NOT_FOUND, `there is no port with id ${id}`, id);
}

function refusal(code: typeof Code.ALREADY_EXISTS | typeof Code.NOT_FOUND, message: string, port: PortId): Result {
  return { ok: false, status: { code, message, fields: { port } } };
}
