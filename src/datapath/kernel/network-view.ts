/** What the kernel tells of netdevs and of its own addresses, followed live. */
import type { Addon } from "../../addon/addon.js";
import type { Logger } from "../../base/logger.js";
import { AddressGroup, AddressMessage, Family, decodeLocalRoute, joinedDump, routeDump } from "./address-message.js";
import { BackOff } from "./back-off.js";
import { LinkMessage, linkDump, linkGroup } from "./link-message.js";
import { LinkTable } from "./link-table.js";
import type { LocalAddresses } from "./local-addresses.js";
import type { NetlinkMessage } from "./netlink.js";
import { NetlinkError, RouteSocket } from "./route-socket.js";
import { isSystemError } from "./system-error.js";

export interface NetworkViewOptions {
  readonly addon: Addon;
  readonly netns: string | undefined;
  readonly log: Logger;
  /** Who is told the box's own addresses; undefined: nobody. */
  readonly locals: LocalAddresses | undefined;
}

const basicGroups = [linkGroup];
const routeGroups = [AddressGroup.ipv4Routes, AddressGroup.ipv6Routes];
const joinedGroups = [AddressGroup.ipv4Joined, AddressGroup.ipv6Joined];

export class NetworkView {
  readonly links = new LinkTable();
  /** Called after netdevs may have changed. */
  onLinks: () => void = () => {};
  readonly #options: NetworkViewOptions;
  #socket: RouteSocket | undefined;
  /** Changes since everything was asked for, while the answer is not whole. */
  #meanwhile: NetlinkMessage[] | undefined;
  readonly #retry = new BackOff(() => void this.#listAgain());
  #closed = false;
  /** Said that it was not listed, and not listed since. */
  #outage = false;

  constructor(options: NetworkViewOptions) {
    this.#options = options;
  }

  /** Opens with a view that is whole. @throws SystemError, NetlinkError if the kernel does not tell */
  static async open(options: NetworkViewOptions): Promise<NetworkView> {
    const view = new NetworkView(options);
    view.#socket = view.#connect();
    try {
      await view.#listAll();
    } catch (error) {
      view.close();
      throw error;
    }
    return view;
  }

  get socket(): RouteSocket {
    if (this.#socket === undefined) throw new Error("the network view is not open");
    return this.#socket;
  }

  close(): void {
    this.#closed = true;
    this.#retry.reset();
    this.#socket?.close();
  }

  #connect(): RouteSocket {
    const { addon, netns, locals, log } = this.#options;
    const listener = {
      onChange: (message: NetlinkMessage) => {
        this.#meanwhile?.push(message);
        this.links.apply(message);
        locals?.apply(message);
      },
      onSettled: () => this.#settle(),
      onLost: () => void this.#listAgain(),
    };
    if (locals === undefined) return RouteSocket.open(addon, { netns, groups: basicGroups }, listener);
    const groups = [...basicGroups, ...routeGroups];
    try {
      return RouteSocket.open(addon, { netns, groups: [...groups, ...joinedGroups] }, listener);
    } catch (error) {
      if (!isSystemError(error) || error.code !== "EINVAL") throw error;
      log.warn("addresses.groups_not_followed", { reason: "the kernel tells of joined groups since Linux 6.14" });
      return RouteSocket.open(addon, { netns, groups }, listener);
    }
  }

  #settle(): void {
    if (this.#closed) return;
    this.#options.locals?.settle();
    this.onLinks();
  }

  async #listAgain(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#listAll();
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      if (!this.#isWanted()) return;
      if (!this.#outage) this.#options.log.warn("addresses.not_listed", { reason: error.message });
      this.#outage = true;
      this.#retry.again();
    }
  }

  /** False if the view is closed, or everything was asked for again. */
  #isWanted(): boolean {
    return !this.#closed && this.#meanwhile === undefined;
  }

  /** Lists everything and then takes in again what changed meanwhile: in this order they give what is there now. */
  async #listAll(): Promise<void> {
    const { locals } = this.#options;
    const meanwhile: NetlinkMessage[] = [];
    this.#meanwhile = meanwhile;
    let links: readonly NetlinkMessage[], addresses: readonly NetlinkMessage[];
    try {
      links = await this.socket.list("list netdevs", LinkMessage.get, linkDump());
      addresses = locals === undefined ? [] : await this.#addresses();
      if (this.#meanwhile !== meanwhile) return; // asked for again
    } finally {
      // Of a list that failed nothing is collected any longer.
      if (this.#meanwhile === meanwhile) this.#meanwhile = undefined;
    }
    this.#retry.reset();
    this.#outage = false;
    this.links.replace([...links, ...meanwhile]);
    locals?.replace([...links, ...addresses, ...meanwhile]);
    this.#settle();
  }

  async #addresses(): Promise<readonly NetlinkMessage[]> {
    const messages: NetlinkMessage[] = [];
    const isLocal = ({ body }: NetlinkMessage) => decodeLocalRoute(body) !== undefined;
    for (const family of [Family.inet, Family.inet6]) {
      const body = routeDump(family);
      messages.push(...(await this.socket.list("list routes", AddressMessage.getRoute, body, isLocal)));
      messages.push(...(await this.#joined(family)));
    }
    return messages;
  }

  /** Groups that interfaces joined; none if the kernel cannot list them, which is told. */
  async #joined(family: Family): Promise<readonly NetlinkMessage[]> {
    try {
      return await this.socket.list("list joined groups", AddressMessage.getMulticast, joinedDump(family));
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#options.log.warn("addresses.groups_not_listed", { family, reason: error.message });
      return [];
    }
  }
}
