/** What a role may do, as its `role.config` says. @see proto/p4rtd/v1/role.proto */

/** Entities that a role may touch; `objects` are names, aliases or decimal ids of the P4Info. */
export interface RoleScope {
  readonly objects: readonly string[];
  readonly multicastGroups: boolean;
  readonly cloneSessions: boolean;
}

/** A packet metadata value in the controller's representation. */
export interface MetadataDemand {
  readonly id: number;
  readonly value: Uint8Array;
}

/** `filters`: a packet is in scope that meets all demands of one of them. */
export type PacketScope =
  | { readonly kind: "all" | "none" }
  | { readonly kind: "some"; readonly filters: readonly (readonly MetadataDemand[])[] };

export interface RoleDefinition {
  /** Undefined: everything. */
  readonly writable: RoleScope | undefined;
  /** What can be read beyond `writable`. */
  readonly readable: RoleScope | undefined;
  readonly pushPipeline: boolean;
  readonly packetIn: PacketScope;
  readonly packetOut: PacketScope;
}
