import assert from "node:assert/strict";
import { entry, call, update } from "../../support/entities.js";
import { actions, tableId, tables } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { Device } from "./device.js";

describe("a Read whose datapath fails", () => {
  requirement("RED-14", "answers the elements that could not be read with INTERNAL", async () => {
    const device = await Device.with();
    const tableEntry = entry(tables.acl, { priority: 1, action: call(actions.drop) });
    assert.deepEqual(await device.write("rollback-on-error", update("insert", { tableEntry })), ["OK"]);
    device.datapath.counters = () => Promise.reject(new Error("no answer"));
    const { results } = await device.read(
      { tableEntry: { tableId: tableId(tables.acl) } },
      { tableEntry: { tableId: tableId(tables.acl), counterData: {} } },
    );
    assert.deepEqual(results, ["OK", "INTERNAL"]);
  });
});
