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
  readonly classOfService: number;
  /** Bytes kept of each copy; 0: all of them. */
  readonly packetLength: number;
}

/** Largest ids and instance taken: PSA's types have 16 bits on most targets (MCG-24, CLN-04, CLN-15). */
export const maxMulticastGroupId = 0xffff;
export const maxCloneSessionId = 0xffff;
export const maxInstance = 0xffff;
/** Most groups and sessions at a time, and replicas of one, backups included. */
export const maxMulticastGroups = 4096;
export const maxCloneSessions = 1024;
export const maxReplicas = 1024;
