/** What a device can do and takes, for whoever asks. */
import { matchKindsOf } from "../acl/key-binding.js";
import type { Capabilities } from "../datapath/datapath.js";
import { keyFields } from "../datapath/frame-key.js";
import { maxCloneSessions, maxMulticastGroups, maxReplicas, maxTotalReplicas } from "../entity/replication.js";
import type { MatchKind } from "../pipeline/pipeline.js";
import type { Program, ProgramTable } from "./program.js";
import { atomicities, type Atomicity } from "./write.js";

export interface KeyFieldDescription {
  readonly name: string;
  /** In bits. */
  readonly width: number;
  readonly kinds: readonly MatchKind[];
}

export interface TableDescription {
  readonly id: number;
  /** Alias, or the name of a table without one. */
  readonly name: string;
  /** Most entries the table takes. */
  readonly entries: number;
  /** `key`: what the field is bound to; undefined: nothing realises the table. */
  readonly fields: readonly { readonly name: string; readonly kind: MatchKind; readonly key: string | undefined }[];
  /** What of the table nothing realises; empty: all of it is realised. */
  readonly unrealised: readonly string[];
}

/** @see proto/p4rtd/v1/capabilities.proto */
export interface DeviceDescription {
  readonly backend: string;
  readonly atomicities: readonly Atomicity[];
  readonly keyFields: readonly KeyFieldDescription[];
  readonly verdicts: readonly string[];
  /** Distinct masks that one table may hold. */
  readonly maxMasks: number;
  /** Largest frame punted or transmitted, in bytes without FCS. */
  readonly maxFrameBytes: number;
  readonly maxMulticastGroups: number;
  readonly maxCloneSessions: number;
  readonly maxReplicas: number;
  readonly maxTotalReplicas: number;
  /** What the datapath can do beyond rules, as the published message names it. */
  readonly features: readonly string[];
  /** Tables of the pipeline that Write and Read use, in its order. */
  readonly tables: readonly TableDescription[];
}

/** @param program undefined: no pipeline is set */
export function describeDevice(
  capabilities: Capabilities,
  maxMasks: number,
  program: Program | undefined,
): DeviceDescription {
  return {
    backend: capabilities.backend,
    atomicities: Object.values(atomicities),
    keyFields: [...capabilities.keyFields].map((name) => ({
      name,
      width: keyFields[name].width,
      kinds: matchKindsOf(name),
    })),
    verdicts: [...capabilities.verdicts],
    maxMasks,
    maxFrameBytes: capabilities.maxFrameBytes,
    maxMulticastGroups,
    maxCloneSessions,
    maxReplicas,
    maxTotalReplicas,
    features: featuresOf(capabilities),
    tables: program === undefined ? [] : [...program.tables.values()].map((table) => describeTable(program, table)),
  };
}

function featuresOf({ meterCounters, redirects, replicates, selectors }: Capabilities): readonly string[] {
  const features = { meter_counters: meterCounters, redirects, replicates, selectors };
  return Object.entries(features).flatMap(([name, has]) => (has ? [name] : []));
}

function describeTable({ bindings }: Program, { schema, bound }: ProgramTable): TableDescription {
  const { id, name, alias, fields } = schema.table;
  const keys = new Map(bound?.fields.map(({ field, binding }) => [field.id, binding.key]));
  return {
    id,
    name: alias === "" ? name : alias,
    entries: schema.capacity,
    fields: fields.map((field) => ({ name: field.name, kind: field.kind, key: keys.get(field.id) })),
    unrealised: bindings.unrealised.filter(({ table }) => table.id === id).map(({ reason }) => reason),
  };
}
