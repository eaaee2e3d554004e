/** What the packet replication engine is programmed with: multicast groups and clone sessions. @see P4Runtime §9.5 */
import type { PortValue } from "./port-value.js";

/** One of the ports that stand in for a replica's own, in falling preference. */
export interface BackupReplica {
  readonly port: PortValue;
  /** 0 … 2^32 − 1 */
  readonly instance: number;
}

/** One copy of a packet: the port it leaves by, and its number there. */
export interface Replica extends BackupReplica {
  readonly backups: readonly BackupReplica[];
}

export interface MulticastGroup {
  readonly replicas: readonly Replica[];
  /** Opaque; empty if unset (MCG-13). */
  readonly metadata: Uint8Array;
}

export interface CloneSession {
  readonly replicas: readonly Replica[];
  /** 0, or a number that names a queue of the device. */
  readonly classOfService: number;
  /** Bytes kept of each copy; 0: all of them. */
  readonly packetLength: number;
}

/** Largest ids and instance taken: PSA's types have 16 bits on most targets (MCG-24, CLN-04, CLN-15). */
export const maxMulticastGroupId = 0xffff;
export const maxCloneSessionId = 0xffff;
export const maxInstance = 0xffff;
/** Most groups and sessions at a time, replicas of one, and replicas of all together; backups count. */
export const maxMulticastGroups = 4096;
export const maxCloneSessions = 1024;
export const maxReplicas = 1024;
export const maxTotalReplicas = 65_536;

/** What groups and sessions have in common. */
export type Replicated = Pick<MulticastGroup, "replicas">;

/** Replicas of a group or session, backups included; 0 if there is none. */
export function replicaCount(of: Replicated | undefined): number {
  return of?.replicas.reduce((count, { backups }) => count + 1 + backups.length, 0) ?? 0;
}
