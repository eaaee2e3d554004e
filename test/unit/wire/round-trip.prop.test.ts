import assert from "node:assert/strict";
import fc from "fast-check";
import { defined } from "../../../src/base/invariant.js";
import { StatusError } from "../../../src/base/status.js";
import type { StoredEntry } from "../../../src/entity/entity-sink.js";
import type { TableEntryDraft } from "../../../src/entity/table-entry.js";
import { decodeReadRequest } from "../../../src/wire/decode-read.js";
import { decodeWriteRequest } from "../../../src/wire/decode-write.js";
import { ReadResponseEncoder } from "../../../src/wire/encode-entity.js";
import {
  draftOf,
  entitiesOf,
  keyOnly,
  only,
  plain,
  readBytes,
  update,
  writeBytes,
  type Plain,
  type TableEntry,
} from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { schemaOf, shapes, tableId, tables } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { entryOf, padded } from "./random-entries.js";

const schema = schemaOf(shapes);

function decode(tableEntry: TableEntry): TableEntryDraft {
  return draftOf(decodeWriteRequest(writeBytes(update("insert", { tableEntry }))).updates.decode(0, schema));
}

function stored(draft: TableEntryDraft): StoredEntry {
  return {
    key: draft.key(),
    action: draft.actionRecord(),
    extras: draft.extras(),
    isDefault: false,
    isConst: false,
    wantMeter: true,
    counter: undefined,
    meterCounter: undefined,
    elapsedNs: undefined,
  };
}

/** What a Read gives for the entry in `draft`. */
function encode(draft: TableEntryDraft): Plain {
  const encoder = new ReadResponseEncoder();
  encoder.tableEntry(defined(draft.schema, "a decoded draft"), stored(draft));
  return only(entitiesOf(encoder.take()));
}

const writable = [
  tables.acl,
  tables.routes,
  tables.hosts,
  tables.ranges,
  tables.mixed,
  tables.widths,
  tables.textPorts,
  tables.numberPorts,
  tables.singleRate,
  tables.twoColor,
  tables.aging,
  tables.scoped,
].map(tableId);
const entries = fc.constantFrom(...writable).chain((id) => entryOf(schema, id));

describe("a table entry", () => {
  requirement(
    ["FMT-03", "FMT-07", "BYT-05", "MAT-27", "RDT-19", "TBL-16", "TBL-17"],
    "is read as it was written, by ascending field id",
    () => {
      fc.assert(
        fc.property(entries, (tableEntry) => {
          assert.deepEqual(encode(decode(tableEntry)), plain({ tableEntry }));
        }),
        { numRuns: fuzzRuns(500) },
      );
    },
  );

  requirement(["BYT-07", "BYT-08"], "is the same however its numbers are padded and its parts ordered", () => {
    fc.assert(
      fc.property(entries, fc.nat(20), (tableEntry, zeros) => {
        const plainDraft = stored(decode(tableEntry));
        assert.deepEqual(stored(decode(padded(schema, tableEntry, zeros))), plainDraft);
      }),
      { numRuns: fuzzRuns(300) },
    );
  });

  it("is found by a query with its key", () => {
    fc.assert(
      fc.property(entries, fc.nat(3), (entry, zeros) => {
        const request = readBytes({ tableEntry: keyOnly(padded(schema, entry, zeros)) });
        const query = decodeReadRequest(request).queries.decode(0, schema);
        assert.ok(query.kind === "table-entry");
        assert.equal(query.key, entry.match?.length === 0 ? undefined : decode(entry).key());
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  requirement("TBL-02", "has a key of its own", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...writable).chain((id) => fc.tuple(entryOf(schema, id), entryOf(schema, id))),
        ([a, b]) => {
          const keyOf = (entry: TableEntry) => plain({ tableEntry: keyOnly(entry) });
          const same = decode(a).key() === decode(b).key();
          assert.equal(same, JSON.stringify(keyOf(a)) === JSON.stringify(keyOf(b)));
        },
      ),
      { numRuns: fuzzRuns(200) },
    );
  });

  it("gives a value or a StatusError when a few of its bytes are changed", () => {
    const edits = fc.array(fc.record({ at: fc.nat(), cut: fc.nat(2), put: fc.uint8Array({ maxLength: 2 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(entries, edits, (tableEntry, changes) => {
        let bytes = Buffer.from(writeBytes(update("insert", { tableEntry })));
        for (const { at, cut, put } of changes) {
          const from = at % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
        }
        try {
          const { updates } = decodeWriteRequest(bytes);
          for (let i = 0; i < updates.count; i++) {
            const update = updates.decode(i, schema);
            if (!("entry" in update)) continue;
            const { entry } = update;
            if (entry.schema !== undefined && !entry.isDefault) encode(entry);
          }
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
        }
      }),
      { numRuns: fuzzRuns(300) },
    );
  });
});
