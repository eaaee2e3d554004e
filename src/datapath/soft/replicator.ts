/** How frames leave by the ports that rules, groups and sessions name. */
import type { DropCounts, DropReason } from "../drop-reason.js";
import type { OutputFrame } from "../injector.js";
import { cpuPort } from "../port.js";
import type { PortId } from "../port.js";
import type { Redirect, Replica, ReplicaPort } from "../replication.js";
import type { PortTable } from "./port-table.js";
import type { RuleBase } from "./rule-base.js";

/** Hands a frame to the CPU past the policer of `queue`, among others. @returns why not, counted */
export type Punt = (frame: Uint8Array, queue: number | undefined) => DropReason | undefined;

/** Each copy that cannot be made is counted by its reason. */
export class Replicator {
  readonly #rules: RuleBase;
  readonly #ports: PortTable;
  readonly #drops: DropCounts;

  constructor(rules: RuleBase, ports: PortTable, drops: DropCounts) {
    this.#rules = rules;
    this.#ports = ports;
    this.#drops = drops;
  }

  /** Sends `frame` where a rule redirects it. @returns why it went nowhere at all */
  redirect(frame: Uint8Array, to: Redirect, outputs: OutputFrame[], punt: Punt): DropReason | undefined {
    if (to.kind === "port") {
      const refused = this.#leave(frame, to.port, undefined, punt);
      if (refused === undefined) outputs.push({ port: to.port, frame });
      return refused;
    }
    const replicas = this.#rules.groups.get(to.group);
    if (replicas === undefined || replicas.length === 0) return this.#drop("no-multicast-group");
    let last: DropReason | undefined;
    let copies = 0;
    for (const replica of replicas) {
      const { port, instance } = this.#bestOf(replica);
      last = this.#leave(frame, port, undefined, punt);
      if (last !== undefined) continue;
      outputs.push({ port, frame, instance });
      copies++;
    }
    return copies === 0 ? last : undefined;
  }

  /** Sends a clone of `frame` to each replica of a session. */
  clone(frame: Uint8Array, id: number, outputs: OutputFrame[], punt: Punt): void {
    const session = this.#rules.sessions.get(id);
    if (session === undefined) {
      this.#drop("no-clone-session");
      return;
    }
    const { maxBytes, queue } = session;
    const clone = maxBytes > 0 && maxBytes < frame.length ? frame.subarray(0, maxBytes) : frame;
    for (const { port, instance } of session.replicas)
      if (this.#leave(clone, port, queue, punt) === undefined) outputs.push({ port, frame: clone, instance });
  }

  /** The replica itself, or what stands in for it; itself too if nothing can (MCG-11, MCG-12). */
  #bestOf(replica: Replica): ReplicaPort {
    if (this.#isUp(replica.port)) return replica;
    return replica.backups.find(({ port }) => this.#isUp(port)) ?? replica;
  }

  #isUp(port: PortId): boolean {
    return port === cpuPort || this.#ports.get(port)?.state === "up";
  }

  #leave(frame: Uint8Array, to: PortId, queue: number | undefined, punt: Punt): DropReason | undefined {
    if (to === cpuPort) return punt(frame, queue);
    const port = this.#ports.get(to);
    if (port?.state !== "up") return this.#drop("egress-port-down");
    if (frame.length > port.maxBytes(frame)) return this.#drop("egress-mtu");
    port.framesOut++;
    return undefined;
  }

  #drop(reason: DropReason): DropReason {
    this.#drops.add(reason);
    return reason;
  }
}
