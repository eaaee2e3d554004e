import assert from "node:assert/strict";
import { jsonText } from "../../../src/ctl/json-text.js";
import { dropsJson, dropsText, shownDrops } from "../../../src/ctl/show-drops.js";
import { interfacesJson, interfacesText } from "../../../src/ctl/show-interfaces.js";
import { differs, rulesJson, rulesText, type ShownRules } from "../../../src/ctl/show-rules.js";
import type { DropLine, InterfaceLine, RuleLine } from "../../../src/wire/admin.js";
import { golden } from "../../support/golden.js";

const counters = { framesIn: 0, framesOut: 0, framesPunted: 0, framesDropped: 0 };
const interfaces: readonly InterfaceLine[] = [
  { ...counters, name: "ethernet-1/1", netdev: "swp1", id: 1, deviceId: 1n, state: "up", mtu: 1500, framesIn: 4294967296, framesPunted: 12 }, // prettier-ignore
  { ...counters, name: "ethernet-1/49/1", id: 10049, deviceId: 1n, state: "no-carrier", mtu: 9000, framesOut: 7 },
  { ...counters, name: "cpu", id: 4294967293, deviceId: 2n ** 64n - 1n, state: "down", mtu: 1500, framesDropped: 3 },
];

const drops: readonly DropLine[] = [
  { deviceId: 1n, reason: "rule", count: 1200, meaning: "A rule dropped or denied the frame." },
  { deviceId: 1n, reason: "no-route", count: 0, meaning: "No rule took the frame." },
  { deviceId: 2n, reason: "controller-backlog", count: 3, meaning: "The backlog was full." },
];

const field = (name: string, value: string) => ({ name, value });
const wbb = { green: "trap", yellow: "trap", red: "drop" };
const rule: RuleLine = {
  deviceId: 1n,
  state: "held",
  table: "acl_wbb_ingress_table",
  priority: 1,
  isDefault: false,
  match: [field("ether_type", "0x88cc/0xffff")],
  keys: [[field("ether_type", "0x88cc")]],
  action: wbb,
  queue: undefined,
  selector: undefined,
  entryAction: "acl_wbb_ingress_trap",
  counter: { packets: 12n, bytes: 1440n },
};
const choice = (weight: number, watch?: number) => ({ action: wbb, queue: undefined, weight, watch });
const drop = { green: "drop", yellow: "drop", red: "drop" };
const port = (value: number) => [field("l4_dst_port", String(value))];
const alike: ShownRules = {
  rules: [rule, { ...rule, deviceId: 2n, table: "routes", priority: 0, isDefault: true, match: [], keys: [[]], action: drop }], // prettier-ignore
  devices: [
    { deviceId: 1n, backend: "kernel", entries: 1, installed: 1, differences: 0 },
    { deviceId: 2n, backend: "soft", entries: 1, installed: 1, differences: 0 },
  ],
};
const different: ShownRules = {
  rules: [
    { ...rule, queue: "lldp", counter: { packets: 2n ** 63n - 1n, bytes: 2n ** 63n - 1n } },
    { ...rule, state: "missing", priority: 20, match: [field("is_ipv4", "0x01"), field("ttl", "0x01/0xff")], keys: [[field("is_ipv4", "1"), field("ttl", "1")]] }, // prettier-ignore
    { ...rule, state: "shadowed", priority: 10 },
    { ...rule, priority: 8, action: { ...wbb, redirect: { kind: "port", port: 3 } } },
    { ...rule, priority: 7, action: { ...drop, mirror: 255 } },
    { ...rule, priority: 6, action: { ...drop, redirect: { kind: "multicast", group: 7 }, mirror: 1 } },
    { ...rule, state: "unrealised", priority: 9, keys: [], action: undefined, counter: undefined },
    { ...rule, table: "ranges", keys: [port(1), port(2)] },
    { ...rule, table: "ranges", priority: 4, keys: [port(1), port(2), port(4)] },
    { ...rule, table: "wcmp", action: undefined, selector: { mode: "hash", choices: [choice(2), { ...choice(1, 3), action: drop, queue: "lldp" }] }, entryAction: "group 7" }, // prettier-ignore
    { ...rule, table: "wcmp", state: "shadowed", action: undefined, selector: { mode: "random", choices: [1, 2, 3, 4, 5, 6].map((weight) => ({ ...choice(weight), action: drop })) }, entryAction: "set of 6" }, // prettier-ignore
    { ...rule, table: "wcmp", action: undefined, selector: { mode: "hash", choices: [] }, entryAction: "group 1" },
    { ...rule, state: "unexpected", priority: 20, action: drop, counter: undefined },
    { ...rule, state: "unexpected", table: "#9", priority: 0, match: [], keys: [[]], entryAction: undefined, counter: undefined }, // prettier-ignore
  ],
  devices: [{ deviceId: 1n, backend: "kernel", entries: 5, installed: 8, differences: 3 }],
};
const nothing: ShownRules = {
  rules: [],
  devices: [{ deviceId: 1n, backend: "soft", entries: 0, installed: 0, differences: 0 }],
};

describe("p4rtctl", () => {
  for (const [name, text] of Object.entries({
    "interfaces.txt": interfacesText(interfaces),
    "drops.txt": dropsText(shownDrops(drops, "counted")),
    "all-drops.txt": dropsText(shownDrops(drops, "all")),
    "no-drops.txt": dropsText([]),
    "rules.txt": rulesText(alike, "off"),
    "different-rules.txt": rulesText(different, "off"),
    "no-rules.txt": rulesText(nothing, "on"),
    "interfaces.json": jsonText(interfacesJson(interfaces)),
    "drops.json": jsonText(dropsJson(drops)),
    "rules.json": jsonText(rulesJson(different)),
  }))
    it(`prints ${name}`, () => golden(`ctl/${name}`, `${text}\n`));

  it("marks with colours, where it may, the lines that differ and no others", () => {
    const [plain, colored] = [rulesText(different, "off"), rulesText(different, "on")].map((text) => text.split("\n"));
    assert.ok(plain && colored);
    for (const [i, line] of plain.entries()) {
      const color = line.startsWith("-") ? 31 : line.startsWith("+") ? 32 : undefined;
      assert.equal(colored[i], color === undefined ? line : `\u001b[${color}m${line}\u001b[0m`);
    }
    assert.equal(rulesText(alike, "on"), rulesText(alike, "off"));
  });

  it("says that rules differ if any device's do", () => {
    const devices = [...alike.devices, ...different.devices];
    assert.deepEqual([alike, different, nothing, { rules: [], devices }].map(differs), [false, true, false, true]);
  });

  it("writes JSON that says the same, with every digit", () => {
    const text = jsonText({ ...(rulesJson(different) as object), big: 2n ** 64n - 1n, gone: undefined, none: null });
    assert.match(text, /"big": 18446744073709551615/);
    const { rules, none, ...rest } = JSON.parse(text) as { rules: Record<string, unknown>[]; none: unknown };
    assert.equal(none, null);
    assert.ok(!("gone" in rest));
    assert.deepEqual(
      rules.map(({ table, state }) => `${String(table)} ${String(state)}`),
      [
        "acl_wbb_ingress_table missing",
        "acl_wbb_ingress_table unexpected",
        "acl_wbb_ingress_table shadowed",
        "acl_wbb_ingress_table unrealised",
        "acl_wbb_ingress_table held",
        "acl_wbb_ingress_table held",
        "acl_wbb_ingress_table held",
        "acl_wbb_ingress_table held",
        "ranges held",
        "ranges held",
        "wcmp held",
        "wcmp shadowed",
        "wcmp held",
        "#9 unexpected",
      ],
    );
  });
});
