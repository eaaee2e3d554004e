import assert from "node:assert/strict";
import { AddressMessage } from "../../../../src/datapath/kernel/address-message.js";
import { LinkFlag, LinkMessage } from "../../../../src/datapath/kernel/link-message.js";
import { LocalAddresses } from "../../../../src/datapath/kernel/local-addresses.js";
import { attribute, joined, nest, text, u32, type NetlinkMessage } from "../../../../src/datapath/kernel/netlink.js";

const swp1 = 7;
const swp2 = 8;
const red = 9;
const message = (type: number, body: Uint8Array): NetlinkMessage => ({ type, flags: 0, sequence: 0, body });

/** A netdev that is up, a member of `master` of the kind `of`. */
function link(ifindex: number, master = 0, of = "vrf"): NetlinkMessage {
  const head = joined([u32(0), u32(ifindex), u32(LinkFlag.up), u32(0), attribute(3, text(`swp${ifindex}`))]);
  const member = joined([attribute(10, u32(master)), nest(18, attribute(4, text(of)))]);
  return message(LinkMessage.new, master === 0 ? head : joined([head, member]));
}

/** A route of type local to 10.0.0.<last>. */
function route(type: "newRoute" | "deleteRoute", last: number, ifindex: number, table = 255): NetlinkMessage {
  const head = Uint8Array.of(2, 32, 0, 0, table, 2, 254, 2, 0, 0, 0, 0);
  const address = attribute(1, Uint8Array.of(10, 0, 0, last));
  return message(AddressMessage[type], joined([head, address, attribute(4, u32(ifindex)), attribute(15, u32(table))]));
}

/** A group 224.0.0.<last> that an interface joined. */
function joinedGroup(last: number, ifindex: number): NetlinkMessage {
  const head = joined([Uint8Array.of(2, 32, 0, 0), u32(ifindex)]);
  return message(AddressMessage.newMulticast, joined([head, attribute(7, Uint8Array.of(224, 0, 0, last))]));
}

describe("the box's own addresses", () => {
  let known: readonly string[] = [];
  let locals: LocalAddresses;
  beforeEach(() => {
    locals = new LocalAddresses((addresses) => {
      known = addresses.map((address) => address.join(".")).filter((address) => address !== "255.255.255.255");
    });
    locals.replace([
      ...[link(swp1), link(swp2)],
      ...[route("newRoute", 1, swp1), route("newRoute", 2, swp2), joinedGroup(5, swp1)],
    ]);
    locals.settle();
  });
  const after = (...messages: readonly NetlinkMessage[]) => {
    for (const each of messages) locals.apply(each);
    locals.settle();
    return known;
  };

  it("move into a VRF with their interface, though the kernel tells of the new routes only", () => {
    assert.deepEqual(after(link(swp1, red)), ["10.0.0.2", "224.0.0.5"]);
    assert.deepEqual(after(route("newRoute", 1, swp1, 100)).toSorted(), ["10.0.0.1", "10.0.0.2", "224.0.0.5"]);
    assert.deepEqual(after(route("deleteRoute", 1, swp1, 100)), ["10.0.0.2", "224.0.0.5"]);
  });

  it("stay while an interface that is in a VRF changes otherwise, also if it was there at the start", () => {
    locals.replace([link(swp1, red), route("newRoute", 1, swp1, 100)]);
    assert.deepEqual(after(link(swp1, red)), ["10.0.0.1"]);
  });

  it("go with the VRF that an interface leaves, and with one that it changes for another", () => {
    after(link(swp1, red), route("newRoute", 1, swp1, 100));
    assert.deepEqual(after(link(swp1, red + 1)), ["10.0.0.2", "224.0.0.5"]);
    after(route("newRoute", 1, swp1, 101));
    assert.deepEqual(after(link(swp1)), ["10.0.0.2", "224.0.0.5"]);
  });

  it("stay when their interface becomes the member of something else", () => {
    assert.deepEqual(after(link(swp1, red, "bridge")), ["10.0.0.1", "10.0.0.2", "224.0.0.5"]);
  });
});
