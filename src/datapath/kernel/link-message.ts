/** Netdevs as rtnetlink tells and changes them. @see rtnetlink(7), linux/if_link.h */
import {
  attribute,
  decodeAttributes,
  joined,
  littleEndian,
  nest,
  text,
  textOf,
  u32,
  u32Of,
  u8,
  viewOf,
} from "./netlink.js";

/** Types of messages about netdevs. */
export const LinkMessage = { new: 16, delete: 17, get: 18, set: 19 } as const;

/** Multicast group of changes of netdevs. */
export const linkGroup = 1;

/** Flags of a netdev. @see netdevice(7) */
export const LinkFlag = { up: 0x1, noArp: 0x80, promiscuous: 0x100, multicast: 0x1000, lowerUp: 0x10000 } as const;

/** Operational states. @see RFC 2863 §3.1.14 */
export const Oper = {
  unknown: 0,
  notPresent: 1,
  down: 2,
  lowerLayerDown: 3,
  testing: 4,
  dormant: 5,
  up: 6,
} as const;

const Attribute = { address: 1, name: 3, mtu: 4, master: 10, operState: 16, linkInfo: 18, afSpec: 26 } as const;
const Info = { kind: 1, data: 2, memberKind: 4 } as const;
const vethPeer = 1;
const inetConf = 1;
const inet6AddressGeneration = 8;
const noAddresses = 1;
const AddressFamily = { unspecified: 0, inet: 2, inet6: 10 } as const;
const headBytes = 16;

/** Numbers of an interface's IPv4 settings, those of `net.ipv4.conf`. @see linux/ip.h */
export const Ipv4Setting = { forwarding: 1, rpFilter: 8, acceptLocal: 23 } as const;

/** A netdev as it is now. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** `LinkFlag`s. */
  readonly flags: number;
  readonly mtu: number;
  /** One of `Oper`. */
  readonly operState: number;
  /** What made it, such as `bond` or `veth`; undefined: a driver. */
  readonly kind: string | undefined;
  /** The ifindex of the VRF that it is in; 0: none. */
  readonly vrf: number;
}

/**
 * The netdev that a message of type `new` or `delete` is about. Undefined: it is none of those, is about a netdev's
 * part in a bridge, or is broken.
 */
export function decodeLink(body: Uint8Array): Link | undefined {
  if (body.length < headBytes || body[0] !== AddressFamily.unspecified) return undefined;
  const attributes = decodeAttributes(body, headBytes);
  const name = textOf(attributes?.get(Attribute.name));
  if (attributes === undefined || name === undefined) return undefined;
  const info = decodeAttributes(attributes.get(Attribute.linkInfo) ?? new Uint8Array());
  const inVrf = textOf(info?.get(Info.memberKind)) === "vrf";
  const view = viewOf(body);
  return {
    ifindex: view.getInt32(4, littleEndian),
    name,
    flags: view.getUint32(8, littleEndian),
    mtu: u32Of(attributes.get(Attribute.mtu)) ?? 0,
    operState: attributes.get(Attribute.operState)?.[0] ?? Oper.unknown,
    kind: textOf(info?.get(Info.kind)),
    vrf: inVrf ? (u32Of(attributes.get(Attribute.master)) ?? 0) : 0,
  };
}

function head(ifindex: number, flags = 0, change = 0): Uint8Array {
  return joined([u32(AddressFamily.unspecified), u32(ifindex), u32(flags), u32(change)]);
}

/** Asks for every netdev. */
export function linkDump(): Uint8Array {
  return head(0);
}

/** Sets (`flags`) and clears flags among `change`. */
export function changeFlags(ifindex: number, flags: number, change: number): Uint8Array {
  return head(ifindex, flags, change);
}

export function changeMtu(ifindex: number, mtu: number): Uint8Array {
  return joined([head(ifindex), attribute(Attribute.mtu, u32(mtu))]);
}

/** Names the netdev to delete. */
export function deleteByName(name: string): Uint8Array {
  return joined([head(0), attribute(Attribute.name, text(name))]);
}

/** Two netdevs, each the other's wire, down. */
export function createVeth(name: string, peer: string, mtu: number): Uint8Array {
  const end = (own: string) => [attribute(Attribute.name, text(own)), attribute(Attribute.mtu, u32(mtu))];
  const data = nest(Info.data, nest(vethPeer, head(0), ...end(peer)));
  return joined([head(0), ...end(name), nest(Attribute.linkInfo, attribute(Info.kind, text("veth")), data)]);
}

/** IPv6 makes itself no address on the netdev. */
export function withoutIpv6Addresses(ifindex: number): Uint8Array {
  const inet6 = nest(AddressFamily.inet6, attribute(inet6AddressGeneration, u8(noAddresses)));
  return joined([head(ifindex), nest(Attribute.afSpec, inet6)]);
}

/** Changes settings of IPv4, by `Ipv4Setting`. */
export function changeIpv4(ifindex: number, settings: readonly (readonly [number, number])[]): Uint8Array {
  const values = settings.map(([setting, value]) => attribute(setting, u32(value)));
  return joined([head(ifindex), nest(Attribute.afSpec, nest(AddressFamily.inet, nest(inetConf, ...values)))]);
}
