/** What a device takes, for whoever asks. */
import type { Program } from "./program.js";

export interface TableLimits {
  /** Alias, or the name of a table without one. */
  readonly name: string;
  /** Most entries the table takes. */
  readonly entries: number;
  /** What of the table nothing realises; empty: all of it is realised. */
  readonly unrealised: readonly string[];
}

export interface DeviceLimits {
  readonly backend: string;
  /** Distinct masks that one table may hold. */
  readonly maxMasks: number;
  /** Tables of the pipeline that Write and Read use, in its order. */
  readonly tables: readonly TableLimits[];
}

/** @param program undefined: no pipeline is set */
export function deviceLimits(backend: string, maxMasks: number, program: Program | undefined): DeviceLimits {
  const tables = [...(program?.tables.values() ?? [])].map(({ schema }): TableLimits => {
    const { id, name, alias } = schema.table;
    const reasons = program?.bindings.unrealised.filter(({ table }) => table.id === id).map(({ reason }) => reason);
    return { name: alias === "" ? name : alias, entries: schema.capacity, unrealised: reasons ?? [] };
  });
  return { backend, maxMasks, tables };
}
