import assert from "node:assert/strict";
import { dirname } from "node:path";
import { filesBelow } from "../support/repository.js";

/** Folders whose tests are not below `test/unit/`, and where they are. */
const testedElsewhere: Readonly<Record<string, string>> = {
  daemon: "test/process", // as users start it
  datapath: "test/compliance", // a contract: every backend runs it
  rpc: "test/conformance", // over the wire, by a client that shares no codec
  "rpc/admin": "test/process", // by p4rtctl, its client
  "rpc/dataplane": "test/conformance",
  "rpc/p4runtime": "test/conformance",
};

describe("test/", () => {
  it("has tests for every folder of src/", () => {
    const folders = new Set(filesBelow("src", ".ts").map((path) => dirname(path).replace(/^src\/?/, "")));
    folders.delete("");
    const untested = [...folders].filter((folder) => {
      const place = testedElsewhere[folder] ?? `test/unit/${folder}`;
      return filesBelow(place, ".ts").length === 0;
    });
    assert.deepEqual(untested, []);
  });
});
