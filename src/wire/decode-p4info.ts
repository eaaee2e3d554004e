/** Pushed P4Info bytes → domain form. */
import { invalidArgument, resourceExhausted, StatusError } from "../base/status.js";
import { finish, type Steps } from "../base/steps.js";
import type {
  AnnotatedSpec,
  CounterInfoSpec,
  FieldSpec,
  MatchFieldSpec,
  MeterInfoSpec,
  NewTypeSpec,
  P4InfoSpec,
  PreambleSpec,
} from "../pipeline/p4info.js";
import { ByteReader } from "./byte-reader.js";
import { p4 } from "./gen/p4info.js";
import { fromLong } from "./int64.js";
import { WireType } from "./wire-type.js";

type Pb = p4.config.v1.P4Info;
type Maybe<T> = T | null | undefined;

const list = <T>(items: Maybe<T[]>): readonly T[] => items ?? [];

/** Largest P4Info taken, in bytes: an object of two bytes costs hundreds of them in memory. */
export const maxP4InfoBytes = 4 * 1024 * 1024;

/** Fields of a P4Info, its objects, and their parts; decoding and checking one takes microseconds. */
export const maxP4InfoFields = 65_536;
const countedLevels = 3;

/** Bytes of a P4Info that are decoded in one step, unless one object has more. */
const stepBytes = 4096;

/**
 * Decodes P4Info.
 * @param bytes a serialized `p4.config.v1.P4Info`; values that are kept are copied
 * @throws StatusError INVALID_ARGUMENT if they are no P4Info, RESOURCE_EXHAUSTED if they are too many
 */
export function* decodeP4InfoSteps(bytes: Uint8Array): Steps<P4InfoSpec> {
  const { single, pieces } = yield* cut(bytes);
  const parts: P4InfoSpec[] = [];
  for (const piece of pieces) {
    yield;
    parts.push(p4InfoSpec(decodePiece(piece)));
  }
  return {
    ...p4InfoSpec(decodePiece(single)),
    tables: parts.flatMap(({ tables }) => tables),
    actions: parts.flatMap(({ actions }) => actions),
    actionProfiles: parts.flatMap(({ actionProfiles }) => actionProfiles),
    counters: parts.flatMap(({ counters }) => counters),
    directCounters: parts.flatMap(({ directCounters }) => directCounters),
    meters: parts.flatMap(({ meters }) => meters),
    directMeters: parts.flatMap(({ directMeters }) => directMeters),
    packetHeaders: parts.flatMap(({ packetHeaders }) => packetHeaders),
    valueSets: parts.flatMap(({ valueSets }) => valueSets),
    registers: parts.flatMap(({ registers }) => registers),
    digests: parts.flatMap(({ digests }) => digests),
    externs: parts.flatMap(({ externs }) => externs),
  };
}

/** `decodeP4InfoSteps` in one go. */
export function decodeP4Info(bytes: Uint8Array): P4InfoSpec {
  return finish(decodeP4InfoSteps(bytes));
}

/** A P4Info as a generated message. @throws StatusError as `decodeP4InfoSteps` */
export function parseP4Info(bytes: Uint8Array): Pb {
  finish(cut(bytes));
  return decodePiece(bytes);
}

/**
 * Counts fields without making anything of them. What does not parse as a message is taken for a text.
 * @returns more than `max`, or the number
 */
function countFields(bytes: Uint8Array, max: number, level: number): number {
  const reader = new ByteReader();
  let count = 0;
  try {
    reader.begin(bytes, 0, bytes.length, maxP4InfoFields + 1);
    while (count <= max && reader.tag() !== 0) {
      count++;
      if (reader.wireType === WireType.delimited && level < countedLevels)
        count += countFields(reader.view(), max - count, level + 1);
      else reader.skip();
    }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
  return count;
}

/** Numbers of the fields of a P4Info that are no lists: if they come twice, the second adds to the first. */
const singleFields: ReadonlySet<number> = new Set([1, 200]);

/** A P4Info cut between its fields: what is no list, and pieces with the objects of its lists. */
interface Pieces {
  readonly single: Uint8Array;
  readonly pieces: readonly Uint8Array[];
}

/** @throws StatusError INVALID_ARGUMENT if `bytes` are no message, RESOURCE_EXHAUSTED if they are too many */
function* cut(bytes: Uint8Array): Steps<Pieces> {
  if (bytes.length > maxP4InfoBytes)
    throw resourceExhausted(`the P4Info has ${bytes.length} bytes; at most ${maxP4InfoBytes} are taken`);
  const singles: Uint8Array[] = [];
  const pieces: Uint8Array[] = [];
  let fields = 0;
  const take = (piece: Uint8Array, into: Uint8Array[]) => {
    if (piece.length === 0) return;
    into.push(piece);
    fields += countFields(piece, maxP4InfoFields - fields, 1);
    if (fields > maxP4InfoFields) throw resourceExhausted(`the P4Info has more than ${maxP4InfoFields} fields`);
  };
  const reader = new ByteReader();
  reader.begin(bytes, 0, bytes.length, Infinity);
  let from = 0;
  for (let start = 0; start < bytes.length; start = reader.pos) {
    skipField(reader);
    const single = singleFields.has(reader.fieldNumber);
    if (!single && reader.pos - from < stepBytes) continue;
    take(bytes.subarray(from, single ? start : reader.pos), pieces);
    if (single) take(bytes.subarray(start, reader.pos), singles);
    from = reader.pos;
    yield;
  }
  take(bytes.subarray(from), pieces);
  return { single: Buffer.concat(singles), pieces };
}

/** @throws StatusError INVALID_ARGUMENT */
function skipField(reader: ByteReader): void {
  try {
    reader.tag();
    reader.skip();
  } catch (error) {
    throw undecodable(error);
  }
}

/** @throws StatusError INVALID_ARGUMENT if `bytes` are no P4Info */
function decodePiece(bytes: Uint8Array): Pb {
  try {
    return p4.config.v1.P4Info.decode(bytes);
  } catch (error) {
    throw undecodable(error);
  }
}

function undecodable(error: unknown): StatusError {
  return invalidArgument(`P4Info does not decode: ${error instanceof Error ? error.message : String(error)}`);
}

function p4InfoSpec(info: Pb): P4InfoSpec {
  const platform = info.pkgInfo?.platformProperties;
  return {
    packageName: info.pkgInfo?.name ?? "",
    packageVersion: info.pkgInfo?.version ?? "",
    platform: platform
      ? {
          multicastGroups: platform.multicastGroupTableSize ?? 0,
          multicastReplicas: platform.multicastGroupTableTotalReplicas ?? 0,
          replicasPerGroup: platform.multicastGroupTableMaxReplicasPerEntry ?? 0,
        }
      : undefined,
    tables: list(info.tables).map((table) => ({
      preamble: preamble(table.preamble),
      matchFields: list(table.matchFields).map(matchField),
      actionRefs: list(table.actionRefs).map((ref) => ({ ...annotated(ref), id: ref.id ?? 0, scope: ref.scope ?? 0 })),
      constDefaultActionId: table.constDefaultActionId ?? 0,
      initialDefaultAction: table.initialDefaultAction
        ? {
            actionId: table.initialDefaultAction.actionId ?? 0,
            args: list(table.initialDefaultAction.arguments).map((arg) => ({
              paramId: arg.paramId ?? 0,
              value: Uint8Array.from(arg.value ?? []),
            })),
          }
        : undefined,
      implementationId: table.implementationId ?? 0,
      directResourceIds: [...list(table.directResourceIds)],
      size: int64(table.size),
      idleTimeoutBehavior: table.idleTimeoutBehavior ?? 0,
      isConstTable: table.isConstTable ?? false,
      hasInitialEntries: table.hasInitialEntries ?? false,
    })),
    actions: list(info.actions).map((action) => ({
      preamble: preamble(action.preamble),
      params: list(action.params).map(field),
    })),
    actionProfiles: list(info.actionProfiles).map((profile) => ({
      preamble: preamble(profile.preamble),
      tableIds: [...list(profile.tableIds)],
      withSelector: profile.withSelector ?? false,
      size: int64(profile.size),
      maxGroupSize: profile.maxGroupSize ?? 0,
      semantics: profile.sumOfMembers ? "sum-of-members" : profile.sumOfWeights ? "sum-of-weights" : "unset",
      maxMemberWeight: profile.sumOfMembers?.maxMemberWeight ?? 0,
      weightsDisallowed: profile.weightsDisallowed ?? false,
    })),
    counters: list(info.counters).map((counter) => counterSpec(counter, 0)),
    directCounters: list(info.directCounters).map((counter) => counterSpec(counter, counter.directTableId ?? 0)),
    meters: list(info.meters).map((meter) => meterSpec(meter, 0)),
    directMeters: list(info.directMeters).map((meter) => meterSpec(meter, meter.directTableId ?? 0)),
    packetHeaders: list(info.controllerPacketMetadata).map((header) => ({
      preamble: preamble(header.preamble),
      metadata: list(header.metadata).map(field),
    })),
    valueSets: list(info.valueSets).map((set) => ({
      ...preamble(set.preamble),
      matchFields: list(set.match).map(matchField),
    })),
    registers: list(info.registers).map((register) => ({
      ...preamble(register.preamble),
      hasType: Boolean(register.typeSpec),
      size: register.size ?? 0,
      indexTypeName: register.indexTypeName?.name ?? undefined,
    })),
    digests: list(info.digests).map((digest) => ({
      ...preamble(digest.preamble),
      hasType: Boolean(digest.typeSpec),
      size: 0,
      indexTypeName: undefined,
    })),
    externs: list(info.externs).map((extern) => ({
      typeId: extern.externTypeId ?? 0,
      typeName: extern.externTypeName ?? "",
      instances: list(extern.instances).map((instance) => preamble(instance.preamble)),
    })),
    newTypes: new Map(Object.entries(info.typeInfo?.newTypes ?? {}).map(([name, type]) => [name, newType(type)])),
    serializableEnums: new Map(
      Object.entries(info.typeInfo?.serializableEnums ?? {}).map(([name, type]) => [
        name,
        type.underlyingType?.bitwidth ?? 0,
      ]),
    ),
  };
}

function int64(value: Maybe<Parameters<typeof fromLong>[0]>): bigint {
  return value === null || value === undefined ? 0n : fromLong(value);
}

interface PbAnnotated {
  annotations?: Maybe<string[]>;
  structuredAnnotations?: Maybe<p4.config.v1.StructuredAnnotation.$Properties[]>;
  annotationLocations?: Maybe<unknown[]>;
}

function annotated(source: Maybe<PbAnnotated>): AnnotatedSpec {
  return {
    annotations: [...list(source?.annotations)],
    structured: list(source?.structuredAnnotations).map((annotation) => ({
      name: annotation.name ?? "",
      keys: annotation.kvPairList ? list(annotation.kvPairList.kvPairs).map((pair) => pair.key ?? "") : undefined,
    })),
    locations: list(source?.annotationLocations).length,
  };
}

function preamble(source: Maybe<p4.config.v1.Preamble.$Properties>): PreambleSpec {
  return { ...annotated(source), id: source?.id ?? 0, name: source?.name ?? "", alias: source?.alias ?? "" };
}

interface PbField extends PbAnnotated {
  id?: Maybe<number>;
  name?: Maybe<string>;
  bitwidth?: Maybe<number>;
  typeName?: Maybe<{ name?: Maybe<string> }>;
}

function field(source: PbField): FieldSpec {
  return {
    ...annotated(source),
    id: source.id ?? 0,
    name: source.name ?? "",
    bitwidth: source.bitwidth ?? 0,
    typeName: source.typeName ? (source.typeName.name ?? "") : undefined,
  };
}

function matchField(source: p4.config.v1.MatchField.$Properties): MatchFieldSpec {
  return { ...field(source), match: source.matchType ?? source.otherMatchType ?? undefined };
}

interface PbSized {
  preamble?: Maybe<p4.config.v1.Preamble.$Properties>;
  size?: Maybe<Parameters<typeof fromLong>[0]>;
  indexTypeName?: Maybe<{ name?: Maybe<string> }>;
}

function sized(source: PbSized, directTableId: number) {
  return {
    preamble: preamble(source.preamble),
    size: int64(source.size),
    directTableId,
    indexTypeName: source.indexTypeName?.name ?? undefined,
  };
}

function counterSpec(
  source: PbSized & { spec?: Maybe<p4.config.v1.CounterSpec.$Properties> },
  table: number,
): CounterInfoSpec {
  return { ...sized(source, table), unit: source.spec?.unit ?? 0 };
}

function meterSpec(
  source: PbSized & { spec?: Maybe<p4.config.v1.MeterSpec.$Properties> },
  table: number,
): MeterInfoSpec {
  return { ...sized(source, table), unit: source.spec?.unit ?? 0, type: source.spec?.type ?? 0 };
}

function newType(source: p4.config.v1.P4NewTypeSpec.$Properties): NewTypeSpec {
  const translated = source.translatedType;
  if (translated) {
    const uri = translated.uri ?? "";
    return translated.sdnString
      ? { kind: "translated-string", uri }
      : { kind: "translated", uri, sdnBitwidth: translated.sdnBitwidth ?? 0 };
  }
  return source.originalType ? { kind: "original" } : { kind: "unset" };
}
