/** Entities told as by a Read, given back as the updates that make them: how they move from one program to another. */
import type { FlowingSink } from "../entity/entity-sink.js";
import type { UpdateDecoder } from "../entity/update.js";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { TableEntryParts } from "./decode-table-entry.js";
import { decodeWriteRequest, EntityParts } from "./decode-write.js";
import { ReadResponseEncoder } from "./encode-entity.js";
import { Span } from "./span.js";

/** Numbers of `Update.Type`. */
const insert = 1;
const modify = 2;

/** Fields of `Entity` whose message exists from the start: meters, counters, value sets, registers. */
const alwaysThere: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 11]);
const tableEntry = 2;
/** Most fields that are looked at while one response is taken apart. */
const maxFields = 1 << 20;

/** A sink whose `flush` hands over what it holds: one INSERT for each entity, or a MODIFY of what always exists. */
export class Replay extends ReadResponseEncoder implements FlowingSink {
  readonly #apply: (updates: UpdateDecoder) => Promise<void>;
  readonly #reader = new ByteReader();
  readonly #writer = new ByteWriter();
  readonly #entity = new Span();
  readonly #parts = new EntityParts();
  readonly #entry = new TableEntryParts();

  /** @param apply given the updates in the order in which their entities were told */
  constructor(apply: (updates: UpdateDecoder) => Promise<void>) {
    super();
    this.#apply = apply;
  }

  async flush(): Promise<void> {
    if (this.empty) return;
    await this.#apply(decodeWriteRequest(this.#request(this.take())).updates);
  }

  /** A ReadResponse as the WriteRequest that makes what it tells of. */
  #request(response: Uint8Array): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    const ends = new ByteReader();
    ends.begin(response, 0, response.length, maxFields);
    for (let tag = ends.tag(); tag !== 0; tag = ends.tag()) {
      this.#entity.clear();
      this.#entity.take(ends);
      const update = writer.open(0x22);
      writer.tag(0x08);
      writer.uint32(this.#type());
      writer.bytesField(0x12, response.subarray(this.#entity.start, this.#entity.end));
      writer.close(update);
    }
    return writer.take();
  }

  #type(): number {
    this.#reader.begin(this.#entity.bytes, this.#entity.start, this.#entity.end, maxFields);
    this.#parts.scan(this.#reader, this.#entity);
    const { number, at } = this.#parts;
    if (alwaysThere.has(number)) return modify;
    if (number !== tableEntry) return insert;
    this.#entry.scan(this.#reader, at.bytes, at.start, at.end);
    return this.#entry.isDefault ? modify : insert;
  }
}
