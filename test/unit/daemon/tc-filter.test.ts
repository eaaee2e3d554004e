import assert from "node:assert/strict";
import { decodeBpfFilter, deleteFilter, filterDump, FilterPlace } from "../../../src/daemon/tc-filter.js";
import { attribute, joined, nest, text, u32 } from "../../../src/datapath/kernel/netlink.js";

const ingress = 0xfffffff2;

/** An answer about a filter; numbers in the order of `struct tcmsg`. */
function answer(kind: string, parent = ingress, options = [attribute(7, text("p4rtd:[119]"))]) {
  const head = joined([u32(0), u32(6), u32(1), u32(parent), u32(0xc0000300)]);
  const body = joined([head, attribute(1, text(kind)), nest(2, ...options)]);
  return { type: 44, flags: 0, sequence: 1, body };
}

describe("filters by rtnetlink", () => {
  it("are told with netdev, handle, priority and program", () => {
    const filter = { ifindex: 6, handle: 1, info: 0xc0000300, name: "p4rtd:[119]" };
    assert.deepEqual(decodeBpfFilter(answer("bpf")), filter);
  });

  for (const [what, message] of [
    ["of another kind", answer("u32")],
    ["at egress", answer("bpf", 0xfffffff3)],
    ["without a name", answer("bpf", ingress, [])],
    ["that is cut off", { ...answer("bpf"), body: answer("bpf").body.subarray(0, 30) }],
    ["that is too short for its head", { ...answer("bpf"), body: new Uint8Array(19) }],
  ] as const)
    it(`are not taken for ours if one is ${what}`, () => assert.equal(decodeBpfFilter(message), undefined));

  it("are deleted by all that tells one from another", () => {
    const filter = { ifindex: 6, handle: 1, info: 0xc0000300, name: "p4rtd:[119]" };
    const { body } = answer("bpf");
    const kind = attribute(1, text("bpf"));
    assert.deepEqual(deleteFilter(filter), joined([body.subarray(0, 20), kind]));
  });

  it("are listed by the netdev alone", () => {
    assert.deepEqual(filterDump(6, FilterPlace.ingress), joined([u32(0), u32(6), u32(0), u32(ingress), u32(0)]));
  });
});
