import assert from "node:assert/strict";
import { keyWords } from "../../../../src/datapath/frame-key.js";
import type { PortId } from "../../../../src/datapath/port.js";
import { AddressSet } from "../../../../src/datapath/soft/address-set.js";
import { parseFrame } from "../../../../src/datapath/soft/parser.js";
import { Routes } from "../../../../src/datapath/soft/routes.js";
import { arp, ethernet, hex, ip, ipv4, ipv6 } from "../../../support/frame-builder.js";

const key = (frame: Uint8Array) => {
  const words = new Int32Array(keyWords);
  parseFrame(1 as PortId, frame, words);
  return words;
};
const to4 = (dst: string) => key(ethernet(ipv4({ dst })));
const to6 = (dst: string) => key(ethernet(ipv6({ dst })));
const route = (prefix: readonly number[], length: number, port: number) => ({
  prefix: Uint8Array.from(prefix),
  length,
  port: port as PortId,
});

describe("Routes", () => {
  const routes = new Routes([
    route(ip("10.0.0.0"), 8, 1),
    route(ip("10.1.255.255"), 16, 2),
    route(ip("10.1.2.3"), 32, 3),
    route(ip("10.1.2.3"), 32, 99),
    route(hex("20010db8000000000000000000000000"), 32, 4),
    route(hex("20010db8000100000000000000000000"), 49, 5),
    route(hex("20010db8000100000000000000000001"), 128, 6),
  ]);
  for (const { title, words, want } of [
    { title: "no prefix", words: to4("11.0.0.1"), want: undefined },
    { title: "the only prefix", words: to4("10.2.0.1"), want: 1 },
    { title: "the longer prefix, whatever its bits beyond", words: to4("10.1.9.9"), want: 2 },
    { title: "a whole address, the first of two equal routes", words: to4("10.1.2.3"), want: 3 },
    { title: "an IPv6 prefix", words: to6("20010db8ffff00000000000000000001"), want: 4 },
    { title: "an IPv6 prefix that ends within a word", words: to6("20010db800017fff0000000000000001"), want: 5 },
    { title: "an IPv6 destination beside it", words: to6("20010db8000180000000000000000001"), want: 4 },
    { title: "a whole IPv6 address", words: to6("20010db8000100000000000000000001"), want: 6 },
    { title: "an ARP target, which is no destination", words: key(ethernet(arp("10.1.2.3"))), want: undefined },
  ]) {
    it(`gives ${want === undefined ? "no port" : `port ${want}`} for ${title}`, () => {
      assert.equal(routes.portOf(words), want);
    });
  }

  it("takes a prefix of no bits as a route for its version only", () => {
    const defaults = new Routes([route(ip("0.0.0.0"), 0, 7)]);
    assert.deepEqual([defaults.portOf(to4("8.8.8.8")), defaults.portOf(to6("20".repeat(16)))], [7, undefined]);
  });

  it("refuses addresses and lengths that there are not", () => {
    assert.throws(() => new Routes([route([1, 2, 3], 8, 1)]), { name: "InvariantError" });
    assert.throws(() => new Routes([route(ip("1.2.3.4"), 33, 1)]), { name: "InvariantError" });
  });
});

describe("AddressSet", () => {
  const set = new AddressSet([Uint8Array.from(ip("10.0.0.1")), Uint8Array.from(hex("ff02" + "00".repeat(13) + "01"))]);
  it("holds its addresses as destinations and nothing beside them", () => {
    const asked = [to4("10.0.0.1"), to4("10.0.0.2"), to6("ff02" + "00".repeat(13) + "01"), to6("00".repeat(16))];
    assert.deepEqual(
      asked.map((words) => set.holdsDestination(words)),
      [true, false, true, false],
    );
  });

  it("holds them as targets of ARP", () => {
    const asked = ["10.0.0.1", "10.0.0.2"].map((target) => key(ethernet(arp(target))));
    assert.deepEqual(
      asked.map((words) => set.holdsDestination(words)),
      [true, false],
    );
  });
});
