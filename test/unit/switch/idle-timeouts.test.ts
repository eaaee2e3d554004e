import assert from "node:assert/strict";
import { InvariantError } from "../../../src/base/invariant.js";
import { silentLogger } from "../../../src/base/logger.js";
import { toLong } from "../../../src/wire/int64.js";
import { call, counts, entry, hex, update, type Plain } from "../../support/entities.js";
import { actions, p4info } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { IdleTimeouts, pauseMs } from "../../../src/switch/idle-timeouts.js";
import { aging, agingProgram, elapsed, insert, modify, ms, remove, resync, scan, scanAfter } from "./aging-device.js";
import { Device } from "./device.js";

const second = 1000n * BigInt(ms);

async function withEntries(...updates: Parameters<Device["write"]>[1][]): Promise<Device> {
  const device = await Device.with(agingProgram);
  assert.deepEqual(
    await device.write("rollback-on-error", ...updates),
    updates.map(() => "OK"),
  );
  return device;
}

/** Lets `change` happen after the next counters were read and before it is told. */
function during(device: Device, change: () => Promise<unknown>): void {
  const counters = device.datapath.counters.bind(device.datapath);
  device.datapath.counters = async (...args) => {
    device.datapath.counters = counters;
    await counters(...args);
    await change();
  };
}

describe("an entry with an idle timeout", () => {
  requirement(["IDL-04", "IDL-05"], "reads back exactly the timeout that was written", async () => {
    const timeouts = [1n, 300_000_001n, 2n ** 63n - 1n, 0n];
    const device = await withEntries(...timeouts.map((ns, i) => insert(i + 1, ns)));
    const found = await device.only({ tableEntry: entry(1) });
    assert.deepEqual(
      found.map(({ tableEntry }) => BigInt(((tableEntry as Plain)["idleTimeoutNs"] as string | undefined) ?? 0)),
      timeouts,
    );
  });

  requirement(["IDL-06", "IDL-13"], "tells the time since its last hit if asked, also without a timeout", async () => {
    const device = await withEntries(insert(1, 0n), insert(2, second));
    device.clock.advanceMs(40);
    device.frame(2);
    assert.deepEqual(
      [...(await elapsed(device))],
      [
        [1, 40 * ms],
        [2, 0],
      ],
    );
    device.clock.advanceMs(7);
    assert.deepEqual(
      [...(await elapsed(device))],
      [
        [1, 47 * ms],
        [2, 7 * ms],
      ],
    );
    const [unasked] = await device.only({ tableEntry: aging(1) });
    assert.equal((unasked?.["tableEntry"] as Plain)["timeSinceLastHit"], undefined);
  });

  requirement("AMB-58", "is the only one to tell, where a Read of all tables asks", async () => {
    const device = await Device.with(
      p4info([
        ...["plain", "aging"].map((name, i) => ({
          at: i + 1,
          name,
          fields: [["ether_type", "exact", 16] as const],
          ...(name === "aging" && { idleTimeout: true as const }),
        })),
      ]),
    );
    const entries = [1, 2].map((at) => ({ ...aging(1), tableId: entry(at).tableId ?? 0, action: call(actions.drop) }));
    await device.write("continue-on-error", ...entries.map((tableEntry) => update("insert", { tableEntry })));
    const found = await device.only({ tableEntry: { timeSinceLastHit: {} } });
    assert.deepEqual(
      found.map(({ tableEntry }) => "timeSinceLastHit" in (tableEntry as Plain)),
      [false, true],
    );
  });

  requirement(
    ["IDL-03", "IDL-07", "IDL-09"],
    "is told of each time its timeout has passed, and not before",
    async () => {
      const device = await withEntries(insert(1, second), insert(2, 0n), insert(3, 3n * second));
      assert.deepEqual(await scanAfter(device, 999), []);
      assert.deepEqual(await scanAfter(device, 1), [1]);
      assert.deepEqual(await scanAfter(device, 999), []);
      assert.deepEqual(await scanAfter(device, 1), [1]);
      assert.deepEqual(await scanAfter(device, 1000), [1, 3]);
      assert.equal((await elapsed(device)).get(1), 3000 * ms);
    },
  );

  it("is told of once, however many of its timeouts passed between two scans", async () => {
    const device = await withEntries(insert(1, 1n));
    assert.deepEqual(await scanAfter(device, 5000), [1]);
    assert.deepEqual(await scan(device), []);
  });

  requirement("IDL-13", "begins anew with each hit", async () => {
    const device = await withEntries(insert(1, second));
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(await scanAfter(device, 900), []);
      device.frame(1);
      await scan(device);
    }
    assert.deepEqual(await scanAfter(device, 1000), [1]);
  });

  it("is not hit by a counter that the controller writes", async () => {
    const device = await withEntries(insert(1, second));
    device.frame(1);
    await scanAfter(device, 500);
    const data = counts(1000, 60_000);
    await device.write(
      "continue-on-error",
      update("modify", { directCounterEntry: { tableEntry: aging(1), data } }),
      modify(1, second, { counterData: counts(2000, 1) }),
    );
    assert.deepEqual(await scanAfter(device, 1000), [1]);
  });

  it("keeps its age when it is modified, and the timeout that it has now counts", async () => {
    const device = await withEntries(insert(1, 10n * second));
    device.frame(1);
    await scan(device);
    device.clock.advanceMs(2000);
    await device.write("continue-on-error", modify(1, 3n * second, { action: call(actions.drop) }));
    assert.equal((await elapsed(device)).get(1), 2000 * ms);
    assert.deepEqual(await scanAfter(device, 999), []);
    assert.deepEqual(await scanAfter(device, 1), [1]);
    await device.write("continue-on-error", modify(1, 0n));
    assert.deepEqual(await scanAfter(device, 100_000), []);
  });

  it("ages while nothing realises it, and is hit again when something does", async () => {
    const unrealised = { action: call(actions.set, "01", "02") };
    const device = await withEntries(insert(1, second, unrealised));
    device.frame(1);
    assert.deepEqual(await scanAfter(device, 1000), [1]);
    await device.write("continue-on-error", modify(1, second));
    device.frame(1);
    assert.deepEqual(await scanAfter(device, 1000), []);
    await device.write("continue-on-error", modify(1, second, unrealised));
    assert.deepEqual(await scanAfter(device, 1000), [1]);
  });

  it("ages from its insertion on, not from that of one before it", async () => {
    const device = await withEntries(insert(1, second));
    device.clock.advanceMs(900);
    await device.write("rollback-on-error", remove(1), insert(1, second));
    assert.equal((await elapsed(device)).get(1), 0);
    assert.deepEqual(await scanAfter(device, 900), []);
    await device.write("rollback-on-error", remove(1));
    assert.deepEqual(await scanAfter(device, 900), []);
  });

  it("keeps its age through a batch that is undone", async () => {
    const device = await withEntries(insert(1, second));
    device.clock.advanceMs(900);
    const results = await device.write("rollback-on-error", remove(1), insert(1, 5n), modify(1, 0n), remove(2));
    assert.equal(results.at(-1), "NOT_FOUND");
    assert.deepEqual(await scanAfter(device, 100), [1]);
  });

  it("is not hit when the datapath is brought back, and its next hit is seen", async () => {
    const device = await withEntries(insert(1, second));
    for (let i = 0; i < 3; i++) device.frame(1);
    await scan(device);
    await resync(device);
    assert.deepEqual(await scanAfter(device, 1000), [1]);
    device.frame(1);
    device.frame(1);
    assert.deepEqual(await scanAfter(device, 1000), []);
    await resync(device);
    device.frame(1);
    assert.deepEqual(await scanAfter(device, 1000), []);
  });

  it("of a saved program ages from its COMMIT on", async () => {
    const device = await Device.with(agingProgram, "verify-and-save");
    await device.write("continue-on-error", insert(1, second));
    assert.deepEqual(await scanAfter(device, 5000), []);
    assert.equal((await elapsed(device)).get(1), 0);
    await device.pipelines.set("commit", undefined);
    assert.deepEqual(await scan(device), []);
    assert.deepEqual(await scanAfter(device, 999), []);
    device.frame(1);
    assert.deepEqual(await scanAfter(device, 1), []);
    assert.deepEqual(await scanAfter(device, 1000), [1]);
  });

  it("of a program that is replaced is not told of any more", async () => {
    const device = await withEntries(insert(1, second));
    await device.push(agingProgram);
    assert.deepEqual(await scanAfter(device, 5000), []);
  });

  requirement("DEF-10", "is never the default entry", async () => {
    const device = await withEntries();
    device.frame(1);
    assert.deepEqual(await scanAfter(device, 100_000), []);
    const [found] = await device.only({ tableEntry: entry(1, { isDefaultAction: true }) });
    assert.equal((found?.["tableEntry"] as Plain)["idleTimeoutNs"], undefined);
  });

  requirement("IDL-01", "may name its timeout in a Read, which filters nothing", async () => {
    const device = await withEntries(insert(1, second), insert(2, 5n));
    const idleTimeoutNs = (ns: bigint) => ({ tableEntry: entry(1, { idleTimeoutNs: toLong(ns, "int64") }) });
    const { entities, results } = await device.read(idleTimeoutNs(5n), idleTimeoutNs(-1n));
    assert.deepEqual([entities.length, results], [2, ["OK", "INVALID_ARGUMENT"]]);
  });
});

describe("idle notifications", () => {
  requirement(["IDL-08", "IDL-10"], "of one scan are gathered, at most 256 entries each", async () => {
    const many = 600;
    const device = await withEntries(...Array.from({ length: many }, (_, i) => insert(i, second)));
    device.clock.advanceMs(1000);
    await device.idleTimeouts.scan(new AbortController().signal);
    assert.deepEqual(
      device.idled.map(({ entries }) => entries.length),
      [256, 256, 88],
    );
    assert.equal(device.idled[0]?.timestampNs, device.clock.realtimeNs());
  });

  it("are cut where metadata makes them large", async () => {
    const metadata = hex("ab".repeat(60 * 1024));
    const device = await withEntries(...[1, 2, 3, 4, 5, 6].map((type) => insert(type, second, { metadata })));
    device.clock.advanceMs(1000);
    await device.idleTimeouts.scan(new AbortController().signal);
    assert.deepEqual(
      device.idled.map(({ entries }) => entries.length),
      [5, 1],
    );
  });

  for (const { what, changes, told } of [
    { what: "is deleted", changes: [remove(1)], told: [] },
    { what: "is given no timeout", changes: [modify(1, 0n)], told: [] },
    { what: "is replaced", changes: [remove(1), insert(1, 10n * second)], told: [] },
  ])
    it(`do not tell of an entry that ${what} while its counter is read`, async () => {
      const device = await withEntries(insert(1, second));
      during(device, () => device.write("rollback-on-error", ...changes));
      assert.deepEqual(await scanAfter(device, 1000), told);
    });

  it("take no counter of before a loss for one of after it", async () => {
    const device = await withEntries(insert(1, second));
    device.frame(1);
    during(device, () => resync(device));
    assert.deepEqual(await scanAfter(device, 1000), [1]);
    device.frame(1);
    assert.deepEqual(await scanAfter(device, 1000), []);
  });

  it("do not tell of a program that is replaced while its counters are read", async () => {
    const device = await withEntries(insert(1, second));
    during(device, () => device.push(agingProgram));
    assert.deepEqual(await scanAfter(device, 1000), []);
  });

  it("leave the event loop to others while a large table is scanned", async () => {
    const device = await withEntries(...Array.from({ length: 2560 }, (_, i) => insert(i, second)));
    const counters = device.datapath.counters.bind(device.datapath);
    device.datapath.counters = async (...args) => {
      const end = performance.now() + 3;
      while (performance.now() < end);
      await counters(...args);
    };
    let turns = 0;
    let scanning = true;
    const count = () => {
      turns++;
      if (scanning) setImmediate(count);
    };
    setImmediate(count);
    const worked = await device.idleTimeouts.scan(new AbortController().signal);
    scanning = false;
    assert.ok(turns >= 10, `${turns} turns of the event loop`);
    assert.ok(worked >= 30, `${worked} ms of work`);
  });

  it("cost nothing where no table has idle timeouts", async () => {
    const device = await Device.with();
    device.datapath.counters = () => assert.fail("nothing is to be counted");
    assert.deepEqual(await scanAfter(device, 1000), []);
  });

  for (const { error, warned } of [
    { error: new Error("no answer"), warned: ["idle.scan_failed"] },
    { error: new InvariantError("broken"), warned: [] },
  ])
    it(`${warned.length > 0 ? "go on after" : "end with"} '${error.message}' of the datapath`, async () => {
      const device = await withEntries(insert(1, second));
      const stop = new AbortController();
      const events: string[] = [];
      const warn = (event: string) => {
        events.push(event);
        stop.abort();
      };
      device.datapath.counters = () => Promise.reject(error);
      const audience = { primariesFor: () => [] };
      const log = { ...silentLogger, warn };
      const idle = new IdleTimeouts(device.datapath, audience, { clock: device.clock, log });
      const running = idle.run(stop.signal).catch((reason: unknown) => reason);
      idle.use(device.program);
      assert.equal(await running, warned.length > 0 ? undefined : error);
      assert.deepEqual(events, warned);
    });

  it("without a primary are dropped and counted", async () => {
    const device = await withEntries(insert(1, second));
    const audience = { primariesFor: () => [] };
    const idle = new IdleTimeouts(device.datapath, audience, { clock: device.clock, log: silentLogger });
    idle.use(device.program);
    device.clock.advanceMs(1000);
    await idle.scan(new AbortController().signal);
    assert.deepEqual([idle.notified, idle.dropped], [0, 1]);
  });

  for (const { workedMs, restMs } of [
    { workedMs: 0, restMs: 250 },
    { workedMs: 5, restMs: 250 },
    { workedMs: 100, restMs: 4900 },
  ])
    it(`rest ${restMs} ms after a scan of ${workedMs} ms`, () => assert.equal(pauseMs(workedMs), restMs));
});
