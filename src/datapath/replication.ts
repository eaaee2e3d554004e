/** Copies of a frame, as a datapath is told to make them: multicast groups and clone sessions, in ports. */
import type { PortId } from "./port.js";

/** A port, `cpuPort` among them, and the number of the copy that leaves by it. */
export interface ReplicaPort {
  readonly port: PortId;
  /** 0 … 2^32 − 1; told with the copy, else without effect. */
  readonly instance: number;
}

/** One copy. If its port is not up, the first of `backups` takes over whose port is, until a better one is up again. */
export interface Replica extends ReplicaPort {
  readonly backups: readonly ReplicaPort[];
}

/** What frames that ask for a clone are copied to. */
export interface CloneSpec {
  readonly replicas: readonly ReplicaPort[];
  /** Bytes kept of each clone; 0: all. */
  readonly maxBytes: number;
  /** Index of the queue whose policer guards clones to the CPU; undefined: none. */
  readonly queue?: number;
}

/** Where a frame goes that rules forward, instead of where its route leads. */
export type Redirect =
  { readonly kind: "port"; readonly port: PortId } | { readonly kind: "multicast"; readonly group: number };

/** Every multicast group and clone session by its number, for `resync`. */
export interface Replication {
  readonly groups: Iterable<readonly [id: number, replicas: readonly Replica[]]>;
  readonly sessions: Iterable<readonly [id: number, session: CloneSpec]>;
}

/** True if both lead to the same place. */
export function sameRedirect(a: Redirect | undefined, b: Redirect | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind === "port") return b.kind === "port" && a.port === b.port;
  return b.kind === "multicast" && a.group === b.group;
}
