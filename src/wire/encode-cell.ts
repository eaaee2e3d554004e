/** Cells of indexed counters and meters → `Entity` messages. @see P4Runtime §9.3, §9.4 */
import type { StoredMeterCell } from "../entity/entity-sink.js";
import type { CounterData } from "../entity/table-entry.js";
import type { ByteWriter } from "./byte-writer.js";
import { encodeCounterData, encodeMeterConfig, encodeMeterCounterData } from "./encode-resource.js";

/** Appends one `entities` field of a ReadResponse. */
export function encodeCounterCell(writer: ByteWriter, id: number, index: bigint | undefined, data: CounterData): void {
  const entity = writer.open(0x0a);
  const body = writer.open(0x3a);
  encodeName(writer, id, index);
  encodeCounterData(writer, 0x1a, data);
  writer.close(body);
  writer.close(entity);
}

/** Appends one `entities` field of a ReadResponse. */
export function encodeMeterCell(
  writer: ByteWriter,
  id: number,
  index: bigint | undefined,
  { config, meterCounter }: StoredMeterCell,
): void {
  const entity = writer.open(0x0a);
  const body = writer.open(0x2a);
  encodeName(writer, id, index);
  if (config !== undefined) encodeMeterConfig(writer, 0x1a, config);
  if (meterCounter !== undefined) encodeMeterCounterData(writer, 0x22, meterCounter);
  writer.close(body);
  writer.close(entity);
}

/** The message of index 0 is there and empty; without one, all cells are meant. */
function encodeName(writer: ByteWriter, id: number, index: bigint | undefined): void {
  writer.tag(0x08);
  writer.uint32(id);
  if (index === undefined) return;
  const at = writer.open(0x12);
  if (index !== 0n) {
    writer.tag(0x08);
    writer.int64(index);
  }
  writer.close(at);
}
