/** Reads of cells of indexed counters and meters. */
import { refusal } from "../base/situation.js";
import type { Datapath } from "../datapath/datapath.js";
import { maxReadCells, zeroMeterCounter } from "../entity/cell.js";
import type { EntitySink } from "../entity/entity-sink.js";
import type { CounterCellQuery, MeterCellQuery } from "../entity/read-query.js";
import type { IndexedCounter, IndexedMeter } from "../pipeline/pipeline.js";
import type { Snapshot } from "../store/entity-store.js";
import type { Program } from "./program.js";
import type { RoleAccess } from "./role-access.js";

export interface CellReader {
  readonly program: Program;
  readonly datapath: Datapath;
  readonly sink: EntitySink;
  /** Arrays that it does not show are left out. */
  readonly access: RoleAccess;
  readonly snapshot: Snapshot;
  /** Awaited now and then: hands on what the sink has and lets others run. @throws when the client goes away */
  readonly breathe: () => Promise<void>;
}

/** Cells between two breaths: at most some 4 KiB. */
const stride = 64n;

/**
 * Gives the cells that `query` names to the sink, by rising index.
 * @throws StatusError RESOURCE_EXHAUSTED if it names all cells of an array with more than `maxReadCells`
 */
export async function readCells(query: CounterCellQuery | MeterCellQuery, reader: CellReader): Promise<void> {
  const { sink, snapshot } = reader;
  const { counters, meters } = reader.program.store;
  if (query.kind === "counter-cell")
    for (const { id, array } of named(query, reader)) {
      const value = counters.at(id, snapshot.generation);
      await each(array, query.index, reader, (index) => sink.counterCell(id, index, value(index)));
    }
  else {
    const meterCounter = query.meterCounter ? zeroMeterCounter : undefined;
    for (const { id, array } of named(query, reader)) {
      const value = meters.at(id, snapshot.generation);
      await each(array, query.index, reader, (index) =>
        sink.meterCell(id, index, { config: value(index), meterCounter }),
      );
    }
  }
}

/** All that are too large are found before anything is sent. */
function named({ kind, arrays, index }: CounterCellQuery | MeterCellQuery, { access }: CellReader) {
  const shown = arrays.filter(({ id }) => access.reads(id));
  for (const { name, size, index: by } of shown)
    if (index === undefined && by === "number" && size > maxReadCells)
      throw refusal(
        "full",
        `${kind === "counter-cell" ? "counter" : "meter"} '${name}' has ${size.toString()} cells; more than ${maxReadCells.toString()} are read by index only`,
        { size: size.toString(), limit: maxReadCells.toString() },
      );
  return shown.map((array) => ({ id: array.id, array }));
}

async function each(
  array: IndexedCounter | IndexedMeter,
  index: bigint | undefined,
  { datapath, breathe }: CellReader,
  emit: (index: bigint) => void,
): Promise<void> {
  if (index !== undefined) emit(index);
  else if (array.index === "port")
    for (const { id } of [...datapath.stats().ports].sort((a, b) => a.id - b.id)) emit(BigInt(id));
  else
    for (let at = 0n; at < array.size; at++) {
      emit(at);
      if (at % stride === stride - 1n) await breathe();
    }
  await breathe();
}
