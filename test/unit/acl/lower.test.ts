import assert from "node:assert/strict";
import { queueName } from "../../../src/acl/lower.js";
import { keyWords, Presence } from "../../../src/datapath/frame-key.js";
import { layoutRecord } from "../../../src/entity/record-layout.js";
import type { MatchKind } from "../../../src/pipeline/pipeline.js";
import { golden } from "../../support/golden.js";
import { requirement } from "../../support/requirement.js";
import { record, type SlotValue } from "../constraints/records.js";
import { bindFieldsOf, keySketches, loweringTable, type KeySketch } from "./key-fields.js";

const sketch = (name: string): KeySketch => {
  const found = keySketches.find((candidate) => candidate.name === name);
  assert.ok(found, name);
  return found;
};

/** A table of named sketches and one entry of it, compiled. */
function lowered(
  fields: readonly (readonly [string, MatchKind])[],
  values: Readonly<Record<string, SlotValue>>,
  priority = 0,
) {
  const { compiler, layout } = loweringTable(fields.map(([name, kind]) => [sketch(name), kind]));
  const key = record(layout, values, priority);
  compiler.compile(key);
  return { compiler, key };
}

const word = (value: number) => (value >>> 0).toString(16).padStart(8, "0");

/** The words of key `k` that are constrained, as `index:value/mask`. */
function words({ values, masks }: { values: Int32Array; masks: Int32Array }, k = 0): string {
  const shown: string[] = [];
  for (let i = 0; i < keyWords; i++) {
    const [value, mask] = [values[k * keyWords + i] ?? 0, masks[k * keyWords + i] ?? 0];
    if (mask !== 0) shown.push(`${i}:${word(value)}/${word(mask)}`);
  }
  return shown.length === 0 ? "everything" : shown.join(" ");
}

/** Bits 1010 0101 0010 1111 … from the top, so that a byte out of place shows. */
function pattern(width: number): bigint {
  return 0xa52f_1e3c_7b94_d068_5a0b_c1d2_e3f4_0617n >> BigInt(128 - width);
}

/** Entries that show where every bit of a field goes. */
function samples({ width }: KeySketch): readonly (readonly [MatchKind, SlotValue | undefined])[] {
  if (width === "text")
    return [
      ["exact", "4294967039"],
      ["exact", "4294967293"],
      ["optional", "7"],
      ["optional", undefined],
    ];
  const value = pattern(width);
  const half = width >> 1;
  const ones = (1n << BigInt(width)) - 1n;
  return [
    ["exact", value],
    ["optional", value],
    ["optional", undefined],
    ["ternary", [value & (ones >> BigInt(half)), ones >> BigInt(half)]],
    ["ternary", undefined],
    ["lpm", [(value >> BigInt(width - half || 1)) << BigInt(width - half || 1), half || 1]],
    ["lpm", undefined],
  ];
}

describe("keys of entries", () => {
  it("become the words of the key layout", () => {
    const lines: string[] = [];
    for (const each of keySketches) {
      lines.push(`${each.name}\n`);
      for (const [kind, value] of samples(each)) {
        const { compiler } = lowered([[each.name, kind]], value === undefined ? {} : { [each.name]: value }, 1);
        const text = Array.isArray(value)
          ? value.map((part: number | bigint) => part.toString(16)).join(" ")
          : (value?.toString(16) ?? "don't care");
        lines.push(`  ${kind} ${text}: ${words(compiler)}\n`);
      }
    }
    golden("acl/key-words.txt", lines.join(""));
  });

  for (const { title, fields, values } of [
    {
      title: "IPv4 addresses of what is not IPv4",
      fields: [
        ["f_is_ipv4_1", "optional"],
        ["f_src_ipv4_32", "ternary"],
      ],
      values: { f_is_ipv4_1: 0, f_src_ipv4_32: 1 },
    },
    {
      title: "a hop limit of what is not IP",
      fields: [
        ["f_non_ip_1", "optional"],
        ["f_ttl_8", "ternary"],
      ],
      values: { f_non_ip_1: 1, f_ttl_8: 1 },
    },
    {
      title: "IP that is no IP",
      fields: [
        ["f_is_ip_1", "optional"],
        ["f_non_ip_1", "optional"],
      ],
      values: { f_is_ip_1: 1, f_non_ip_1: 1 },
    },
    {
      title: "two TTLs",
      fields: [
        ["f_ttl_8", "ternary"],
        ["hdr.ipv4.ttl", "ternary"],
      ],
      values: { f_ttl_8: 1, "hdr.ipv4.ttl": 2 },
    },
    {
      title: "two TTLs that differ in a bit both ask for",
      fields: [
        ["f_ttl_8", "ternary"],
        ["hdr.ipv4.ttl", "ternary"],
      ],
      values: { f_ttl_8: [1, 3], "hdr.ipv4.ttl": [0, 1] },
    },
    {
      title: "addresses of two upper halves",
      fields: [
        ["f_src_ipv6_128", "ternary"],
        ["f_src_ipv6_upper", "ternary"],
      ],
      values: { f_src_ipv6_128: 1n << 127n, f_src_ipv6_upper: 1 },
    },
    {
      title: "ports of what is not IP",
      fields: [
        ["f_is_ip_1", "optional"],
        ["f_l4_dst_port_16", "range"],
        ["f_ttl_8", "ternary"],
      ],
      values: { f_is_ip_1: 0, f_ttl_8: 1, f_l4_dst_port_16: [1, 0xfffe] },
    },
  ] as const)
    it(`that contradict themselves match no frame: ${title}`, () => {
      const { compiler } = lowered(fields, values, 1);
      for (let k = 0; k < compiler.count; k++) {
        assert.notEqual((compiler.values[k * keyWords] ?? 0) & Presence.never, 0);
        for (let i = k * keyWords; i < (k + 1) * keyWords; i++)
          assert.equal((compiler.values[i] ?? 0) & ~(compiler.masks[i] ?? 0), 0);
      }
      // The mark does not stay for the next entry.
      const { layout } = loweringTable(fields.map(([name, kind]) => [sketch(name), kind]));
      compiler.compile(record(layout, {}, 1));
      assert.equal(words(compiler), "everything");
    });

  it("may ask twice for the same", () => {
    const { compiler } = lowered(
      [
        ["f_ttl_8", "ternary"],
        ["hdr.ipv4.ttl", "ternary"],
      ],
      { f_ttl_8: 5, "hdr.ipv4.ttl": [1, 3] },
      1,
    );
    assert.equal(words(compiler), `0:00000012/00000012 6:05000000/ff000000`);
  });

  it("with two ranges become the product of their prefixes", () => {
    const fields = [
      ["f_l4_src_port_16", "range"],
      ["f_l4_dst_port_16", "range"],
      ["f_ttl_8", "ternary"],
    ] as const;
    const { compiler } = lowered(
      fields,
      { f_l4_src_port_16: [1, 0xfffe], f_l4_dst_port_16: [1, 0xfffe], f_ttl_8: 1 },
      1,
    );
    assert.equal(compiler.count, 900);
    assert.equal(new Set(Array.from({ length: 900 }, (_, k) => words(compiler, k))).size, 900);
    const small = lowered(fields, { f_l4_src_port_16: [0, 1], f_l4_dst_port_16: [79, 80] }, 1).compiler;
    assert.deepEqual(
      Array.from({ length: small.count }, (_, k) => words(small, k)),
      ["0:00000020/00000020 7:0000004f/fffeffff", "0:00000020/00000020 7:00000050/fffeffff"],
    );
  });

  it("with a range over everything have one key, which asks for no ports", () => {
    const { compiler } = lowered([["f_l4_src_port_16", "range"]], {}, 1);
    assert.deepEqual([compiler.count, words(compiler)], [1, "everything"]);
  });

  it("of default entries match everything, whatever came before", () => {
    const { compiler } = lowered([["f_l4_src_port_16", "range"]], { f_l4_src_port_16: [1, 0xfffe] }, 1);
    compiler.compileDefault();
    assert.deepEqual([compiler.count, words(compiler)], [1, "everything"]);
  });

  for (const { title, fields, values, priority, want } of [
    { title: "the entry's own", fields: [["f_ttl_8", "ternary"]], values: {}, priority: 1, want: 1 },
    {
      title: "the largest there is",
      fields: [["f_ttl_8", "ternary"]],
      values: {},
      priority: 2 ** 31 - 1,
      want: 2 ** 31 - 1,
    },
    { title: "1 for exact keys", fields: [["f_ttl_8", "exact"]], values: { f_ttl_8: 1 }, priority: 0, want: 1 },
    {
      title: "above the default entry's for no prefix",
      fields: [["f_dst_ipv4_32", "lpm"]],
      values: {},
      priority: 0,
      want: 1,
    },
    {
      title: "the entry's own, not the prefix length, where a field asks for priorities",
      fields: [
        ["f_ttl_8", "ternary"],
        ["f_dst_ipv4_32", "lpm"],
      ],
      values: { f_dst_ipv4_32: [0, 32] },
      priority: 5,
      want: 5,
    },
  ] as const)
    it(`have as priority ${title}`, () => {
      const { compiler, key } = lowered(fields, values, priority);
      assert.equal(compiler.priority(key), want);
    });
});

describe("keys with a prefix", () => {
  requirement("TBL-10", "the longest prefix has the highest priority", () => {
    const fields = [
      ["f_ttl_8", "exact"],
      ["f_dst_ipv6_128", "lpm"],
    ] as const;
    const priorities = [0, 1, 64, 128].map((prefix) => {
      const { compiler, key } = lowered(fields, { f_ttl_8: 1, f_dst_ipv6_128: [0, prefix] });
      return compiler.priority(key);
    });
    assert.deepEqual(priorities, [1, 2, 65, 129]);
  });
});

describe("fields that cannot be together", () => {
  for (const { title, fields, want } of [
    {
      title: "two for one port, one of them by RANGE",
      fields: [
        ["f_l4_src_port_16", "range"],
        ["hdr.tcp.src_port", "ternary"],
      ],
      want: "match fields 'f_l4_src_port_16' and 'hdr.tcp.src_port': both are l4_src_port, one of them by RANGE",
    },
    {
      title: "two LPM fields in a table without priorities",
      fields: [
        ["f_src_ipv4_32", "lpm"],
        ["f_dst_ipv4_32", "lpm"],
      ],
      want: "match fields 'f_src_ipv4_32', 'f_dst_ipv4_32': which LPM is the longest?",
    },
    {
      title: "RANGE on what is no port",
      fields: [["f_ttl_8", "range"]],
      want: "match field 'f_ttl_8': RANGE is only possible on L4 ports, not on ttl",
    },
  ] as const)
    it(`are refused: ${title}`, () => {
      const { unrealised, specs } = bindFieldsOf(fields.map(([name, kind]) => [sketch(name), kind]));
      assert.deepEqual(
        unrealised.map(({ reason, blocking }) => ({ reason, blocking })),
        [{ reason: want, blocking: true }],
      );
      assert.equal(specs.length, 0);
    });
});

describe("the queue of an entry", () => {
  it("is named by a text, or by a number in decimal", () => {
    const layout = layoutRecord([
      { name: "text", kind: "param", format: { kind: "sdn-string", port: false } },
      { name: "number", kind: "param", format: { kind: "bits", width: 12, bytes: 2, port: false } },
    ]);
    const call = record(layout, { text: "queue-3", number: 0x102 }, 1);
    assert.deepEqual([queueName(call, layout, 0), queueName(call, layout, 1)], ["queue-3", "258"]);
  });
});
