/** The netdevs of a network namespace, kept up to date by rtnetlink. */
import type { Link } from "./link-message.js";
import { LinkMessage, decodeLink } from "./link-message.js";
import type { NetlinkMessage } from "./netlink.js";

export class LinkTable {
  #byIndex = new Map<number, Link>();
  #byName = new Map<string, Link>();

  get(name: string): Link | undefined {
    return this.#byName.get(name);
  }

  at(ifindex: number): Link | undefined {
    return this.#byIndex.get(ifindex);
  }

  /** Takes a message in; those about other things change nothing. */
  apply({ type, body }: NetlinkMessage): void {
    if (type !== LinkMessage.new && type !== LinkMessage.delete) return;
    const link = decodeLink(body);
    if (link === undefined) return;
    this.#forget(link.ifindex);
    if (type === LinkMessage.delete) return;
    this.#byIndex.set(link.ifindex, link);
    this.#byName.set(link.name, link);
  }

  /** Starts afresh with what `messages` say, in order. */
  replace(messages: readonly NetlinkMessage[]): void {
    this.#byIndex = new Map();
    this.#byName = new Map();
    for (const message of messages) this.apply(message);
  }

  #forget(ifindex: number): void {
    const old = this.#byIndex.get(ifindex);
    if (old === undefined) return;
    this.#byIndex.delete(ifindex);
    // Another netdev may have taken the name before the message of the renaming came.
    if (this.#byName.get(old.name)?.ifindex === ifindex) this.#byName.delete(old.name);
  }
}
