import assert from "node:assert/strict";
import { addressValue } from "../../../src/constraints/network-address.js";

describe("network addresses", () => {
  // IPv6 rows: RFC 4291 §2.2 and its errors.
  for (const [kind, text, want] of [
    ["ipv4", "0.0.0.255", 255n],
    ["ipv4", "255.255.255.255", 0xffffffffn],
    ["ipv4", "010.0.0.1", 0x0a000001n],
    ["ipv4", "1.2.3", undefined],
    ["ipv4", "1.2.3.256", undefined],
    ["ipv4", "1.2.3.4 ", undefined],
    ["ipv4", "1.2.3.0x4", undefined],
    ["mac", "00:00:00:00:00:05", 5n],
    ["mac", "a:B:c:d:e:FF", 0x0a0b0c0d0effn],
    ["mac", "00:00:00:00:00", undefined],
    ["mac", "00:00:00:00:00:100", undefined],
    ["mac", "00-00-00-00-00-05", undefined],
    ["ipv6", "::", 0n],
    ["ipv6", "::1", 1n],
    ["ipv6", "1::", 1n << 112n],
    ["ipv6", "2001:DB8:0:0:8:800:200C:417A", 0x20010db80000000000080800200c417an],
    ["ipv6", "2001:db8::8:800:200c:417a", 0x20010db80000000000080800200c417an],
    ["ipv6", "::13.1.68.3", 0x0d014403n],
    ["ipv6", "::ffff:129.144.52.38", 0xffff81903426n],
    ["ipv6", "1:2:3:4:5:6:7::", 0x00010002000300040005000600070000n],
    ["ipv6", "1:2:3:4:5:6:7:8::", undefined],
    ["ipv6", "1:2:3:4:5:6:7", undefined],
    ["ipv6", "1::2::3", undefined],
    ["ipv6", ":::", undefined],
    ["ipv6", "1:2:3:4:5:6:7:", undefined],
    ["ipv6", ":1:2:3:4:5:6:7", undefined],
    ["ipv6", "12345::", undefined],
    ["ipv6", "::1.2.3", undefined],
    ["ipv6", "::1.2.3.4:5", undefined],
    ["ipv6", "1.2.3.4", undefined],
    ["ipv6", "", undefined],
    ["ipv6", "::%eth0", undefined],
  ] as const)
    it(`reads ${kind} '${text}' as ${want === undefined ? "no address" : `0x${want.toString(16)}`}`, () => {
      assert.equal(addressValue(kind, text), want);
    });
});
