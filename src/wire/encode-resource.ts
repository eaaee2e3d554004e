/** Counters and meters as parts of other messages. */
import type { CounterData, MeterConfig, MeterCounterData } from "../entity/table-entry.js";
import type { ByteWriter } from "./byte-writer.js";

/** Appends a `MeterConfig` as the field with this tag. */
export function encodeMeterConfig(writer: ByteWriter, tag: number, meter: MeterConfig): void {
  const body = writer.open(tag);
  let field = 0x08;
  for (const value of [meter.cir, meter.cburst, meter.pir, meter.pburst, meter.eburst]) {
    if (value !== 0n) {
      writer.tag(field);
      writer.int64(value);
    }
    field += 8;
  }
  writer.close(body);
}

/** Appends a `MeterCounterData` as the field with this tag: all three counters, those of zero too (DIR-13). */
export function encodeMeterCounterData(writer: ByteWriter, tag: number, counters: MeterCounterData): void {
  const body = writer.open(tag);
  encodeCounterData(writer, 0x0a, counters.green);
  encodeCounterData(writer, 0x12, counters.yellow);
  encodeCounterData(writer, 0x1a, counters.red);
  writer.close(body);
}

/** Appends a `CounterData` as the field with this tag. */
export function encodeCounterData(writer: ByteWriter, tag: number, counter: CounterData): void {
  const body = writer.open(tag);
  if (counter.bytes !== 0n) {
    writer.tag(0x08);
    writer.int64(counter.bytes);
  }
  if (counter.packets !== 0n) {
    writer.tag(0x10);
    writer.int64(counter.packets);
  }
  writer.close(body);
}
