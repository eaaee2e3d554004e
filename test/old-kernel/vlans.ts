/** Ports of a bridge that filters VLANs, and a port with a VLAN interface of its own. */
import assert from "node:assert/strict";
import type { Addon } from "../../src/addon/addon.js";
import { Box, ether, frameOf, macOf, packetTo } from "../netns/box.js";
import { is } from "../support/capture.js";
import type { Namespace } from "../support/namespace.js";
import { until } from "../support/until.js";
import { ping, Program } from "../netns/program.js";
import { hex, ipv4, udp } from "../support/frame-builder.js";

const lldpGroup = "01:80:c2:00:00:0e";
const everybody = "ff:ff:ff:ff:ff:ff";
/** 802.1Q tags of VLAN 10, 20 and 30, a priority, and 802.1ad outside 802.1Q. */
const tags = {
  ten: "8100000a",
  twenty: "81000014",
  thirty: "8100001e",
  prior: "8100a00a",
  stacked: "88a800648100000a",
};

async function bridge(namespace: Namespace, ...words: readonly string[]): Promise<void> {
  await Program.run(namespace, ["bridge", ...words]);
}

/** Gives a netdev's VLAN an interface with an address. */
function addVlan(namespace: Namespace, netdev: string, vlan: number, address: string): void {
  namespace.ip(`link add link ${netdev} name ${netdev}.${vlan} type vlan id ${vlan}`);
  namespace.ip(`link set ${netdev}.${vlan} up`);
  namespace.ip(`address add ${address}/24 dev ${netdev}.${vlan}`);
}

/**
 * Ports 1 (tagged 10 and 20), 2 (tagged 10) and 3 (untagged 10) are members of br0, which has an address in VLAN 10. Port 4
 * is no member; its VLAN 30 has an address.
 */
async function vlanBox(addon: Addon): Promise<{ readonly box: Box; readonly hosts: readonly Namespace[] }> {
  const box = new Box(addon, process.cwd());
  const hosts = [1, 2, 3, 4].map((id) => {
    const host = box.host(`host${id}`);
    box.join(id, host);
    return host;
  });
  box.ip("link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0");
  for (const id of [1, 2, 3]) box.ip(`link set swp${id} master br0`);
  box.ip("link set br0 up");
  const members = [
    ["swp1", "10"],
    ["swp1", "20"],
    ["swp2", "10"],
  ] as const;
  for (const [netdev, vlan] of members) await bridge(box.namespace, "vlan", "add", "vid", vlan, "dev", netdev);
  await bridge(box.namespace, ..."vlan add vid 10 dev swp3 pvid untagged".split(" "));
  await bridge(box.namespace, ..."vlan add vid 10 dev br0 self".split(" "));
  addVlan(box.namespace, "br0", 10, "10.0.10.1");
  addVlan(box.namespace, "swp4", 30, "10.0.30.1");
  const [one, two, three, four] = hosts;
  assert.ok(one && two && three && four);
  addVlan(one, "eth0", 10, "10.0.10.2");
  addVlan(two, "eth0", 10, "10.0.10.3");
  three.ip("address add 10.0.10.4/24 dev eth0");
  addVlan(four, "eth0", 30, "10.0.30.2");
  await box.start();
  const forwards = () => box.ip("-d link show dev swp3").includes("state forwarding");
  await until("the bridge forwards", forwards, 20_000);
  return { box, hosts };
}

export async function vlans(addon: Addon): Promise<void> {
  const { box, hosts } = await vlanBox(addon);
  await using _box = box;
  await bridgeServes(box, hosts);
  await portServes(box, hosts);
}

async function bridgeServes(box: Box, hosts: readonly Namespace[]): Promise<void> {
  const [one, two, three] = hosts;
  assert.ok(one && two && three);
  // Frames that no rule takes cross in their VLAN, and reach the box itself, also with the TTL that is trapped.
  for (const address of ["10.0.10.3", "10.0.10.4", "10.0.10.1"]) await ping(one, address, 2);
  await ping(three, "10.0.10.2", 2);
  await Program.run(one, ["ping", "-n", "-c", "1", "-W", "2", "-t", "1", "10.0.10.1"]);

  const arrives = await box.capture(two);
  const wire = box.wire(one);
  for (const [name, tag] of Object.entries(tags)) {
    const lldp = frameOf(lldpGroup, `${tag}${ether.lldp}`, name);
    const gdp = frameOf(everybody, `${tag}${ether.gdp}`, name);
    await wire.send([lldp, gdp]);
    for (const frame of [lldp, gdp]) assert.equal((await box.packetIn(is(frame))).ingress, 1);
  }
  const elsewhere = frameOf(everybody, `${tags.twenty}${ether.experimental}`, "in VLAN 20");
  const crosses = frameOf(everybody, `${tags.ten}${ether.experimental}`, "in VLAN 10");
  await wire.send([elsewhere, crosses]);
  await arrives.find(is(crosses));
  assert.equal(arrives.count(is(elsewhere)), 0);
  assert.equal(
    arrives.count((frame) => Buffer.from(frame).includes(ether.gdp, 0, "hex")),
    0,
  );
  const expiring = packetTo(macOf(two, "eth0"), [...hex(tags.ten), ...ipv4({ ttl: 1 }, udp(1, 2))]);
  await wire.send([expiring]);
  assert.equal((await box.packetIn(is(expiring))).ingress, 1);

  // PacketOut leaves as it is, in whatever VLAN, and is what the host's VLAN interface receives.
  const inside = await box.capture(two, "eth0.10");
  const atThree = await box.capture(three);
  const out = [tags.ten, tags.twenty, tags.stacked, ""].map((tag) =>
    frameOf(everybody, `${tag}${ether.experimental}`, `out ${tag}`),
  );
  for (const frame of out) box.packetOut(2, frame);
  for (const frame of out) await arrives.find(is(frame));
  await inside.find((frame) => Buffer.from(frame).includes(`out ${tags.ten}`));
  const tagged = frameOf(everybody, `${tags.ten}${ether.experimental}`, "tagged where others are not");
  box.packetOut(3, tagged);
  await atThree.find(is(tagged));
  assert.equal(
    atThree.count((frame) => Buffer.from(frame).includes("out ")),
    0,
  );
}

/** The VLAN interface of a port that is no bridge's. */
async function portServes(box: Box, hosts: readonly Namespace[]): Promise<void> {
  const host = hosts[3];
  assert.ok(host);
  await ping(host, "10.0.30.1", 2);
  await Program.run(host, ["ping", "-n", "-c", "1", "-W", "2", "-t", "1", "10.0.30.1"]);
  const inside = await box.capture(box.namespace, "swp4.30");
  const mac = macOf(box.namespace, "swp4.30");
  const expiring = packetTo(mac, [...hex(tags.thirty), ...ipv4({ ttl: 1 }, udp(1, 2))]);
  const passes = frameOf(mac, `${tags.thirty}${ether.experimental}`, "goes on");
  await box.wire(host).send([expiring, passes]);
  assert.equal((await box.packetIn(is(expiring))).ingress, 4);
  await inside.find((frame) => Buffer.from(frame).includes("goes on"));
  assert.equal(inside.waiting, 1);
  const outside = await box.capture(host);
  const within = await box.capture(host, "eth0.30");
  const out = frameOf(macOf(host, "eth0"), `${tags.thirty}${ether.experimental}`, "out");
  box.packetOut(4, out);
  await outside.find(is(out));
  await within.find((frame) => Buffer.from(frame).includes("out"));
}
