import assert from "node:assert/strict";
import fc from "fast-check";
import { Code } from "../../../src/base/status.js";
import { electionId } from "../../../src/session/election-id.js";
import { roleName } from "../../../src/session/role.js";
import { PacketInMetadata } from "../../../src/packetio/packet-in.js";
import { encodeArbitration, encodeIdleNotification, encodeStreamError } from "../../../src/wire/encode-stream.js";
import { PacketInEncoder } from "../../../src/wire/encode-packet-in.js";
import { p4 } from "../../../src/wire/gen/proto.js";
import { Activity } from "../../../src/entity/aging.js";
import { defined } from "../../../src/base/invariant.js";
import { schemaOf, shapes, tableId, tables } from "../../support/programs.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { requirement } from "../../support/requirement.js";

/** The message as the generated module reads it, with 64-bit numbers as text and bytes in base64. */
const decoded = (bytes: Uint8Array): unknown =>
  p4.v1.StreamMessageResponse.toObject(p4.v1.StreamMessageResponse.decode(bytes), { longs: String, bytes: String });

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("an arbitration message", () => {
  const plain = {
    deviceId: 7n,
    role: roleName(""),
    roleConfig: undefined,
    electionId: undefined,
    code: Code.OK,
    text: "",
  } as const;
  for (const { ids, name, message, want } of [
    { ids: ["ARB-50"], name: "always has a status", message: plain, want: { deviceId: "7", status: {} } },
    {
      ids: ["ARB-53"],
      name: "leaves the default role out",
      message: { ...plain, code: Code.NOT_FOUND, text: "nobody" },
      want: { deviceId: "7", status: { code: 5, message: "nobody" } },
    },
    {
      ids: ["ARB-50"],
      name: "has both words of the election id",
      message: { ...plain, electionId: electionId(1n, 2n ** 64n - 1n) },
      want: { deviceId: "7", electionId: { high: "1", low: "18446744073709551615" }, status: {} },
    },
    {
      ids: ["FMT-02"],
      name: "has election id 0 as an empty message",
      message: { ...plain, electionId: electionId(0n, 0n) },
      want: { deviceId: "7", electionId: {}, status: {} },
    },
    {
      ids: ["ARB-50"],
      name: "names the role and its configuration",
      message: { ...plain, role: roleName("r"), roleConfig: { typeUrl: "t", value: Buffer.from("v") } },
      want: { deviceId: "7", role: { name: "r", config: { type_url: "t", value: base64("v") } }, status: {} },
    },
  ] as const)
    requirement(ids, name, () => assert.deepEqual(decoded(encodeArbitration(message)), { arbitration: want }));
});

describe("a stream error", () => {
  const plain = { canonical: Code.INVALID_ARGUMENT, message: "why", code: 0, offending: undefined } as const;
  const packet = p4.v1.PacketOut.encode({ payload: Buffer.from("p") }).finish();
  const common = { canonicalCode: 3, message: "why", space: "p4rtd" };
  for (const { name, error, want } of [
    {
      name: "about a packet holds it",
      error: { ...plain, code: 7, about: "packet-out", offending: packet },
      want: { ...common, code: 7, packetOut: { packetOut: { payload: base64("p") } } },
    },
    {
      name: "about a packet that is not kept has its kind",
      error: { ...plain, about: "packet-out" },
      want: { ...common, packetOut: {} },
    },
    {
      name: "about a digest ack has its kind",
      error: { ...plain, about: "digest-list-ack", offending: Buffer.from("0807", "hex") },
      want: { ...common, digestListAck: { digestListAck: { digestId: 7 } } },
    },
    { name: "about anything else has its kind", error: { ...plain, about: "other" }, want: { ...common, other: {} } },
  ] as const)
    requirement("STE-02", name, () => assert.deepEqual(decoded(encodeStreamError(error)), { error: want }));
});

describe("a PacketIn", () => {
  const fields = [
    { id: 2, name: "target_egress_port", format: { kind: "bits", width: 9, bytes: 2, port: true }, padding: false },
    { id: 1, name: "ingress_port", format: { kind: "sdn-string", port: true }, padding: false },
  ] as const;
  const header = { fields, fieldById: new Map(fields.map((field) => [field.id, field])) };
  const encoder = new PacketInEncoder(new PacketInMetadata(header, "zero"));

  it("is the frame with one value per field, as the generated module reads it", () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.nat(0x1ff), // what fits its field
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.nat(20_000).map((n) => new Uint8Array(n).fill(7)),
        ),
        (ingress, egress, frame) => {
          const slab = Buffer.concat([Buffer.from("before"), frame, Buffer.from("after")]);
          const bytes = encoder.encode(ingress, egress, slab, 6, frame.length);
          slab.fill(0xee); // it is the caller's again
          const digits = egress.toString(16);
          const packet = {
            payload: Buffer.from(frame).toString("base64"),
            metadata: [
              {
                metadataId: 2,
                value: Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex").toString("base64"),
              },
              { metadataId: 1, value: base64(ingress.toString()) },
            ],
          };
          const { payload, ...rest } = packet;
          assert.deepEqual(decoded(bytes), { packet: frame.length === 0 ? rest : { payload, ...rest } });
        },
      ),
      { numRuns: fuzzRuns(200) },
    );
  });

  it("stays right when more pairs of ports were seen than are kept", () => {
    const frame = Uint8Array.of(1, 2, 3);
    const first = encoder.encode(1, 2, frame, 0, 3);
    for (let port = 0; port < 5000; port++) encoder.encode(port, 9, frame, 0, 3);
    assert.deepEqual(encoder.encode(1, 2, frame, 0, 3), first);
  });
});

describe("an idle notification", () => {
  requirement("IDL-08", "names entries by key, metadata and timeout, and the time", () => {
    const schema = defined(schemaOf(shapes).tables.get(tableId(tables.acl)), "the table is there");
    const key = Buffer.alloc(schema.key.fixedBytes);
    key.writeInt32BE(7, 0);
    key.fill(1, 4, 6);
    const activity = new Activity(0);
    const extras = (metadata: string, timeoutNs: bigint) => ({
      metadata: Buffer.from(metadata),
      controllerMetadata: metadata === "" ? 0n : 5n,
      meter: { cir: 1n, cburst: 1n, pir: 1n, pburst: 1n, eburst: 0n },
      aging: { timeoutNs, activity },
      selection: undefined,
    });
    const entries = [
      { key: key.toString("latin1"), extras: extras("m", 2n ** 63n - 1n) },
      { key: key.toString("latin1"), extras: extras("", 1n) },
    ];
    const match = [{ fieldId: 1, optional: { value: Buffer.from([1]).toString("base64") } }];
    const named = { tableId: tableId(tables.acl), match, priority: 7 };
    assert.deepEqual(decoded(encodeIdleNotification({ schema, entries, timestampNs: 1_700_000_000_000_000_000n })), {
      idleTimeoutNotification: {
        tableEntry: [
          { ...named, controllerMetadata: "5", idleTimeoutNs: "9223372036854775807", metadata: base64("m") },
          { ...named, idleTimeoutNs: "1" },
        ],
        timestamp: "1700000000000000000",
      },
    });
  });
});
