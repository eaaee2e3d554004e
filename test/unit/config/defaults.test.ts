import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { defaultConfig } from "../../../src/config/defaults.js";
import { parseConfig } from "../../../src/config/load.js";
import { keyFieldNames } from "../../../src/config/binding-names.js";
import { keyFields } from "../../../src/datapath/frame-key.js";

/** True if `value` and everything in it is frozen. */
function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

/** The packages that compiled modules of `src/config/` load by being loaded, directly or through others. */
function packagesOf(modules: readonly string[]): string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (url: URL) => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, name = ""] of readFileSync(url, "utf8").matchAll(/^(?:import|export) .*["']([^"']+)["'];$/gm)) {
      if (name.startsWith(".")) visit(new URL(name, url));
      else if (!name.startsWith("node:")) packages.add(name);
    }
  };
  for (const module of modules) visit(new URL(`../../../src/config/${module}`, import.meta.url));
  return [...packages];
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

  it("loads no library, nor does the loader until there is a file", () => {
    assert.deepEqual(packagesOf(["defaults.js", "load.js", "flags.js", "problem.js"]), []);
  });
});

describe("keyFieldNames", () => {
  it("are the key fields of the datapath", () => {
    assert.deepEqual([...keyFieldNames].sort(), Object.keys(keyFields).sort());
  });
});
