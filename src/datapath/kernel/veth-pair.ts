/** Two netdevs of the datapath's own, each the other's wire, without addresses: nothing but its own frames come through. */
import type { Addon } from "../../addon/addon.js";
import { failedPrecondition } from "../../base/status.js";
import { LinkFlag, LinkMessage, changeFlags, createVeth, deleteByName, withoutIpv6Addresses } from "./link-message.js";
import type { LinkTable } from "./link-table.js";
import { Flag } from "./netlink.js";
import { NetlinkError } from "./route-socket.js";
import type { RouteSocket } from "./route-socket.js";
import { isSystemError } from "./system-error.js";

const noSuchDevice = 19; // ENODEV

/** What a pair needs of its datapath. */
export interface VethPairParts {
  readonly addon: Addon;
  readonly netns: string | undefined;
  readonly links: LinkTable;
  readonly socket: RouteSocket;
}

/** Names of the netdevs: where frames are sent, and where they come out. */
export interface PairNames {
  readonly sending: string;
  readonly receiving: string;
}

/** Their ifindexes. */
export interface PairIndexes {
  readonly sending: number;
  readonly receiving: number;
}

/** @precondition nobody else makes or removes netdevs of these names */
export class VethPair {
  readonly #parts: VethPairParts;
  readonly #names: PairNames;
  #created = false;

  constructor(parts: VethPairParts, names: PairNames) {
    this.#parts = parts;
    this.#names = names;
  }

  /**
   * Creates the pair anew, also if an earlier process left one; both ends are down. The sending end has no IPv6 at all:
   * where the box forwards, it would report groups, which would come out at the other end.
   * @param mtu of both ends
   * @throws NetlinkError, SystemError, StatusError if the kernel refuses
   */
  async create(mtu: number): Promise<PairIndexes> {
    const { links, socket } = this.#parts;
    const { sending, receiving } = this.#names;
    await this.#remove();
    const veth = createVeth(sending, receiving, mtu);
    await socket.change(`create '${sending}'`, LinkMessage.new, veth, Flag.create | Flag.exclusive);
    this.#created = true;
    const [from, to] = [links.get(sending)?.ifindex, links.get(receiving)?.ifindex];
    if (from === undefined || to === undefined) throw failedPrecondition(`'${sending}' vanished as it was created`);
    this.withoutIpv6(sending);
    await this.#set(`keep IPv6 addresses off '${receiving}'`, withoutIpv6Addresses(to));
    return { sending: from, receiving: to };
  }

  /** Switches both ends on: no ARP, no groups. @throws NetlinkError */
  async bringUp({ sending, receiving }: PairIndexes): Promise<void> {
    const quiet = LinkFlag.up | LinkFlag.noArp;
    const changed = quiet | LinkFlag.multicast;
    await this.#set(`bring '${this.#names.receiving}' up`, changeFlags(receiving, quiet, changed));
    await this.#set(`bring '${this.#names.sending}' up`, changeFlags(sending, quiet, changed));
  }

  /** Takes IPv6 off the netdev `name`; a kernel without IPv6 is fine. @throws SystemError */
  withoutIpv6(name: string): void {
    const { addon, netns } = this.#parts;
    try {
      addon.writeSysctl({ netns, name: `ipv6/conf/${name}/disable_ipv6`, value: "1" });
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ENOENT") throw error;
    }
  }

  /** Removes what was created; what somebody else has removed is no error. @throws NetlinkError */
  async close(): Promise<void> {
    if (!this.#created) return;
    this.#created = false;
    await this.#remove();
  }

  async #remove(): Promise<void> {
    const { links, socket } = this.#parts;
    for (const name of [this.#names.sending, this.#names.receiving]) {
      if (links.get(name) === undefined) continue;
      try {
        await socket.change(`remove '${name}'`, LinkMessage.delete, deleteByName(name));
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.errno !== noSuchDevice) throw error;
      }
    }
  }

  #set(what: string, body: Uint8Array): Promise<void> {
    return this.#parts.socket.change(what, LinkMessage.set, body);
  }
}
