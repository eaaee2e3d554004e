import assert from "node:assert/strict";
import type { Config } from "../../../src/config/config.js";
import { defaultConfig } from "../../../src/config/defaults.js";
import { applyFlags, UsageError } from "../../../src/config/flags.js";
import { parseConfig } from "../../../src/config/load.js";

const load = (yaml: string): Promise<Config> => parseConfig(Buffer.from(yaml), "p4rtd.yaml");

describe("applyFlags", () => {
  it("changes nothing without flags", () => assert.deepEqual(applyFlags(defaultConfig, {}), defaultConfig));

  it("gives the port to the first TCP listener", async () => {
    const config = await load(`listeners:
  - { unix: /run/a, insecure: true }
  - { address: 127.0.0.1, port: 1, insecure: true }
  - { address: 127.0.0.1, port: 2, insecure: true }`);
    const ports = applyFlags(config, { port: 0 }).listeners.map((each) =>
      each.kind === "tcp" ? each.port : each.path,
    );
    assert.deepEqual(ports, ["/run/a", 0, 2]);
  });

  it("gives the id to the only device and to its interfaces", () => {
    const { devices, interfaces } = applyFlags(defaultConfig, { deviceId: 2n ** 64n - 1n });
    assert.deepEqual([devices[0]?.deviceId, devices[0]?.name], [2n ** 64n - 1n, "device-18446744073709551615"]);
    assert.ok(interfaces.every((each) => each.deviceId === 2n ** 64n - 1n));
  });

  it("keeps the name an operator gave", async () => {
    const config = await load("devices: [{ device_id: 1, name: chip }]");
    assert.equal(applyFlags(config, { deviceId: 2n }).devices[0]?.name, "chip");
  });

  it("leaves the configuration it was given as it is, and freezes the other", () => {
    const changed = applyFlags(defaultConfig, { port: 1, deviceId: 2n });
    assert.equal(defaultConfig.devices[0]?.deviceId, 1n);
    assert.ok(Object.isFrozen(changed) && Object.isFrozen(changed.listeners[0]));
  });

  for (const { why, yaml, flags, message } of [
    {
      why: "a port without a TCP listener",
      yaml: "listeners: [{ unix: /run/a, insecure: true }]",
      flags: { port: 1 },
      message: /^--port: .* no TCP listener/,
    },
    { why: "a port out of range", yaml: "{}", flags: { port: 65536 }, message: /^--port: 65536 .*0 … 65535/ },
    { why: "a port that is no number", yaml: "{}", flags: { port: NaN }, message: /^--port: NaN/ },
    {
      why: "a device id with several devices",
      yaml: "devices: [{ device_id: 1 }, { device_id: 2 }]\ninterfaces: {}",
      flags: { deviceId: 3n },
      message: /^--device-id: the configuration has 2 devices/,
    },
    { why: "device id 0", yaml: "{}", flags: { deviceId: 0n }, message: /^--device-id: 0 is not a device id/ },
    { why: "a device id of 65 bits", yaml: "{}", flags: { deviceId: 2n ** 64n }, message: /18446744073709551616 is/ },
  ]) {
    it(`refuses ${why}`, async () => {
      const config = await load(yaml);
      assert.throws(
        () => applyFlags(config, flags),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
