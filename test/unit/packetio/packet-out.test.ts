import assert from "node:assert/strict";
import fc from "fast-check";
import { cpuPort } from "../../../src/datapath/port.js";
import { dropReasons } from "../../../src/datapath/drop-reason.js";
import { Code } from "../../../src/base/status.js";
import { PacketOutMetadata, type MissingMetadata } from "../../../src/packetio/packet-out.js";
import { packetOutErrors } from "../../../src/packetio/stream-error.js";
import type { Pipeline } from "../../../src/pipeline/pipeline.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { requirement } from "../../support/requirement.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import { field, header, p4info } from "../../support/p4info-spec.js";
import { bare, numeric, wbb } from "./headers.js";

/** A text stands for its bytes, `0x…` for the bytes themselves. */
type Element = readonly [id: number, value: string];

function bytes(value: string): Uint8Array {
  return value.startsWith("0x") ? Buffer.from(value.slice(2), "hex") : Buffer.from(value);
}

/** The port, or reason and message. */
function destination(pipeline: Pipeline, elements: readonly Element[], missing: MissingMetadata = "zero"): string {
  const metadata = elements.map(([id, value]) => ({ id, value: bytes(value) }));
  const found = new PacketOutMetadata(pipeline.packetOut, missing).destination(metadata);
  return found.ok ? `port ${found.port}` : `${found.reason}: ${found.message}`;
}

interface Row {
  readonly ids: string | readonly string[];
  readonly title: string;
  readonly pipeline: Pipeline;
  readonly elements: readonly Element[];
  readonly missing?: MissingMetadata;
  readonly want: string;
}

const plain32 = numeric(32, "plain");
const port32 = numeric(32, "translated");
const port9 = numeric(9, "translated");
const ingress = `port ${cpuPort}`;
/** A text of no meaning beside the port. */
const labelled = indexP4Info(
  p4info({
    newTypes: new Map([["label_t", { kind: "translated-string", uri: "x" }]]),
    packetHeaders: [
      header(0x04000001, "packet_out", [
        field(1, "egress_port", { bitwidth: 32 }),
        field(2, "label", { bitwidth: 0, typeName: "label_t" }),
      ]),
    ],
  }),
);
const meanings = "only egress_port and submit_to_ingress have";
const noField = "neither egress_port nor submit_to_ingress is given";

const rows: readonly Row[] = [
  {
    ids: ["PKT-08", "PKT-29", "TRN-01"],
    title: "a port by its text",
    pipeline: wbb,
    elements: [
      [1, "10"],
      [2, "0x00"],
      [3, "0x00"],
    ],
    want: "port 10",
  },
  { ids: "PKT-29", title: "the largest port", pipeline: wbb, elements: [[1, "4294967039"]], want: "port 4294967039" },
  {
    ids: "PKT-12",
    title: "elements in any order",
    pipeline: wbb,
    elements: [
      [3, "0x00"],
      [2, "0x00"],
      [1, "10"],
    ],
    want: "port 10",
  },
  {
    ids: "PKT-28",
    title: "the ingress path, whatever the port field holds",
    pipeline: wbb,
    elements: [
      [1, "TBD BY SWITCH"],
      [2, "0x01"],
    ],
    want: ingress,
  },
  {
    ids: "PKT-28",
    title: "the ingress path with an empty port field",
    pipeline: wbb,
    elements: [
      [2, "0x01"],
      [1, "0x"],
    ],
    want: ingress,
  },
  {
    ids: "PKT-28",
    title: "the ingress path with a port",
    pipeline: wbb,
    elements: [
      [2, "0x01"],
      [1, "3"],
    ],
    want: ingress,
  },
  {
    ids: ["PKT-09", "PKT-30", "TRN-05"],
    title: "a text that is no port",
    pipeline: wbb,
    elements: [
      [1, "TBD BY SWITCH"],
      [2, "0x00"],
    ],
    want: 'unknown-port: egress_port "TBD BY SWITCH" is no port id',
  },
  ...["0", "010", "+1", "1.0", "0x1", " 1", "4294967040", "4294967293", "99999999999", "é"].map((text) => ({
    ids: "PKT-09",
    title: `'${text}' as a port`,
    pipeline: wbb,
    elements: [[1, `0x${Buffer.from(text, "latin1").toString("hex")}`] as const],
    want: `unknown-port: egress_port ${JSON.stringify(text)} is no port id`,
  })),
  { ids: "PKT-30", title: "no metadata", pipeline: wbb, elements: [], want: `unknown-port: ${noField}` },
  {
    ids: "PKT-03",
    title: "a missing port and no submission",
    pipeline: wbb,
    elements: [[2, "0x00"]],
    want: `unknown-port: ${noField}`,
  },
  { ids: "PKT-03", title: "missing flag and padding", pipeline: wbb, elements: [[1, "10"]], want: "port 10" },
  {
    ids: "PKT-03",
    title: "a missing flag where that is strict",
    pipeline: wbb,
    elements: [
      [1, "10"],
      [3, "0x00"],
    ],
    missing: "strict",
    want: "bad-metadata: metadata 'submit_to_ingress' is missing",
  },
  {
    ids: "PKT-03",
    title: "a missing port where that is strict",
    pipeline: wbb,
    elements: [
      [2, "0x01"],
      [3, "0x00"],
    ],
    missing: "strict",
    want: "bad-metadata: metadata 'egress_port' is missing",
  },
  {
    ids: "PKT-03",
    title: "everything where that is strict",
    pipeline: wbb,
    elements: [
      [1, "10"],
      [2, "0x00"],
      [3, "0x00"],
    ],
    missing: "strict",
    want: "port 10",
  },
  {
    ids: "PKT-04",
    title: "an id that is none",
    pipeline: wbb,
    elements: [
      [1, "10"],
      [4, "0x00"],
    ],
    want: "bad-metadata: packet_out has no metadata 4; it has 1 (egress_port), 2 (submit_to_ingress), 3 (unused_pad)",
  },
  {
    ids: "PKT-05",
    title: "an id twice",
    pipeline: wbb,
    elements: [
      [2, "0x01"],
      [2, "0x01"],
    ],
    want: "bad-metadata: metadata 'submit_to_ingress' is given twice",
  },
  {
    ids: "PKT-05",
    title: "the port twice",
    pipeline: wbb,
    elements: [
      [1, "1"],
      [1, "1"],
    ],
    want: "bad-metadata: metadata 'egress_port' is given twice",
  },
  {
    ids: "PKT-06",
    title: "an empty number",
    pipeline: wbb,
    elements: [
      [1, "10"],
      [2, "0x"],
    ],
    want: "bad-metadata: metadata 'submit_to_ingress': empty value",
  },
  {
    ids: "PKT-06",
    title: "an empty text",
    pipeline: wbb,
    elements: [[1, "0x"]],
    want: "bad-metadata: metadata 'egress_port': empty value",
  },
  {
    ids: "PKT-06",
    title: "a flag of two bits",
    pipeline: wbb,
    elements: [
      [1, "10"],
      [2, "0x02"],
    ],
    want: "bad-metadata: metadata 'submit_to_ingress': value 0x02 needs 2 bits, it has 1",
  },
  {
    ids: "PKT-06",
    title: "a port wider than its type",
    pipeline: port9,
    elements: [[2, "0x0200"]],
    want: "bad-metadata: metadata 'egress_port': value 0x0200 needs 10 bits, it has 9",
  },
  {
    ids: ["PKT-06", "TRN-14"],
    title: "a number wider than its field",
    pipeline: plain32,
    elements: [
      [2, "0x01"],
      [9, "0x0400"],
    ],
    want: "bad-metadata: metadata 'class': value 0x0400 needs 11 bits, it has 10",
  },
  {
    ids: "PKT-07",
    title: "leading zeros",
    pipeline: port32,
    elements: [
      [2, "0x00000000000a"],
      [1, "0x000000"],
      [9, "0x000000"],
    ],
    want: "port 10",
  },
  {
    ids: [],
    title: "a number that nobody here understands",
    pipeline: port32,
    elements: [
      [2, "0x0a"],
      [9, "0x0003ff"],
    ],
    want: `bad-metadata: metadata 'class' has no meaning to p4rtd, ${meanings}; it must be zero, not 0x0003ff`,
  },
  {
    ids: [],
    title: "the same, submitted to ingress",
    pipeline: port32,
    elements: [
      [1, "0x01"],
      [9, "0x01"],
    ],
    want: `bad-metadata: metadata 'class' has no meaning to p4rtd, ${meanings}; it must be zero, not 0x01`,
  },
  {
    ids: [],
    title: "a text that nobody here understands",
    pipeline: labelled,
    elements: [
      [1, "0x0a"],
      [2, "gold"],
    ],
    want: `bad-metadata: metadata 'label' has no meaning to p4rtd, ${meanings}; it must be zero, not "gold"`,
  },
  {
    ids: [],
    title: "zero as PacketIn has it, where a text means nothing",
    pipeline: labelled,
    elements: [
      [1, "0x0a"],
      [2, "0"],
    ],
    want: "port 10",
  },
  { ids: "PKT-07", title: "leading zeros in a flag", pipeline: wbb, elements: [[2, "0x0001"]], want: ingress },
  {
    ids: ["PKT-25"],
    title: "padding that is not zero",
    pipeline: wbb,
    elements: [
      [1, "10"],
      [3, "0x01"],
    ],
    want: "bad-metadata: metadata 'unused_pad' is padding and must be zero, not 0x01",
  },
  {
    ids: "TRN-01",
    title: "a port by number",
    pipeline: port32,
    elements: [[2, "0xfffffeff"]],
    want: "port 4294967039",
  },
  { ids: "TRN-14", title: "a port by plain number", pipeline: plain32, elements: [[2, "0x03"]], want: "port 3" },
  {
    ids: "PKT-09",
    title: "port 0",
    pipeline: port32,
    elements: [[2, "0x00"]],
    want: "unknown-port: egress_port 0x00 is no port id",
  },
  {
    ids: "PKT-09",
    title: "a reserved port",
    pipeline: port32,
    elements: [[2, "0xfffffffd"]],
    want: "unknown-port: egress_port 0xfffffffd is no port id",
  },
  {
    ids: "PKT-10",
    title: "metadata where the program has no header",
    pipeline: bare,
    elements: [[1, "10"]],
    want: "bad-metadata: the pipeline has no packet_out header, so PacketOut takes no metadata",
  },
  {
    ids: [],
    title: "no metadata where the program has no header",
    pipeline: bare,
    elements: [],
    want: "unknown-port: the pipeline has no packet_out header that could name an egress port",
  },
];

describe("packet_out metadata", () => {
  for (const { ids, title, pipeline, elements, missing, want } of rows) {
    const test = () => assert.equal(destination(pipeline, elements, missing), want);
    const sentence = `${title} gives ${want.replace(/:.*/, "")}`;
    if (ids.length === 0) it(sentence, test);
    else requirement(ids, sentence, test);
  }

  it("of any kind gives a destination or a refusal", () => {
    const element = fc.record({
      id: fc.oneof(fc.nat(10), fc.integer({ min: 0, max: 0xffffffff })),
      value: fc.oneof(
        fc.uint8Array({ maxLength: 6 }),
        fc.nat(5000).map((n) => Buffer.from(n.toString())),
      ),
    });
    const pipelines = fc.constantFrom(wbb, plain32, port32, port9, bare, numeric(2048, "plain"));
    fc.assert(
      fc.property(
        pipelines,
        fc.array(element, { maxLength: 5 }),
        fc.constantFrom("zero", "strict"),
        (pipeline, metadata, missing) => {
          const found = new PacketOutMetadata(pipeline.packetOut, missing).destination(metadata);
          if (found.ok) assert.ok(found.port === cpuPort || (found.port >= 1 && found.port <= 0xfffffeff));
          else assert.ok(found.message.length > 0 && found.message.length < 400);
        },
      ),
      { numRuns: fuzzRuns(500) },
    );
  });

  it("of any length takes a time that grows with it", () => {
    const fields = Array.from({ length: 100_000 }, (_, i) => field(i + 1, `m${i}`));
    const program = indexP4Info(p4info({ packetHeaders: [header(0x04000001, "packet_out", fields)] }));
    const elements = fields.map(({ id }) => ({ id, value: Uint8Array.of(0) }));
    const began = performance.now();
    for (const list of [elements, elements.slice(1), [...elements, { id: 0, value: Uint8Array.of(0) }]]) {
      const found = new PacketOutMetadata(program.packetOut, "strict").destination(list);
      assert.ok(!found.ok && found.message.length < 1000);
    }
    assert.ok(performance.now() - began < 1000);
  });

  it("given twice in two packets is given once in each", () => {
    const decoder = new PacketOutMetadata(wbb.packetOut, "zero");
    for (let i = 0; i < 3; i++) assert.equal(decoder.destination([{ id: 1, value: Buffer.from("4") }]).ok, true);
  });
});

describe("the errors of PacketOut", () => {
  // Architecture §4, the table of codes.
  for (const [name, code, canonical] of [
    ["mtu-exceeded", 1, Code.INVALID_ARGUMENT],
    ["runt", 2, Code.INVALID_ARGUMENT],
    ["port-down", 3, Code.FAILED_PRECONDITION],
    ["no-carrier", 4, Code.UNAVAILABLE],
    ["queue-full", 5, Code.RESOURCE_EXHAUSTED],
    ["unknown-port", 6, Code.INVALID_ARGUMENT],
    ["bad-metadata", 7, Code.INVALID_ARGUMENT],
    ["not-primary", 8, Code.PERMISSION_DENIED],
    ["no-pipeline", 9, Code.FAILED_PRECONDITION],
    ["rate-limited", 10, Code.RESOURCE_EXHAUSTED],
  ] as const)
    requirement(
      ["STE-01"],
      `have code ${code} and a canonical code for ${name}, and count under a reason of their own`,
      () => {
        const error = packetOutErrors[name];
        assert.deepEqual([error.code, error.canonical], [code, canonical]);
        assert.ok(error.drop in dropReasons);
        assert.equal(Object.values(packetOutErrors).filter(({ drop }) => drop === error.drop).length, 1);
      },
    );
});
