/** Why a PacketOut or another stream message went nowhere, as the controller is told. */
import { Code } from "../base/status.js";
import type { MetadataValue } from "./packet-in.js";
import type { DropReason, TransmitRefusal } from "../datapath/drop-reason.js";

/** Reasons with the `code` of our error space, the canonical code, and the drop counter. */
export const packetOutErrors = {
  "mtu-exceeded": { code: 1, canonical: Code.INVALID_ARGUMENT, drop: "out-mtu-exceeded" },
  runt: { code: 2, canonical: Code.INVALID_ARGUMENT, drop: "out-runt" },
  "port-down": { code: 3, canonical: Code.FAILED_PRECONDITION, drop: "out-port-down" },
  "no-carrier": { code: 4, canonical: Code.UNAVAILABLE, drop: "out-no-carrier" },
  "queue-full": { code: 5, canonical: Code.RESOURCE_EXHAUSTED, drop: "out-queue-full" },
  "unknown-port": { code: 6, canonical: Code.INVALID_ARGUMENT, drop: "out-unknown-port" },
  "bad-metadata": { code: 7, canonical: Code.INVALID_ARGUMENT, drop: "out-bad-metadata" },
  "not-primary": { code: 8, canonical: Code.PERMISSION_DENIED, drop: "out-not-primary" },
  "no-pipeline": { code: 9, canonical: Code.FAILED_PRECONDITION, drop: "out-no-pipeline" },
  "not-permitted": { code: 11, canonical: Code.PERMISSION_DENIED, drop: "out-not-permitted" },
  "rate-limited": { code: 10, canonical: Code.RESOURCE_EXHAUSTED, drop: "out-rate-limited" },
} as const satisfies Record<string, { code: number; canonical: Code; drop: DropReason }>;

export type PacketOutRefusal = keyof typeof packetOutErrors;

/** Every refusal of a datapath is one of ours. */
export const transmitRefusal: Record<TransmitRefusal, PacketOutRefusal> = {
  "mtu-exceeded": "mtu-exceeded",
  runt: "runt",
  "port-down": "port-down",
  "port-missing": "port-down",
  "no-carrier": "no-carrier",
  "queue-full": "queue-full",
  "unknown-port": "unknown-port",
};

/** A `StreamError`. What comes back of the refused message is limited by `stream_errors.echo_bytes`. */
export interface StreamErrorMessage {
  readonly canonical: Code;
  readonly message: string;
  /** In the space "p4rtd"; 0 = none. */
  readonly code: number;
  readonly about: "packet-out" | "digest-list-ack" | "other";
  /** The refused message whole, in wire form. */
  readonly offending: Uint8Array | undefined;
  /** The metadata of a refused packet that is too large to come back whole. */
  readonly metadata?: readonly MetadataValue[];
}
