import assert from "node:assert/strict";
import fc from "fast-check";
import { describeKeyWords } from "../../../src/datapath/describe-key-words.js";
import { keyFields, keyWords, type KeyFieldName } from "../../../src/datapath/frame-key.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { keyOf, keysOf, type Matches } from "../../support/key-rules.js";

const text = ({ values, masks }: { values: Int32Array; masks: Int32Array }, offset = 0) =>
  describeKeyWords(values, masks, offset)
    .map(({ name, value }) => `${name} ${value}`)
    .join(", ");

describe("key words in words", () => {
  const rows: readonly (readonly [Matches, string])[] = [
    [{}, ""],
    [{ ether_type: 0x88cc }, "ether_type 0x88cc"],
    [{ ether_type: [0x8800, 0xff00] }, "ether_type 0x8800/0xff00"],
    [{ ttl: 1, is_ipv4: 1 }, "is_ipv4 1, ttl 1"],
    [{ ttl: [0, 0xfe] }, "ttl 0x00/0xfe"],
    [{ is_ip: 0, is_arp: 0 }, "is_arp 0, is_ip 0"],
    [{ ingress_port: 0xfffffffd }, "ingress_port 4294967293"],
    [{ src_mac: 0x0200000000a1n, dst_mac: [0x0180c2000000n, 0xffffffffff00n] }, "dst_mac 01:80:c2:00:00:00/ff:ff:ff:ff:ff:00, src_mac 02:00:00:00:00:a1"], // prettier-ignore
    [{ src_ipv4: [0x0a000000, 0xff000000], dst_ipv4: 0xc0000201 }, "src_ipv4 10.0.0.0/8, dst_ipv4 192.0.2.1"],
    [{ dst_ipv4: [0x0a000001, 0xff0000ff] }, "dst_ipv4 10.0.0.1/255.0.0.255"],
    [{ arp_target: 0xc0000201 }, "arp_target 192.0.2.1"],
    [{ dst_ipv6: 0x20010db8000000000000000000000001n }, "dst_ipv6 2001:db8::1"],
    [{ src_ipv6_upper: 0x20010db800000000n }, "src_ipv6 2001:db8::/64"],
    [{ dst_ipv6: [0n, 1n] }, "dst_ipv6 ::/::1"],
    [{ dst_ipv6: 0x20010000000100000000000100000001n }, "dst_ipv6 2001:0:1::1:0:1"],
    [{ l4_src_port: 53, l4_dst_port: [0x8000, 0x8000] }, "l4_src_port 53, l4_dst_port 0x8000/0x8000"],
    [{ icmp_type: 8, icmp_code: 0 }, "icmp_type 8, icmp_code 0"],
    [{ icmpv6_type: 135 }, "icmpv6_type 135"],
    [{ vlan_id: 4000, vlan_pcp: 7 }, "vlan_pcp 7, vlan_id 4000"],
    [{ tcp_flags: [2, 0x12], dscp: 46, ecn: 1, ip_protocol: 6 }, "ip_protocol 6, dscp 46, ecn 1, tcp_flags 0x02/0x12"],
  ];
  for (const [match, want] of rows)
    it(`say '${want}'`, () => {
      assert.equal(text(keyOf(match)), want);
      assert.equal(text(keysOf([{ ether_type: 1 }, match]), keyWords), want, "behind another key");
    });

  it("name every field by its own name, but for the upper halves of IPv6 addresses", () => {
    for (const name of Object.keys(keyFields) as KeyFieldName[]) {
      const shown = text(keyOf({ [name]: 1 })).split(" ", 1)[0];
      assert.equal(shown, name.replace("_upper", ""));
    }
  });

  for (const { what, word, mask, want } of [
    {
      what: "a field without the header it needs",
      word: 6,
      mask: 0xff000000 | 0,
      want: "word_6 0x01000000/0xff000000",
    },
    { what: "a header alone", word: 0, mask: 1 << 6, want: "has_tcp 0" },
    { what: "a contradiction", word: 0, mask: 1 << 30, want: "has_never 0" },
    { what: "a bit that is no field's", word: 5, mask: 1 << 15, want: "word_5 0x00000000/0x00008000" },
  ])
    it(`show ${what} as it is`, () => {
      const [values, masks] = [new Int32Array(keyWords), new Int32Array(keyWords)];
      masks[word] = mask;
      values[word] = 0x01000000 & mask;
      assert.equal(text({ values, masks }), want);
    });

  it("differ if one bit of the words does", () => {
    const names = fc.constantFrom(...(Object.keys(keyFields) as KeyFieldName[]));
    const match = fc.tuple(fc.bigInt(0n, 2n ** 128n - 1n), fc.oneof(fc.constant(-1n), fc.bigInt(0n, 2n ** 128n - 1n)));
    const matches = fc.dictionary(names, match, { maxKeys: 6 }) as fc.Arbitrary<Matches>;
    fc.assert(
      fc.property(matches, fc.nat(keyWords - 1), fc.nat(31), fc.boolean(), (fields, word, bit, inMask) => {
        const key = keyOf(fields);
        const before = text(key);
        const flip = 1 << bit;
        const inside = ((key.masks[word] ?? 0) & flip) !== 0;
        if (inMask) key.masks[word] = (key.masks[word] ?? 0) ^ flip;
        if (inMask) key.values[word] = (key.values[word] ?? 0) & (key.masks[word] ?? 0);
        else if (inside) key.values[word] = (key.values[word] ?? 0) ^ flip;
        else return;
        assert.notEqual(text(key), before);
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });
});
