import assert from "node:assert/strict";
import { bindKey, bindingMismatch } from "../../../src/acl/key-binding.js";
import type { KeyFieldName } from "../../../src/datapath/frame-key.js";
import { parseAnnotations } from "../../../src/pipeline/annotation.js";
import type { MatchField, MatchKind, ValueFormat } from "../../../src/pipeline/pipeline.js";
import { format, table } from "../constraints/programs.js";
import { keySketches } from "./key-fields.js";

function field(name: string, annotations: readonly string[] = [], width: number | "text" = 16): MatchField {
  return { id: 1, index: 0, name, kind: "ternary", format: format(width), annotations: parseAnnotations(annotations) };
}

const t = { ...table("ingress.t", []), alias: "t" };
const bind = (name: string, annotations?: readonly string[], configured: readonly [string, KeyFieldName][] = []) =>
  bindKey(t, field(name, annotations), new Map(configured));

describe("the key of a match field", () => {
  for (const { title, name, annotations, configured, want } of [
    {
      title: "an annotation before configuration and name",
      name: "ttl",
      annotations: ["@sai_field(SAI_ACL_TABLE_ATTR_FIELD_DSCP)"],
      configured: [["t.ttl", "ecn"]],
      want: ["dscp", "annotation"],
    },
    {
      title: "an annotation torn apart by a compiler",
      name: "x",
      annotations: ["@ sai_field ( SAI_ACL_TABLE_ATTR_FIELD_TTL )"],
      configured: [],
      want: ["ttl", "annotation"],
    },
    {
      title: "an annotation without prefix",
      name: "x",
      annotations: ["@sai_field(TTL)"],
      configured: [],
      want: ["ttl", "annotation"],
    },
    {
      title: "configuration before the name",
      name: "ttl",
      annotations: [],
      configured: [["t.ttl", "dscp"]],
      want: ["dscp", "configuration"],
    },
    {
      title: "configuration by the table's whole name",
      name: "x",
      annotations: ["@format(MAC_ADDRESS)"],
      configured: [["ingress.t.x", "dst_mac"]],
      want: ["dst_mac", "configuration"],
    },
    {
      title: "a well-known name",
      name: "hdr.ethernet.ether_type",
      annotations: [],
      configured: [],
      want: ["ether_type", "well-known name"],
    },
    {
      title: "a well-known name in other letters",
      name: "headers.Ethernet.etherType",
      annotations: [],
      configured: [],
      want: ["ether_type", "well-known name"],
    },
  ] as const)
    it(`comes from ${title}`, () => {
      const binding = bind(
        name,
        annotations,
        configured.map(([key, value]) => [key, value]),
      );
      assert.ok("key" in binding);
      assert.deepEqual([binding.key, binding.source], want);
    });

  for (const { title, name, annotations } of [
    { title: "a name nobody knows", name: "vrf_id", annotations: [] },
    ...["constructor", "__proto__", "toString", "hdr.valueOf", "hasOwnProperty"].flatMap((name) => [
      { title: `a field called ${name}`, name, annotations: [] },
      { title: `@sai_field(${name})`, name: "x", annotations: [`@sai_field(${name})`] },
      { title: `@composite_field(${name})`, name: "x", annotations: [`@composite_field(${name})`] },
    ]),
    { title: "an annotation without body", name: "ttl", annotations: ["@sai_field"] },
    {
      title: "an annotation for another attribute",
      name: "ttl",
      annotations: ["@sai_field(SAI_ACL_TABLE_ATTR_FIELD_VRF_ID)"],
    },
    {
      title: "the halves of an address in the wrong order",
      name: "src_ipv6",
      annotations: ["@composite_field(@sai_field(SRC_IPV6_WORD2), @sai_field(SRC_IPV6_WORD3))"],
    },
    {
      title: "the lower half of an address",
      name: "x",
      annotations: ["@composite_field(@sai_field(SRC_IPV6_WORD1), @sai_field(SRC_IPV6_WORD0))"],
    },
    {
      title: "half of the ARP target",
      name: "arp_tpa",
      annotations: ["@sai_udf(base=SAI_UDF_BASE_L3, offset=24, length=2)"],
    },
    {
      title: "other bytes of L3",
      name: "x",
      annotations: [
        "@composite_field(@sai_udf(base=SAI_UDF_BASE_L3, offset=26, length=2), @sai_udf(base=SAI_UDF_BASE_L3, offset=28, length=2))",
      ],
    },
    {
      title: "bytes of L2",
      name: "x",
      annotations: [
        "@composite_field(@sai_udf(base=SAI_UDF_BASE_L2, offset=24, length=2), @sai_udf(base=SAI_UDF_BASE_L2, offset=26, length=2))",
      ],
    },
  ])
    it(`is none for ${title}`, () => {
      const binding = bind(name, annotations);
      assert.ok("reason" in binding);
      assert.match(binding.reason, annotations.length === 0 ? /^no binding$/ : /no key of the rule model/);
    });

  const numbers = (width: number): ValueFormat => format(width);
  for (const { title, form, kind, key, want } of [
    {
      title: "of another width",
      form: numbers(64),
      kind: "ternary",
      key: "src_ipv6",
      want: /bit<64> cannot match src_ipv6, which is bit<128>/,
    },
    {
      title: "wider than the key",
      form: numbers(33),
      kind: "exact",
      key: "ingress_port",
      want: /bit<33> cannot match ingress_port/,
    },
    {
      title: "narrower than an EtherType",
      form: numbers(8),
      kind: "exact",
      key: "ether_type",
      want: /bit<8> cannot match ether_type/,
    },
    {
      title: "that is a text but no port",
      form: format("text"),
      kind: "exact",
      key: "ingress_port",
      want: /sdn_string/,
    },
    {
      title: "that is a port by text, for a TTL",
      form: { kind: "sdn-string", port: true },
      kind: "exact",
      key: "ttl",
      want: /sdn_string/,
    },
    {
      title: "with a RANGE on a VLAN",
      form: numbers(12),
      kind: "range",
      key: "vlan_id",
      want: /RANGE is only possible on L4 ports/,
    },
  ] as const)
    it(`does not suit a field ${title}`, () => {
      const found: MatchField = { ...field("x"), kind: kind satisfies MatchKind, format: form };
      const reason = bindingMismatch(found, { key, inverted: false, presence: 0, source: "configuration" });
      assert.match(reason ?? "", want);
    });

  it("is known for every field of the model", () => {
    for (const { name, annotations, width } of keySketches) {
      const found: MatchField = {
        ...field(name, annotations, width),
        format: width === "text" ? { kind: "sdn-string", port: true } : format(width),
      };
      const binding = bindKey(t, found, new Map());
      assert.ok("key" in binding, name);
      assert.equal(bindingMismatch(found, binding), undefined, name);
    }
  });
});
