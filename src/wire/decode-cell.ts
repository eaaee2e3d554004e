/** `CounterEntry` and `MeterEntry` messages → updates and queries. @see P4Runtime §9.3, §9.4 */
import { refusal } from "../base/situation.js";
import { checkCellIndex } from "../entity/cell.js";
import type { CounterCellQuery, MeterCellQuery } from "../entity/read-query.js";
import type { EntitySchema } from "../entity/schema.js";
import type { UpdateType } from "../entity/table-entry.js";
import type { CellUpdate } from "../entity/update.js";
import type { IndexedCounter, IndexedMeter, Pipeline } from "../pipeline/pipeline.js";
import type { ByteReader } from "./byte-reader.js";
import { checkClears, decodeCounterData, decodeMeterConfig } from "./decode-resource.js";
import { Span } from "./span.js";
import { unknownObject } from "./unknown-object.js";

export class CellDecoder {
  readonly #reader: ByteReader;
  #id = 0;
  readonly #index = new Span();
  /** `data` of a counter, `config` of a meter. */
  readonly #value = new Span();
  readonly #meterCounters = new Span();

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** @throws StatusError the update's error (CTR-01, CTR-17, CTR-18, CTR-22, CTR-25, MTR-01 … MTR-06, MTR-18, MTR-20) */
  counterUpdate(at: Span, type: UpdateType, schema: EntitySchema): CellUpdate {
    this.#scan(at, type);
    const array = this.#counter(schema);
    const index = this.#indexOf();
    checkCellIndex({ noun: "counter", array }, index, schema.isPort);
    const data = this.#value.present ? decodeCounterData(this.#reader, this.#value) : undefined;
    return { kind: "counter-cell", array, index, data };
  }

  /** @throws StatusError as `counterUpdate` */
  meterUpdate(at: Span, type: UpdateType, schema: EntitySchema): CellUpdate {
    this.#scan(at, type);
    const array = this.#meter(schema);
    const index = this.#indexOf();
    checkCellIndex({ noun: "meter", array }, index, schema.isPort);
    if (this.#meterCounters.present) {
      if (!schema.meterCounters) throw noCellCounters(array);
      checkClears(this.#reader, this.#meterCounters);
    }
    const config = this.#value.present ? decodeMeterConfig(this.#reader, this.#value, array) : undefined;
    return { kind: "meter-cell", array, index, config };
  }

  /** @throws StatusError INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED (CTR-17 … CTR-22) */
  counterQuery(at: Span, schema: EntitySchema): CounterCellQuery {
    this.#scan(at);
    const { counters } = schema.pipeline;
    const index = this.#indexOf();
    if (this.#id === 0)
      return { kind: "counter-cell", arrays: this.#all("counter", counters, index), index: undefined };
    const array = this.#counter(schema);
    checkCellIndex({ noun: "counter", array }, index, schema.isPort);
    return { kind: "counter-cell", arrays: [array], index };
  }

  /** @throws StatusError as `counterQuery`; a wildcard leaves out colour counters (AMB-34) */
  meterQuery(at: Span, schema: EntitySchema): MeterCellQuery {
    this.#scan(at);
    const { meters } = schema.pipeline;
    const meterCounter = this.#meterCounters.present && schema.meterCounters;
    const index = this.#indexOf();
    if (this.#id === 0)
      return { kind: "meter-cell", arrays: this.#all("meter", meters, index), index: undefined, meterCounter };
    const array = this.#meter(schema);
    checkCellIndex({ noun: "meter", array }, index, schema.isPort);
    if (this.#meterCounters.present && index !== undefined && !schema.meterCounters) throw noCellCounters(array);
    return { kind: "meter-cell", arrays: [array], index, meterCounter };
  }

  /** @param type of the update; undefined: a read */
  #scan(at: Span, type?: UpdateType): void {
    if (type !== undefined && type !== "modify")
      throw refusal(
        "wrong-update-type",
        `cells of counters and meters: only MODIFY is possible, not ${type.toUpperCase()}`,
      );
    const reader = this.#reader;
    this.#id = 0;
    this.#index.clear();
    this.#value.clear();
    this.#meterCounters.clear();
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) this.#id = reader.uint32();
      else if (tag === 0x12) this.#index.take(reader);
      else if (tag === 0x1a) this.#value.take(reader);
      else if (tag === 0x22) this.#meterCounters.take(reader);
      else reader.skip();
    }
  }

  /** Undefined if the message has none, which is not index 0 (CTR-21). */
  #indexOf(): bigint | undefined {
    if (!this.#index.present) return undefined;
    const reader = this.#reader;
    let index = 0n;
    reader.reset(this.#index.bytes, this.#index.start, this.#index.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) index = reader.int64();
      else reader.skip();
    }
    return index;
  }

  /** Those whose cells a message can name. */
  #all<A extends IndexedCounter | IndexedMeter>(
    noun: string,
    arrays: ReadonlyMap<number, A>,
    index: bigint | undefined,
  ): readonly A[] {
    if (index !== undefined) throw refusal("bad-filter", `${noun}_id 0 reads all ${noun}s and takes no index`);
    return [...arrays.values()].filter((array) => array.index !== "text");
  }

  #counter({ pipeline }: EntitySchema): IndexedCounter {
    const array = pipeline.counters.get(this.#id);
    if (array === undefined) throw this.#notOne("counter", pipeline.counters, pipeline);
    return array;
  }

  #meter({ pipeline }: EntitySchema): IndexedMeter {
    const array = pipeline.meters.get(this.#id);
    if (array === undefined) throw this.#notOne("meter", pipeline.meters, pipeline);
    return array;
  }

  /** CTR-22, WRT-16, WRT-17. */
  #notOne(noun: string, arrays: ReadonlyMap<number, IndexedCounter | IndexedMeter>, pipeline: Pipeline) {
    const known = new Map([...arrays].map(([id, { name }]) => [id, name]));
    return unknownObject(this.#id, { field: `${noun}_id`, noun: `an indexed ${noun}`, known }, pipeline);
  }
}

/** MTR-20. */
function noCellCounters({ name }: IndexedMeter) {
  return refusal("unsupported", `meter '${name}': counters per meter colour are not implemented`);
}
