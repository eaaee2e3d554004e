/** What rtnetlink tells of the addresses of the box: local routes, and groups it joined. @see rtnetlink(7) */
import { attribute, decodeAttributes, joined, littleEndian, u32, u32Of, viewOf } from "./netlink.js";

/** Types of messages about routes, addresses, joined groups, and settings of IP. */
export const AddressMessage = {
  newAddress: 20,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newMulticast: 56,
  deleteMulticast: 57,
  getMulticast: 58,
  newNetconf: 80,
  getNetconf: 82,
} as const;

/** Multicast groups of changes. Joined groups are told since Linux 6.14. */
export const AddressGroup = { ipv4Routes: 7, ipv6Routes: 11, ipv4Joined: 37, ipv6Joined: 38 } as const;

export const Family = { inet: 2, inet6: 10 } as const;
export type Family = (typeof Family)[keyof typeof Family];

const RouteAttribute = { destination: 1, outputIfindex: 4, priority: 6, preferredSource: 7, table: 15 } as const;
const AddressAttribute = { address: 1, local: 2, multicast: 7 } as const;
const NetconfAttribute = { ifindex: 1, forwarding: 2, rpFilter: 3 } as const;
const routeHeadBytes = 12;
const addressHeadBytes = 8;
const netconfHeadBytes = 4;
/** Route types whose destinations the box takes for itself. @see linux/rtnetlink.h */
const localType = 2;
const broadcastType = 3;
const anycastType = 4;
const localTypes: ReadonlySet<number> = new Set([localType, broadcastType, anycastType]);
const allInterfaces = -1;

/** An address of the box. `key` tells one reason for it from another. */
export interface LocalAddress {
  readonly reason: "route" | "group";
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly key: string;
  /** The interface it belongs to; 0: none. */
  readonly ifindex: number;
  /** True if it goes when the interface is brought down; the kernel does not tell then. */
  readonly whileUp: boolean;
}

const bytesOf = (family: number) => (family === Family.inet ? 4 : family === Family.inet6 ? 16 : 0);
const hexOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? "" : Buffer.from(bytes).toString("hex"));

/**
 * The address that a route makes the box's own, in whatever table: rules of routing may lead to any, and a VRF has its
 * own. Undefined: another type, the route of a whole network, or a broken message.
 */
export function decodeLocalRoute(body: Uint8Array): LocalAddress | undefined {
  const [family = 0, length = 0, , , table = 0, , , type = 0] = body;
  const bytes = bytesOf(family);
  if (body.length < routeHeadBytes || bytes === 0 || length !== 8 * bytes || !localTypes.has(type)) return undefined;
  const attributes = decodeAttributes(body, routeHeadBytes);
  const address = attributes?.get(RouteAttribute.destination);
  if (address?.length !== bytes) return undefined;
  const { outputIfindex, priority, preferredSource } = RouteAttribute;
  const parts = [outputIfindex, priority, preferredSource].map((part) => hexOf(attributes?.get(part)));
  return {
    reason: "route",
    address,
    key: ["route", u32Of(attributes?.get(RouteAttribute.table)) ?? table, type, hexOf(address), ...parts].join(" "),
    ifindex: u32Of(attributes?.get(outputIfindex)) ?? 0,
    whileUp: type === broadcastType,
  };
}

/** The group that a message says an interface joined or left. Undefined: it is broken. */
export function decodeJoined(body: Uint8Array): LocalAddress | undefined {
  if (body.length < addressHeadBytes) return undefined;
  const address = decodeAttributes(body, addressHeadBytes)?.get(AddressAttribute.multicast);
  if (address === undefined || address.length === 0 || address.length !== bytesOf(body[0] ?? 0)) return undefined;
  const ifindex = viewOf(body).getUint32(4, littleEndian);
  const key = `joined ${ifindex} ${hexOf(address)}`;
  return { reason: "group", address, key, ifindex, whileUp: false };
}

/** Asks for every route of a family. */
export function routeDump(family: Family): Uint8Array {
  const body = new Uint8Array(routeHeadBytes);
  body[0] = family;
  return body;
}

/** Asks for every group of a family that an interface joined. */
export function joinedDump(family: Family): Uint8Array {
  const body = new Uint8Array(addressHeadBytes);
  body[0] = family;
  return body;
}

/** Asks for the settings of IP that hold for all interfaces. */
export function netconfOfAll(family: Family): Uint8Array {
  const head = new Uint8Array(netconfHeadBytes);
  head[0] = family;
  return joined([head, attribute(NetconfAttribute.ifindex, u32(allInterfaces))]);
}

/** Settings of IP that hold for all interfaces, `net.ipv4.conf.all` or `net.ipv6.conf.all`. */
export interface IpSettings {
  readonly forwarding: number;
  /** 0 for IPv6, which has none. */
  readonly rpFilter: number;
}

/** What answers `netconfOfAll`. Undefined: it is about something else, or broken. */
export function decodeNetconf(body: Uint8Array): IpSettings | undefined {
  if (body.length < netconfHeadBytes) return undefined;
  const attributes = decodeAttributes(body, netconfHeadBytes);
  const forwarding = u32Of(attributes?.get(NetconfAttribute.forwarding));
  if (u32Of(attributes?.get(NetconfAttribute.ifindex)) !== allInterfaces >>> 0 || forwarding === undefined)
    return undefined;
  return { forwarding, rpFilter: u32Of(attributes?.get(NetconfAttribute.rpFilter)) ?? 0 };
}

/** Gives a netdev an IPv4 address that reaches nobody else (/32). */
export function addIpv4Address(ifindex: number, address: Uint8Array): Uint8Array {
  const scopeLink = 253;
  const head = joined([Uint8Array.of(Family.inet, 32, 0, scopeLink), u32(ifindex)]);
  return joined([head, attribute(AddressAttribute.local, address), attribute(AddressAttribute.address, address)]);
}
