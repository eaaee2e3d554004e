/** `Role.config` → what the role may do. @see proto/p4rtd/v1/role.proto */
import { invalidArgument, type StatusError } from "../base/status.js";
import type { MetadataDemand, PacketScope, RoleDefinition } from "../session/role-definition.js";
import type { RoleConfig } from "../session/role.js";
import { ByteReader } from "./byte-reader.js";

/** Full name of the message. */
export const roleConfigType = "p4rtd.v1.RoleConfig";
/** Objects, filters and metadata values of one role together. */
const maxItems = 4096;

/**
 * @throws StatusError INVALID_ARGUMENT if it is of another type, cannot be decoded, has a field that this release does
 *   not know or says two things at once (ARB-06, ARB-12)
 */
export function decodeRoleConfig({ typeUrl, value }: RoleConfig): RoleDefinition {
  if (typeUrl.slice(typeUrl.lastIndexOf("/") + 1) !== roleConfigType)
    throw invalidArgument(
      `a role.config of type '${typeUrl}' is not supported; use ${roleConfigType} or leave it unset`,
    );
  return new RoleConfigDecoder(value).decode();
}

/** A scope as it is read: a field that comes again adds to it, so that what repeats it costs no more than its bytes. */
interface ScopeParts {
  readonly objects: string[];
  multicastGroups: boolean;
  cloneSessions: boolean;
}

interface PacketParts {
  readonly filters: (readonly MetadataDemand[])[];
  none: boolean;
}

class RoleConfigDecoder {
  readonly #reader = new ByteReader();
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#reader.begin(bytes);
  }

  decode(): RoleDefinition {
    const reader = this.#reader;
    let writable: ScopeParts | undefined;
    let readable: ScopeParts | undefined;
    let pushPipeline = true;
    const packetIn: PacketParts = { filters: [], none: false };
    const packetOut: PacketParts = { filters: [], none: false };
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) this.#scope((writable ??= noScope()));
      else if (tag === 0x12) this.#scope((readable ??= noScope()));
      else if (tag === 0x18) pushPipeline = reader.bool();
      else if (tag === 0x22) this.#packets(packetIn, "packet_in");
      else if (tag === 0x2a) this.#packets(packetOut, "packet_out");
      else throw this.#unknown("RoleConfig");
    }
    return { writable, readable, pushPipeline, packetIn: scopeOf(packetIn), packetOut: scopeOf(packetOut) };
  }

  #scope(into: ScopeParts): void {
    const reader = this.#reader;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) into.objects.push(this.#counted(reader.string()));
      else if (tag === 0x10) into.multicastGroups = reader.bool();
      else if (tag === 0x18) into.cloneSessions = reader.bool();
      else throw this.#unknown("RoleConfig.Scope");
    }
    reader.leave(outer);
  }

  #packets(into: PacketParts, what: string): void {
    const reader = this.#reader;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) into.none = reader.bool();
      else if (tag === 0x12) into.filters.push(this.#counted(this.#filter(what)));
      else throw this.#unknown("RoleConfig.Packets");
    }
    reader.leave(outer);
    if (into.none && into.filters.length > 0)
      throw invalidArgument(`role.config: ${what} has filters though 'none' is set`);
  }

  #filter(what: string): readonly MetadataDemand[] {
    const reader = this.#reader;
    const demands: MetadataDemand[] = [];
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag !== 0x0a) throw this.#unknown("RoleConfig.Filter");
      demands.push(this.#counted(this.#demand(what)));
    }
    reader.leave(outer);
    if (demands.length === 0) throw invalidArgument(`role.config: a filter of ${what} names no metadata`);
    return demands;
  }

  #demand(what: string): MetadataDemand {
    const reader = this.#reader;
    let id = 0;
    let value: Uint8Array = new Uint8Array(0);
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) id = reader.uint32();
      else if (tag === 0x12) value = Uint8Array.from(reader.view());
      else throw this.#unknown("RoleConfig.Metadata");
    }
    reader.leave(outer);
    if (id === 0 || value.length === 0)
      throw invalidArgument(`role.config: a filter of ${what} needs metadata_id and value`);
    return { id, value };
  }

  #counted<T>(item: T): T {
    if (++this.#items > maxItems) throw invalidArgument(`role.config has more than ${maxItems} objects and filters`);
    return item;
  }

  /** What restricts must not be skipped. */
  #unknown(message: string): StatusError {
    return invalidArgument(`role.config: ${message} has no field ${this.#reader.fieldNumber} in this release`);
  }
}

const noScope = (): ScopeParts => ({ objects: [], multicastGroups: false, cloneSessions: false });

function scopeOf({ none, filters }: PacketParts): PacketScope {
  return none ? { kind: "none" } : filters.length > 0 ? { kind: "some", filters } : { kind: "all" };
}
