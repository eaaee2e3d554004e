import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { defaultConfig } from "../../../src/config/defaults.js";
import { parseConfig } from "../../../src/config/load.js";
import { keyFieldNames } from "../../../src/config/binding-names.js";
import { keyFields } from "../../../src/datapath/frame-key.js";

/** True if `value` and everything in it is frozen. */
function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

describe("defaultConfig", () => {
  it("listens without protection on the loopback address only", () => {
    assert.deepEqual(defaultConfig.listeners, [
      { kind: "tcp", address: "127.0.0.1", port: 9559, security: "insecure" },
    ]);
  });

  it("has device 1 with four virtual ports", () => {
    assert.deepEqual(
      defaultConfig.devices.map((device) => device.deviceId),
      [1n],
    );
    assert.deepEqual(
      defaultConfig.interfaces.map(({ name, portId, deviceId }) => [name, portId, deviceId]),
      [1, 2, 3, 4].map((id) => [`ethernet-1/${id}`, id, 1n]),
    );
  });

  it("is frozen to the last level", () => assert.ok(isDeeplyFrozen(defaultConfig)));

  it("is what a file says that only repeats one default", async () => {
    const config = await parseConfig(Buffer.from("arbitration: { promotion: spec }"), "x.yaml");
    assert.deepEqual(config, defaultConfig);
    assert.ok(isDeeplyFrozen(config));
  });

  it("loads no library", () => {
    const module = fileURLToPath(new URL("../../../src/config/defaults.js", import.meta.url));
    const loader = fileURLToPath(new URL("../../../src/config/load.js", import.meta.url));
    const script = `await import(${JSON.stringify(module)}); await import(${JSON.stringify(loader)});
      const { createRequire } = await import("node:module");
      console.log(Object.keys(createRequire(import.meta.url).cache).filter((name) => /node_modules/.test(name)).length);
      console.log(performance.getEntriesByType("resource").length);`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, NODE_DEBUG: "esm" },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    assert.match(output, /^0\n/);
  });
});

describe("keyFieldNames", () => {
  it("are the key fields of the datapath", () => {
    assert.deepEqual([...keyFieldNames].sort(), Object.keys(keyFields).sort());
  });
});
