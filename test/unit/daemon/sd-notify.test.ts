import assert from "node:assert/strict";
import { silentLogger } from "../../../src/base/logger.js";
import { openServiceManager, watchdogMs } from "../../../src/daemon/sd-notify.js";

const never = () => Promise.reject(new Error("there is no addon"));

describe("watchdogMs", () => {
  for (const { environment, ms } of [
    { environment: {}, ms: undefined },
    { environment: { WATCHDOG_USEC: "10000000" }, ms: 5000 },
    { environment: { WATCHDOG_USEC: "10000000", WATCHDOG_PID: "7" }, ms: 5000 },
    { environment: { WATCHDOG_USEC: "10000000", WATCHDOG_PID: "8" }, ms: undefined },
    { environment: { WATCHDOG_USEC: "1" }, ms: 1 },
    { environment: { WATCHDOG_USEC: "0" }, ms: undefined },
    { environment: { WATCHDOG_USEC: "-5" }, ms: undefined },
    { environment: { WATCHDOG_USEC: "10s" }, ms: undefined },
    { environment: { WATCHDOG_USEC: "" }, ms: undefined },
  ])
    it(`of process 7 is ${ms ?? "none"} for ${JSON.stringify(environment)}`, () => {
      assert.equal(watchdogMs(environment, 7), ms);
    });
});

describe("openServiceManager", () => {
  for (const environment of [{}, { NOTIFY_SOCKET: "" }, { WATCHDOG_USEC: "1000" }])
    it(`does not load the addon for ${JSON.stringify(environment)}`, async () => {
      using manager = await openServiceManager(environment, never, silentLogger);
      manager.ready();
      manager.stopping();
    });

  it("says what is missing if there is a service manager and no addon", async () => {
    await assert.rejects(openServiceManager({ NOTIFY_SOCKET: "/run/notify" }, never, silentLogger), {
      name: "NotifyError",
      message: /NOTIFY_SOCKET is set.*there is no addon/,
    });
  });
});
