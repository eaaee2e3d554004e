import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { Clock } from "../../../src/base/clock.js";
import type { LogLevel } from "../../../src/base/logger.js";
import { createLogger, logLevels } from "../../../src/telemetry/log.js";
import { noLeaks } from "../../support/no-leaks.js";

const clock: Clock = { monotonicNs: () => 0n, realtimeNs: () => 1_000_000n };
const moduleUrl = new URL("../../../src/telemetry/log.js", import.meta.url).href;

/** A logger and the lines it has written. */
function recorded(level: LogLevel) {
  const lines: string[] = [];
  const log = createLogger({ level, format: "text", clock, write: (line) => lines.push(line) });
  return { log, lines };
}

/** Standard error of a program that has a logger `log`. */
function errorOutput(script: string): string {
  const program = `import { createLogger } from ${JSON.stringify(moduleUrl)};\n${script}`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  return run.stderr;
}

describe("createLogger", () => {
  noLeaks();

  for (const [index, level] of logLevels.entries()) {
    it(`writes what is ${level} or worse at level ${level}`, async () => {
      const { log, lines } = recorded(level);
      for (const each of logLevels) log[each](`a.${each}`);
      await log.flushed();
      const events = lines.map((line) => line.trimEnd().split(" ").at(-1));
      assert.deepEqual(
        events,
        logLevels.slice(index).map((each) => `a.${each}`),
      );
    });

    it(`says which levels are enabled at level ${level}`, () => {
      const { log } = recorded(level);
      assert.deepEqual(
        logLevels.filter((each) => log.enabled(each)),
        logLevels.slice(index),
      );
    });
  }

  it("keeps the order of events that came before the library was loaded", async () => {
    const { log, lines } = recorded("info");
    log.info("a.first", { id: 2n ** 64n - 1n });
    log.info("a.second");
    assert.deepEqual(lines, []);
    await log.flushed();
    log.info("a.third");
    assert.deepEqual(lines, [
      "1970-01-01T00:00:00.001Z info  a.first id=18446744073709551615\n",
      "1970-01-01T00:00:00.001Z info  a.second\n",
      "1970-01-01T00:00:00.001Z info  a.third\n",
    ]);
  });

  it("writes before the call returns once the library is loaded", async () => {
    const { log, lines } = recorded("info");
    log.info("a.first");
    await log.flushed();
    for (let i = 0; i < 1000; i++) log.info("a.many");
    assert.equal(lines.length, 1001);
  });

  it("keeps the fields as they were when the event happened", async () => {
    const { log, lines } = recorded("info");
    const ports = [1];
    log.info("a.b", { ports });
    ports.push(2);
    await log.flushed();
    assert.match(lines.join(""), /ports=\[1\]\n$/);
  });

  it("says how many events were dropped if too many came before the library was loaded", async () => {
    const { log, lines } = recorded("info");
    for (let i = 0; i < 10_007; i++) log.info("a.many");
    await log.flushed();
    assert.equal(lines.length, 10_001);
    assert.match(lines.at(-1) ?? "", /warn {2}telemetry\.events_dropped events=7\n$/);
  });

  it("follows a new level at once", async () => {
    const { log, lines } = recorded("error");
    log.debug("a.before");
    log.level = "debug";
    log.debug("a.after");
    await log.flushed();
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /a\.after/);
  });

  it("writes JSON to a standard error that is no terminal, and nothing is lost by exiting", () => {
    const output = errorOutput(`const log = createLogger({ level: "info" });
      log.fatal("a.b", { id: 5n });
      await log.flushed();
      log.fatal("a.c");
      process.exit(1);`);
    const lines = output.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => {
        const { event, level } = JSON.parse(line) as { event: unknown; level: unknown };
        return [event, level];
      }),
      [
        ["a.b", "fatal"],
        ["a.c", "fatal"],
      ],
    );
  });

  it("keeps no process alive", () => {
    assert.match(errorOutput('createLogger({ level: "info" }).info("a.b");'), /"event":"a\.b"/);
  });
});
