/** What members of groups and actions of one-shot sets have in common: weight and watched port, and their limits. */
import { refusal } from "../base/situation.js";
import { isOrdinaryPort } from "../entity/port-number.js";
import type { PortValue } from "../entity/port-value.js";
import type { EntitySchema } from "../entity/schema.js";
import { maxGroupSize, type ActionProfile, type SizeSemantics } from "../pipeline/pipeline.js";
import type { ByteReader } from "./byte-reader.js";
import { decodePort, legacyPort } from "./decode-port.js";

/** The oneof `watch_kind`: `watch` (3, a number) or `watch_port` (4, bytes). Used again and again. */
export class WatchParts {
  /** Of `watch`; 0 and no port are the same. */
  number = 0;
  /** Of `watch_port`; empty and no port are the same. Borrowed. */
  bytes = nothing;

  clear(): this {
    this.number = 0;
    this.bytes = nothing;
    return this;
  }

  /** The port that was read; undefined: none is watched (APG-12). @throws StatusError (APG-10, APG-11) */
  port(schema: EntitySchema, what: string): PortValue | undefined {
    if (this.bytes.length > 0) return watchable(decodePort(this.bytes, schema, `${what}: watch_port`), what);
    if (this.number === 0) return undefined;
    return watchable(legacyPort(this.number >>> 0, schema, `${what}: watch`), what);
  }
}

const nothing: Uint8Array = new Uint8Array(0);

/** Reads the field behind `tag` if it is one of the oneof, of which the last counts. @returns false if it is not */
export function readWatch(reader: ByteReader, tag: number, into: WatchParts): boolean {
  if (tag === 0x18) {
    into.clear().number = reader.int32();
    return true;
  }
  if (tag !== 0x22) return false;
  into.clear().bytes = reader.view();
  return true;
}

/** The state of the CPU port does not change, and nothing tells it. */
function watchable(port: PortValue, what: string): PortValue {
  if (!isOrdinaryPort(port.id))
    throw refusal("unsupported", `${what}: port ${port.id} is reserved and cannot be watched`);
  return port;
}

/** @throws StatusError INVALID_ARGUMENT (APG-08, APG-09, ONE-05, ONE-07, ONE-08) */
export function checkWeight(weight: number, profile: ActionProfile, semantics: SizeSemantics, what: string): void {
  const { name, weightsDisallowed, maxMemberWeight } = profile;
  if (weightsDisallowed) {
    if (weight !== 0) throw refusal("bad-weight", `${what}: weight ${weight}, but selector '${name}' takes no weights`);
    return;
  }
  if (weight < 1) throw refusal("bad-weight", `${what}: weight ${weight} is not above 0`);
  if (semantics === "sum-of-members" && maxMemberWeight > 0 && weight > maxMemberWeight)
    throw refusal(
      "bad-weight",
      `${what}: weight ${weight} is above ${maxMemberWeight}, the limit of selector '${name}'`,
    );
}

/** @throws StatusError INVALID_ARGUMENT (ONE-04, ONE-06), RESOURCE_EXHAUSTED beyond what the device takes */
export function checkSetSize(size: number, profile: ActionProfile, semantics: SizeSemantics, what: string): void {
  const { name, maxGroupSize: limit } = profile;
  const of = semantics.replaceAll("-", " ");
  if (limit > 0 && size > limit)
    throw refusal("bad-group-size", `${what}: ${of} ${size} is above max_group_size ${limit} of selector '${name}'`, {
      limit,
    });
  if (size > maxGroupSize) throw tooLarge(size, semantics, maxGroupSize, what);
}

/** The limit of a group that asks for `maxSize`. @throws StatusError INVALID_ARGUMENT (APG-14), RESOURCE_EXHAUSTED (APG-17) */
export function groupLimit(maxSize: number, { name, maxGroupSize: limit }: ActionProfile, what: string): number {
  if (maxSize < 0) throw refusal("negative-number", `${what}: max_size ${maxSize} is negative`);
  if (limit > 0 && maxSize > limit)
    throw refusal(
      "bad-group-size",
      `${what}: max_size ${maxSize} is above max_group_size ${limit} of selector '${name}'`,
      {
        limit,
      },
    );
  if (maxSize > maxGroupSize)
    throw refusal(
      "group-too-large",
      `${what}: max_size ${maxSize} is above ${maxGroupSize}, the largest group there can be`,
    );
  return maxSize || limit || maxGroupSize; // 0 is the selector's limit, and there 0 is the device's (AMB-30, APG-16)
}

/** What is wrong with a group that is larger than its `limit` (APG-16, APG-19). */
export function tooLarge(size: number, semantics: SizeSemantics, limit: number, what: string) {
  return refusal(
    "group-too-large",
    `${what}: ${semantics.replaceAll("-", " ")} ${size} is above its limit of ${limit}`,
    {
      limit,
    },
  );
}
