import assert from "node:assert/strict";
import { addressBytes, hasHostBits, readHost, readPrefix } from "../../../src/config/host.js";

describe("addressBytes", () => {
  // Forms of RFC 4291 §2.2.
  for (const [address, want] of [
    ["192.0.2.255", "c00002ff"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["2001:db8::", "20010db8000000000000000000000000"],
    ["2001:DB8:0:0:8:800:200C:417A", "20010db80000000000080800200c417a"],
    ["ff01::101", "ff010000000000000000000000000101"],
    ["::ffff:129.144.52.38", "00000000000000000000ffff81903426"],
    ["1:2:3:4:5:6:7.8.9.10", "0001000200030004000500060708090a"],
  ] as const) {
    it(`gives ${address} as ${want}`, () => assert.equal(Buffer.from(addressBytes(address)).toString("hex"), want));
  }
});

describe("readPrefix", () => {
  for (const [text, hostBits] of [
    ["10.0.0.0/8", false],
    ["10.128.0.0/8", true],
    ["10.128.0.0/9", false],
    ["0.0.0.0/0", false],
    ["0.0.0.1/0", true],
    ["10.0.0.1/32", false],
    ["2001:db8::/32", false],
    ["2001:db8::1/127", true],
    ["::1/128", false],
  ] as const) {
    it(`reads ${text}, ${hostBits ? "with" : "without"} bits beyond its length`, () => {
      const prefix = readPrefix(text);
      assert.ok(prefix !== undefined);
      assert.equal(hasHostBits(prefix), hostBits);
    });
  }

  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "::/08", "fe80::%eth0/64", "/8", "a/8", ""]) {
    it(`does not take '${text}'`, () => assert.equal(readPrefix(text), undefined));
  }
});

describe("readHost", () => {
  for (const host of ["localhost", "a.b-c.d1", "127.0.0.1", "::", "fe80::1%eth0", "1a"]) {
    it(`takes ${host}`, () => assert.equal(readHost(host), host));
  }
  for (const host of ["", "a..b", "-a", "a-", "256.0.0.1", "1.2.3", "[::1]", "a b", "a:1", "x".repeat(64), 5]) {
    it(`does not take ${JSON.stringify(host)}`, () => assert.equal(readHost(host), undefined));
  }
});
