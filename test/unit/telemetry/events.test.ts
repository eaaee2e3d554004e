import assert from "node:assert/strict";
import { events, eventsDocument } from "../../../src/telemetry/events.js";
import { sameAsFile } from "../../support/golden.js";
import { textsBelow } from "../../support/repository.js";

/** A call that logs at a level that must be declared, with its first argument if that is a literal. */
interface LogCall {
  readonly file: string;
  readonly level: string;
  readonly event: string | undefined;
}

const call = /\blog(?:ger)?\s*\.(warn|error|fatal)\(\s*(?:"([^"]*)")?/gi;

/** Every such call in `src/`; a logger within telemetry itself logs by `this`. */
function logCalls(): readonly LogCall[] {
  return [...textsBelow("src", ".ts")].flatMap(([file, text]) => {
    const own = file === "src/telemetry/log.ts" ? text.replaceAll(/\bthis\.warn\(/g, "log.warn(") : text;
    return Array.from(own.matchAll(call), ([, level = "", event]) => ({ file, level, event }));
  });
}

describe("the events of level warn and above", () => {
  const calls = logCalls();

  it("are logged by a literal name, so that they can be found", () => {
    assert.deepEqual(
      calls.filter(({ event }) => event === undefined || !/^[a-z]+\.[a-z]+(_[a-z0-9]+)*$/.test(event)),
      [],
    );
  });

  it("are declared with the level they are logged at", () => {
    assert.deepEqual(
      calls.filter(({ event = "", level }) => events[event]?.level !== level),
      [],
    );
  });

  it("are all logged somewhere", () => {
    const logged = new Set(calls.map(({ event }) => event));
    assert.deepEqual(
      Object.keys(events).filter((name) => !logged.has(name)),
      [],
    );
  });

  it("are declared in the order of their names", () => {
    assert.deepEqual(Object.keys(events), Object.keys(events).sort());
  });

  it("are described in docs/events.md as they are declared", () => sameAsFile("docs/events.md", eventsDocument()));
});
