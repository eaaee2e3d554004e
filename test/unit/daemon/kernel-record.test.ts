import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import {
  netnsInode,
  readRecord,
  removeRecord,
  writeRecord,
  type KernelRecord,
} from "../../../src/daemon/kernel-record.js";
import { Folder } from "../../support/daemon.js";

const record: KernelRecord = {
  layout: 1,
  netns: "/run/netns/blue",
  netnsInode: 4026531840,
  ordinal: 1,
  taps: [{ name: "tap1", ifindex: 7 }],
};

describe("a record of what was made", () => {
  it("reads back as it was written, with and without a path of the network namespace", () => {
    using folder = new Folder();
    for (const each of [record, { ...record, netns: undefined, taps: [] }]) {
      writeRecord(folder.at("a.json"), each);
      assert.deepEqual(readRecord(folder.at("a.json")), each);
    }
    assert.deepEqual(readdirSync(folder.path), ["a.json"]);
  });

  it("is undefined where there is none", () => assert.equal(readRecord("/nowhere/a.json"), undefined));

  it("is removed with its draft, twice without a fault", () => {
    using folder = new Folder();
    writeRecord(folder.at("a.json"), record);
    folder.write("a.json.new", "{");
    removeRecord(folder.at("a.json"));
    removeRecord(folder.at("a.json"));
    assert.deepEqual(readdirSync(folder.path), []);
  });

  for (const text of [
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...record, layout: "1" }),
    JSON.stringify({ ...record, netns: 5 }),
    JSON.stringify({ ...record, ordinal: 1.5 }),
    JSON.stringify({ ...record, taps: "tap1" }),
    JSON.stringify({ ...record, taps: ["tap1"] }),
    JSON.stringify({ ...record, taps: [{ name: "tap1" }] }),
  ])
    it(`is refused by name when it says ${text || "nothing"}`, () => {
      using folder = new Folder();
      const path = folder.write("a.json", text);
      assert.throws(() => readRecord(path), { message: `${path} is no record of p4rtd's: remove it by hand` });
    });
});

describe("netnsInode", () => {
  it("tells this process's own, also by its path", () => {
    assert.ok(Number.isInteger(netnsInode(undefined)));
    assert.equal(netnsInode(`/proc/${process.pid}/ns/net`), netnsInode(undefined));
  });

  it("is undefined where there is none", () => assert.equal(netnsInode("/run/netns/p4tc-no-such"), undefined));
});
