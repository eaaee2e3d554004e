/** The addresses of the box itself: what the kernel takes for its own, and what it was told besides. */
import type { LocalAddress } from "./address-message.js";
import { AddressMessage, decodeJoined, decodeLocalRoute } from "./address-message.js";
import { LinkFlag, LinkMessage, decodeLink } from "./link-message.js";
import type { NetlinkMessage } from "./netlink.js";

/** The limited broadcast is no route's. @see RFC 919 §7 */
const limitedBroadcast = Uint8Array.of(255, 255, 255, 255);

/**
 * An address stays for as long as one reason for it does: a route of any table (types local, broadcast,
 * anycast, of one address each), an interface that joined a group, or `given`. Local routes of whole networks, as
 * 127.0.0.0/8, are none.
 */
export class LocalAddresses {
  readonly #publish: (addresses: readonly Uint8Array[]) => void;
  #given: readonly Uint8Array[] = [];
  #reasons = new Map<string, LocalAddress>();
  /** The VRFs that interfaces are in, by ifindex. */
  #vrfs = new Map<number, number>();
  #changed = true;

  /** @param publish is given every address, each once */
  constructor(publish: (addresses: readonly Uint8Array[]) => void) {
    this.#publish = publish;
  }

  /** Replaces the addresses that were given. Published at once. */
  give(addresses: readonly Uint8Array[]): void {
    this.#given = addresses.map((address) => address.slice());
    this.#changed = true;
    this.settle();
  }

  /** Takes a message in; those about other things change nothing. */
  apply({ type, body }: NetlinkMessage): void {
    switch (type) {
      case AddressMessage.newRoute:
        return this.#add(decodeLocalRoute(body));
      case AddressMessage.deleteRoute:
        return this.#remove(decodeLocalRoute(body));
      case AddressMessage.newMulticast:
      case AddressMessage.getMulticast: // what lists of IPv6 groups are made of
        return this.#add(decodeJoined(body));
      case AddressMessage.deleteMulticast:
        return this.#remove(decodeJoined(body));
      case LinkMessage.new:
      case LinkMessage.delete:
        return this.#prune(type, body);
    }
  }

  /** Starts afresh with what `messages` say, in order: netdevs before the routes by them. */
  replace(messages: readonly NetlinkMessage[]): void {
    this.#reasons = new Map();
    this.#vrfs = new Map();
    this.#changed = true;
    for (const message of messages) this.apply(message);
  }

  /** Publishes what changed since the last time. */
  settle(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const reasons = Array.from(this.#reasons.values(), ({ address }) => address);
    const unique = new Map<string, Uint8Array>();
    for (const address of [limitedBroadcast, ...this.#given, ...reasons])
      unique.set(Buffer.from(address).toString("hex"), address);
    this.#publish([...unique.values()]);
  }

  /** Removes what went with an interface: the kernel tells of routes it adds, but not of all that go with a netdev. */
  #prune(type: number, body: Uint8Array): void {
    const link = decodeLink(body);
    if (link === undefined) return;
    const { ifindex, vrf } = link;
    const gone = type === LinkMessage.delete;
    // With the VRF all routes by the netdev go; those of the new table are told one by one, afterwards.
    const moved = (this.#vrfs.get(ifindex) ?? 0) !== vrf;
    if (gone || vrf === 0) this.#vrfs.delete(ifindex);
    else this.#vrfs.set(ifindex, vrf);
    const down = (link.flags & LinkFlag.up) === 0;
    if (!gone && !moved && !down) return;
    for (const local of this.#reasons.values())
      if (local.ifindex === ifindex && (gone || (moved && local.reason === "route") || (down && local.whileUp)))
        this.#remove(local);
  }

  #add(local: LocalAddress | undefined): void {
    if (local === undefined || this.#reasons.has(local.key)) return;
    this.#reasons.set(local.key, { ...local, address: local.address.slice() });
    this.#changed = true;
  }

  #remove(local: LocalAddress | undefined): void {
    if (local !== undefined && this.#reasons.delete(local.key)) this.#changed = true;
  }
}
