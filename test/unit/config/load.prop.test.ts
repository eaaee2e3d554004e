import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../../src/config/load.js";
import { ConfigError } from "../../../src/config/problem.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";

/** Holds if `bytes` are a configuration or a ConfigError whose problems all have a place in the text. */
async function isDecided(bytes: Uint8Array): Promise<void> {
  const lines = Buffer.from(bytes).toString().split("\n").length;
  try {
    await parseConfig(bytes, "x.yaml");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(error.problems.length > 0);
    for (const { line, column, reason } of error.problems) {
      assert.ok(reason.length > 0 && !reason.includes("\n"), reason);
      assert.ok(line === undefined || (line >= 1 && line <= lines), `line ${line ?? 0} of ${lines}`);
      assert.ok(column === undefined || column >= 1, `column ${column ?? 0}`);
    }
  }
}

const keys = [
  ...["listeners", "devices", "interfaces", "limits", "keepalive", "punt", "packet_in", "telemetry", "prometheus"],
  ...["address", "port", "unix", "insecure", "device_id", "datapath", "routes", "pipeline", "bindings", "port_id"],
  ...["10.0.0.0/8", "a.b", "queues", "policers", "backlog", "constructor", "__proto__", "toString", ""],
];
const scalars = [
  "1",
  "0",
  "-1",
  "18446744073709551615",
  "1.5",
  "true",
  "null",
  "~",
  "4s",
  "32MiB",
  '"x"',
  ".nan",
  "::",
];

/** Flow-style YAML out of words that mean something here, well formed more often than not. */
const { node } = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...scalars),
    fc.array(tie("node"), { maxLength: 4 }).map((parts) => `[${parts.join(", ")}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...keys), tie("node")), { maxLength: 4 })
      .map((pairs) => `{${pairs.map(([key, value]) => `"${key}": ${value}`).join(", ")}}`),
  ),
}));

describe("parseConfig", () => {
  it("decides about any bytes", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), isDecided), { numRuns: fuzzRuns(300) });
  });

  it("decides about any text of YAML's own characters", async () => {
    const yaml = fc.string({ unit: fc.constantFrom(...Array.from("-:,[]{}#&*!|>'\"%@` \n\tab1~<?")), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(yaml, (text) => isDecided(Buffer.from(text))),
      { numRuns: fuzzRuns(1000) },
    );
  });

  it("decides about any document of known words", async () => {
    const documents = fc.array(fc.tuple(fc.constantFrom(...keys), node), { maxLength: 6 });
    const property = fc.asyncProperty(documents, (pairs) =>
      isDecided(Buffer.from(pairs.map(([key, value]) => `"${key}": ${value}\n`).join(""))),
    );
    await fc.assert(property, { numRuns: fuzzRuns(500) });
  });

  for (const { what, text } of [
    { what: "brackets", text: "[".repeat(100_000) },
    { what: "braces", text: "{a: ".repeat(100_000) },
    { what: "list items on one line", text: "- ".repeat(20_000) },
    { what: "aliases that multiply", text: multiplyingAliases(12) },
    { what: "keys", text: Array.from({ length: 10_000 }, (_, index) => `k${index}: 1\n`).join("") },
  ]) {
    it(`decides about very many ${what}`, () => isDecided(Buffer.from(text)));
  }
});

/** Each line holds the one before nine times. */
function multiplyingAliases(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    return `k${index}: &a${index} [${
      index === 0
        ? "1"
        : Array<string>(9)
            .fill(`*a${index - 1}`)
            .join(", ")
    }]\n`;
  });
  return lines.join("");
}
