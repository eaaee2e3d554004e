/** What entities are called in the list of those that cannot be kept. */
import { describeKey } from "../entity/describe-key.js";
import type { FlowingSink } from "../entity/entity-sink.js";
import type { TableSchema } from "../entity/schema.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import { defaultKey } from "../store/table-store.js";

/** Made when it is needed: most entities are kept. */
export type NameOf = () => string;

/**
 * Passes all that it is told on to `sink`, and says what each entity but those of tables is called.
 * @param pipeline of the program that has the entities
 * @param named called once for each, in the order in which they are told
 */
export function naming(sink: FlowingSink, pipeline: Pipeline, named: (name: NameOf) => void): FlowingSink {
  return {
    get full() {
      return sink.full;
    },
    flush: () => sink.flush(),
    tableEntry: (schema, entry) => sink.tableEntry(schema, entry),
    directCounter: (schema, entry, counter) => sink.directCounter(schema, entry, counter),
    directMeter: (schema, entry) => sink.directMeter(schema, entry),
    multicastGroup(id, group) {
      named(() => `multicast group ${id}`);
      sink.multicastGroup(id, group);
    },
    cloneSession(id, session) {
      named(() => `clone session ${id}`);
      sink.cloneSession(id, session);
    },
    actionMember(schema, id, action) {
      named(() => `action profile '${schema.profile.name}': member ${id}`);
      sink.actionMember(schema, id, action);
    },
    actionGroup(schema, id, group) {
      named(() => `action profile '${schema.profile.name}': group ${id}`);
      sink.actionGroup(schema, id, group);
    },
    counterCell(id, index, data) {
      named(() => `counter '${pipeline.counters.get(id)?.name ?? id}': ${cellName(index)}`);
      sink.counterCell(id, index, data);
    },
    meterCell(id, index, cell) {
      named(() => `meter '${pipeline.meters.get(id)?.name ?? id}': ${cellName(index)}`);
      sink.meterCell(id, index, cell);
    },
  };
}

/** @param key its key record in latin1 */
export function entryName(schema: TableSchema, key: string): string {
  return `table '${schema.table.alias}': ${key === defaultKey ? "" : "the entry "}${describeKey(schema, key)}`;
}

const cellName = (index: bigint | undefined) => (index === undefined ? "all cells" : `cell ${index}`);
