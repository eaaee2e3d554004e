import assert from "node:assert/strict";
import { toHex } from "../../../src/base/hex.js";
import { PacketInMetadata, type EgressFallback } from "../../../src/packetio/packet-in.js";
import type { Pipeline } from "../../../src/pipeline/pipeline.js";
import { requirement } from "../../support/requirement.js";
import { bare, numeric, wbb } from "./headers.js";

/** `id=value` per element; texts in quotes, numbers in hex. */
function metadata(pipeline: Pipeline, ingress: number, egress: number, fallback: EgressFallback = "zero"): string {
  const text = new Set(
    (pipeline.packetIn?.fields ?? []).filter(({ format }) => format.kind === "sdn-string").map(({ id }) => id),
  );
  return new PacketInMetadata(pipeline.packetIn, fallback)
    .values(ingress, egress)
    .map(({ id, value }) => `${id}=${text.has(id) ? JSON.stringify(Buffer.from(value).toString()) : toHex(value)}`)
    .join(" ");
}

describe("packet_in metadata", () => {
  requirement(["PKT-18", "PKT-21", "TRN-02", "TRN-04"], "names ports by text where the type is sdn_string", () => {
    assert.equal(metadata(wbb, 7, 9), '1="7" 2="9"');
    assert.equal(metadata(wbb, 0xfffffeff, 0xfffffeff), '1="4294967039" 2="4294967039"');
  });

  requirement("PKT-31", "says port 0 where nobody knows where the frame would have left", () => {
    assert.equal(metadata(wbb, 7, 0), '1="7" 2="0"');
  });

  it("says the ingress port instead if that is configured", () => {
    assert.equal(metadata(wbb, 7, 0, "ingress"), '1="7" 2="7"');
    assert.equal(metadata(wbb, 7, 9, "ingress"), '1="7" 2="9"');
  });

  requirement("PKT-19", "has the fields in the order of the P4Info, not of their ids", () => {
    assert.equal(metadata(numeric(32, "plain"), 1, 2), "7=02 3=01 5=00 6=00");
  });

  for (const type of ["plain", "translated"] as const)
    requirement(["PKT-20", "PKT-21", "TRN-14"], `has ports as the shortest bytes where the type is ${type}`, () => {
      assert.equal(metadata(numeric(32, type), 0x100, 0xfffffeff), "7=fffffeff 3=0100 5=00 6=00");
      assert.equal(metadata(numeric(32, type), 0x10000, 0), "7=00 3=010000 5=00 6=00");
    });

  requirement("PKT-25", "has zero in one byte for padding and for what p4rtd does not know", () => {
    assert.equal(metadata(numeric(9, "plain"), 511, 1), "7=01 3=01ff 5=00 6=00");
  });

  requirement("PKT-33", "has no name for a port that is too large for the program's port fields", () => {
    const header = (pipeline: Pipeline) => new PacketInMetadata(pipeline.packetIn, "zero");
    assert.deepEqual(
      [511, 512, 0xfffffeff].map((port) => header(numeric(9, "plain")).names(port)),
      [true, false, false],
    );
    for (const pipeline of [wbb, bare, numeric(32, "plain"), numeric(48, "translated")])
      assert.equal(header(pipeline).names(0xfffffffd), true);
    assert.equal(metadata(numeric(9, "plain"), 511, 512), "7=00 3=01ff 5=00 6=00");
    assert.equal(metadata(numeric(9, "plain"), 511, 512, "ingress"), "7=01ff 3=01ff 5=00 6=00");
  });

  it("is empty where the program has no packet_in header", () => {
    assert.equal(metadata(bare, 1, 2), "");
  });
});
