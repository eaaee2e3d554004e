import assert from "node:assert/strict";
import { noExtras } from "../../../src/entity/table-entry.js";
import { defined } from "../../../src/base/invariant.js";
import type { Update } from "../../../src/entity/update.js";
import { Replay } from "../../../src/wire/replay.js";
import { entry, exact, draftOf, update, writeBytes, call } from "../../support/entities.js";
import { decodeWriteRequest } from "../../../src/wire/decode-write.js";
import { actions, schemaOf, shapes, tableId, tables } from "../../support/programs.js";

const schema = schemaOf(shapes);
const hosts = defined(schema.tables.get(tableId(tables.hosts)), "a table of the program");
const routes = defined(schema.tables.get(tableId(tables.routes)), "a table of the program");

/** Kind and type of each update as it is decoded, with key and action. */
function told(decoded: Update): string {
  const { kind, type } = { type: "", ...decoded };
  if (!("entry" in decoded)) return `${kind} ${type}`;
  const draft = draftOf(decoded);
  return `${kind} ${type} ${Buffer.from(draft.key(), "latin1").toString("hex")} ${draft.action?.action.alias ?? ""}`;
}

describe("replayed entities", () => {
  it("are inserted, or modified where they always exist, in the order they were told", async () => {
    const given = writeBytes(
      update("insert", {
        tableEntry: entry(tables.hosts, { match: [exact(1, "020000000001")], action: call(actions.trap) }),
      }),
    );
    const draft = draftOf(decodeWriteRequest(given).updates.decode(0, schema));
    const stored = { key: draft.key(), action: draft.actionRecord(), extras: noExtras };
    const common = {
      isConst: false,
      wantMeter: true,
      counter: undefined,
      meterCounter: undefined,
      elapsedNs: undefined,
    };
    const seen: string[] = [];
    const replay = new Replay((updates) => {
      for (let i = 0; i < updates.count; i++) seen.push(told(updates.decode(i, schema)));
      return Promise.resolve();
    });
    replay.multicastGroup(7, { replicas: [], metadata: new Uint8Array(0) });
    replay.tableEntry(hosts, { ...stored, ...common, isDefault: false });
    replay.tableEntry(routes, { ...stored, ...common, key: "", isDefault: true });
    replay.directCounter(routes, { ...stored, ...common, key: "", isDefault: true }, { packets: 1n, bytes: 2n });
    await replay.flush();
    await replay.flush();
    assert.deepEqual(seen, [
      "multicast-group insert",
      "table-entry insert 00000000020000000001 trap",
      "table-entry modify  trap",
      "direct-counter   ",
    ]);
  });
});
