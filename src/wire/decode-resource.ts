/** Counters and meters that are parts of other messages. @see P4Runtime §9.3, §9.4 */
import { refusal } from "../base/situation.js";
import { checkMeterConfig } from "../entity/meter-config.js";
import type { CounterData, MeterConfig } from "../entity/table-entry.js";
import type { DirectMeter } from "../pipeline/pipeline.js";
import type { ByteReader } from "./byte-reader.js";
import { Span } from "./span.js";

/** A `MeterConfig` for `meter`. @throws StatusError INVALID_ARGUMENT (MTR-02 … MTR-06) */
export function decodeMeterConfig(reader: ByteReader, at: Span, meter: DirectMeter): MeterConfig {
  const config = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n, eburst: 0n };
  reader.reset(at.bytes, at.start, at.end);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) config.cir = reader.int64();
    else if (tag === 0x10) config.cburst = reader.int64();
    else if (tag === 0x18) config.pir = reader.int64();
    else if (tag === 0x20) config.pburst = reader.int64();
    else if (tag === 0x28) config.eburst = reader.int64();
    else reader.skip();
  }
  checkMeterConfig(config, meter);
  return config;
}

const colours = ["green", "yellow", "red"] as const;

/**
 * Looks through a `MeterCounterData` of an update, which can only clear.
 * @throws StatusError INVALID_ARGUMENT if a count is not 0 (DIR-11, DIR-12, MTR-22)
 */
export function checkClears(reader: ByteReader, at: Span): void {
  const counters = colours.map((colour) => ({ colour, span: new Span() }));
  reader.reset(at.bytes, at.start, at.end);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const counter = tag === 0x0a || tag === 0x12 || tag === 0x1a ? counters[(tag >> 3) - 1] : undefined;
    if (counter === undefined) reader.skip();
    else counter.span.take(reader);
  }
  for (const { colour, span } of counters) {
    const { packets, bytes } = decodeCounterData(reader, span);
    if (packets !== 0n || bytes !== 0n)
      throw refusal(
        "clear-only",
        `counters per meter colour can only be cleared: ${colour} has byte_count ${bytes.toString()} and packet_count ${packets.toString()}, not 0`,
      );
  }
}

/** A `CounterData`. @throws StatusError INVALID_ARGUMENT if a count is negative (CTR-25) */
export function decodeCounterData(reader: ByteReader, at: Span): CounterData {
  const data = { bytes: 0n, packets: 0n };
  reader.reset(at.bytes, at.start, at.end);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) data.bytes = reader.int64();
    else if (tag === 0x10) data.packets = reader.int64();
    else reader.skip();
  }
  if (data.bytes < 0n || data.packets < 0n)
    throw refusal(
      "negative-number",
      `counter_data: byte_count ${data.bytes.toString()} and packet_count ${data.packets.toString()} must not be negative`,
    );
  return data;
}
