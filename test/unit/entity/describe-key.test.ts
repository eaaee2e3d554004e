import assert from "node:assert/strict";
import { describeKey } from "../../../src/entity/describe-key.js";
import { entitySchema } from "../../../src/entity/schema.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import { decodeP4Info } from "../../../src/wire/decode-p4info.js";
import { loadP4Info } from "../../support/p4info.js";

const schema = entitySchema(indexP4Info(decodeP4Info(loadP4Info("wbb"))), "exact", {
  isPort: () => true,
  ports: () => [],
  meterCounters: true,
}).tables.get(33554691);

describe("describeKey", () => {
  it("names priority and each field that is not don't care", () => {
    assert.ok(schema);
    const key = Buffer.from(schema.key.fixedBytes > 0 ? schema.emptyKey : []);
    key.writeInt32BE(7, 0);
    const [, , etherType] = schema.key.slots;
    assert.ok(etherType);
    key.write("88ccffff", etherType.offset, "hex");
    assert.equal(describeKey(schema, key.toString("latin1")), "priority 7, ether_type 0x88cc/0xffff");
  });

  it("names the default entry", () => {
    assert.ok(schema);
    assert.equal(describeKey(schema, ""), "the default entry");
  });
});
