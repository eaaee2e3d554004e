/** A pushed P4Info: the bytes to give back, and what they mean when somebody asks. */
import type { Steps } from "../base/steps.js";
import type { P4InfoSpec } from "../pipeline/p4info.js";
import { decodeP4InfoSteps, parseP4Info } from "./decode-p4info.js";
import { p4 } from "./gen/p4info.js";

/** Kept as pushed, so that order, unknown fields and Any come back unchanged (GFP-11). */
export class EncodedP4Info {
  readonly bytes: Uint8Array;
  #fingerprint: string | undefined;

  /** @param bytes a serialized `p4.config.v1.P4Info`; kept, not copied */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** @throws StatusError INVALID_ARGUMENT if the bytes are no P4Info */
  decode(): Steps<P4InfoSpec> {
    return decodeP4InfoSteps(this.bytes);
  }

  /** Equal for P4Infos of equal meaning, whatever the order of their map entries. */
  fingerprint(): string {
    this.#fingerprint ??= JSON.stringify(
      p4.config.v1.P4Info.toObject(parseP4Info(this.bytes), { longs: String, bytes: String }),
      (_, value: unknown) =>
        isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
    );
    return this.#fingerprint;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
