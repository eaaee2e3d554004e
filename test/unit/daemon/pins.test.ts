import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kernelLayout, pinFolders, removePins } from "../../../src/daemon/pins.js";
import { Folder } from "../../support/daemon.js";
import { root } from "../../support/repository.js";

describe("pins", () => {
  it("have the layout of the programs", () => {
    const header = readFileSync(join(root, "native/bpf/p4rtd_abi.h"), "utf8");
    assert.equal(/^#define P4RTD_LAYOUT (\d+)$/m.exec(header)?.[1], String(kernelLayout));
  });

  it("are found by device and layout, beside others' folders", () => {
    using folder = new Folder();
    for (const name of [
      "device-1-v1",
      "device-18446744073709551615-v12",
      "device-0-v1",
      "device-1",
      "device-1-v1x",
      "x",
    ])
      mkdirSync(folder.at(name));
    assert.deepEqual(
      [...pinFolders(folder.path)].sort((a, b) => a.layout - b.layout),
      [
        { deviceId: 1n, layout: 1, path: folder.at("device-1-v1") },
        { deviceId: 18446744073709551615n, layout: 12, path: folder.at("device-18446744073709551615-v12") },
      ],
    );
  });

  it("are none where there is no folder", () => assert.deepEqual(pinFolders("/nowhere"), []));

  it("go with what is below, and with nothing beside", () => {
    using folder = new Folder();
    mkdirSync(folder.at("device-1-v1/links"), { recursive: true });
    folder.write("device-1-v1/links/swp1", "");
    folder.write("device-1-v1/rules", "");
    folder.write("other", "");
    assert.deepEqual(
      [...removePins(folder.at("device-1-v1"))].sort(),
      ["", "/links", "/links/swp1", "/rules"].map((name) => folder.at(`device-1-v1${name}`)),
    );
    assert.equal(existsSync(folder.at("device-1-v1")), false);
    assert.ok(existsSync(folder.at("other")));
  });
});
