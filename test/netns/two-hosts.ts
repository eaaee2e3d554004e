/** Two hosts with a box between them that routes, each in a namespace of its own. */
import { Namespace, removeLeftovers } from "../support/namespace.js";

/** Addresses of the hosts by version, and the box's beside them. */
export const hosts = {
  4: { left: "10.1.0.2", right: "10.2.0.2", leftRouter: "10.1.0.1", rightRouter: "10.2.0.1", bits: 24 },
  6: { left: "fd00:1::2", right: "fd00:2::2", leftRouter: "fd00:1::1", rightRouter: "fd00:2::1", bits: 64 },
} as const;

/**
 * The ports of the box are the netdevs `port1` and `port2`, the hosts' ends `far1` and `far2`: veths with all their
 * offloads, so that TCP's bundles cross the box in one piece.
 */
export class TwoHosts implements Disposable {
  readonly box: Namespace;
  readonly left: Namespace;
  readonly right: Namespace;

  constructor() {
    removeLeftovers();
    [this.box, this.left, this.right] = ["box", "left", "right"].map((role) => Namespace.add(role)) as [
      Namespace,
      Namespace,
      Namespace,
    ]; // three in, three out
    try {
      this.#build();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const each of [this.box, this.left, this.right]) each[Symbol.dispose]();
  }

  #build(): void {
    const { box, left, right } = this;
    for (const each of [box, left, right])
      for (const which of ["all", "default"]) each.set(`net.ipv6.conf.${which}.disable_ipv6`, 0);
    box.ip(`link add port1 type veth peer name far1 netns ${left.name}`);
    box.ip(`link add port2 type veth peer name far2 netns ${right.name}`);
    box.set("net.ipv4.ip_forward", 1);
    box.set("net.ipv6.conf.all.forwarding", 1);
    const ends: readonly (readonly [Namespace, string, "left" | "right" | "leftRouter" | "rightRouter"])[] = [
      [left, "far1", "left"],
      [right, "far2", "right"],
      [box, "port1", "leftRouter"],
      [box, "port2", "rightRouter"],
    ];
    for (const [namespace, netdev, who] of ends) {
      namespace.ip(`link set ${netdev} up`);
      namespace.ip(`addr add ${hosts[4][who]}/${hosts[4].bits} dev ${netdev}`);
      namespace.ip(`-6 addr add ${hosts[6][who]}/${hosts[6].bits} dev ${netdev} nodad`);
    }
    for (const version of [4, 6] as const) {
      left.ip(`-${version} route add default via ${hosts[version].leftRouter}`);
      right.ip(`-${version} route add default via ${hosts[version].rightRouter}`);
    }
  }
}
