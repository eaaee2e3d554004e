/** Ports in VRFs: punted frames go by the routes of the VRF, and its addresses are the box's own. */
import assert from "node:assert/strict";
import type { Addon } from "../../src/addon/addon.js";
import { addressed, Box, discoveryRules, ether, frameOf, macOf, packetTo } from "../netns/box.js";
import { is } from "../support/capture.js";
import type { Namespace } from "../support/namespace.js";
import { Program } from "../netns/program.js";
import { addWeightedRoutes, byAddress, byPort, copyRule, followsWeights } from "../netns/weighted.js";
import { hex, ipv4, ipv6, udp } from "../support/frame-builder.js";

/** What host 2 and host 3 both have: which of them is meant depends on the routes. */
const shared = { v4: "10.9.0.1", v6: "fd00:9::1" };
const shared6 = "fd000009000000000000000000000001";
const weightedFlows = 96;

/** Ports 1, 2 and 5 are in VRF red, 3 and 4 are not, nor is anything before the datapath started. */
async function vrfBox(addon: Addon): Promise<{ readonly box: Box; readonly hosts: readonly Namespace[] }> {
  const box = new Box(addon, process.cwd());
  const hosts = [1, 2, 3, 4, 5].map((id) => box.neighbour(id));
  await box.start([...discoveryRules, copyRule]);
  box.ip("link add red type vrf table 100");
  box.ip("link set red up");
  for (const id of [1, 2, 5]) {
    box.ip(`link set swp${id} master red`);
    box.ip(`-6 address replace ${addressed(id).box6}/64 dev swp${id} nodad`); // gone with the other table
  }
  for (const id of [2, 3]) {
    const host = hosts[id - 1];
    host?.ip("link set lo up");
    host?.ip(`address add ${shared.v4}/32 dev lo`);
    host?.ip(`address add ${shared.v6}/128 dev lo`);
    const table = id === 2 ? " vrf red" : "";
    box.ip(`route add ${shared.v4}/32${table} via ${addressed(id).host4}`);
    box.ip(`-6 route add ${shared.v6}/128${table} via ${addressed(id).host6}`);
  }
  return { box, hosts };
}

/** Traceroute from a host at port `from`: its first probes are trapped, those behind reach the host at port `to`. */
async function traces(box: Box, host: Namespace, from: number, to: number): Promise<void> {
  for (const [flag, address, bytes, ttlAt] of [
    ["-4", shared.v4, ipHex(shared.v4), 22],
    ["-6", shared.v6, shared6, 21],
  ] as const) {
    const trace = ["traceroute", flag, "-n", "-q", "1", "-w", "2", "-m", "2", address];
    const output = await Program.run(host, trace);
    assert.match(output, new RegExp(`^ 2  ${address} `, "m"));
    const isProbe = (frame: Buffer) => frame[ttlAt] === 1 && frame.includes(bytes, 0, "hex");
    const { ingress, egress } = await box.packetIn(isProbe);
    assert.deepEqual([flag, ingress, egress], [flag, from, to]);
  }
}

/** What is sent with TTL 1 is told to leave where the same with more arrives. */
async function leavesWhereItGoes(
  box: Box,
  from: readonly [port: number, host: Namespace],
  to: readonly [port: number, host: Namespace],
  fields: { readonly dst: string; readonly tos?: number },
): Promise<void> {
  const [ingressPort, sender] = from;
  const mac = macOf(box.namespace, `swp${ingressPort}`);
  const payload = Buffer.from(`to ${to[0]} from ${ingressPort} ${fields.tos ?? 0}`);
  const packet = (ttl: number) =>
    packetTo(mac, ipv4({ ...fields, src: addressed(ingressPort).host4, ttl }, [...udp(1, 2), ...payload]));
  const arrives = await box.capture(to[1]);
  await box.wire(sender).send([packet(1), packet(2)]);
  const { ingress, egress } = await box.packetIn(is(packet(1)));
  assert.deepEqual([ingress, egress], [ingressPort, to[0]]);
  await arrives.find((frame) => Buffer.from(frame).includes(payload));
}

export async function vrfs(addon: Addon): Promise<void> {
  const { box, hosts } = await vrfBox(addon);
  await using _box = box;
  await followRoutes(box, hosts);
  await keepAddresses(box, hosts);
}

/** Egress ports are those of the VRF's table, of whatever leads out of it or into it, and of weighted next hops. */
async function followRoutes(box: Box, hosts: readonly Namespace[]): Promise<void> {
  const [one, two, three, four, five] = hosts;
  assert.ok(one && two && three && four && five);
  await traces(box, one, 1, 2);
  await traces(box, four, 4, 3);

  // A route of the VRF that leads out of it, and rules that lead into it.
  box.ip(`route add 10.8.0.0/16 vrf red via ${addressed(3).host4} dev swp3`);
  await leavesWhereItGoes(box, [1, one], [3, three], { dst: "10.8.0.1" });
  box.ip("rule add pref 500 iif swp4 tos 0x10 lookup 100");
  await leavesWhereItGoes(box, [4, four], [2, two], { dst: shared.v4, tos: 0x10 });
  await leavesWhereItGoes(box, [4, four], [3, three], { dst: shared.v4 });

  const ways = new Map([
    [2, two],
    [5, five],
  ]);
  await addWeightedRoutes(box, [2, 5], [two, five], " vrf red");
  for (const [policy, kinds] of [byAddress, byPort].entries()) {
    for (const version of [4, 6]) box.namespace.set(`net.ipv${version}.fib_multipath_hash_policy`, policy);
    await followsWeights(box, one, ways, { kinds, flows: weightedFlows });
  }
}

/** Addresses that were there before their netdev came into the VRF, or came afterwards, and the VRF's own. */
async function keepAddresses(box: Box, hosts: readonly Namespace[]): Promise<void> {
  const [one] = hosts;
  assert.ok(one);
  const { box4, box6 } = addressed(1);
  box.ip("address add 10.0.1.77/24 dev swp1");
  box.ip("address add 10.99.0.1/32 dev red");
  for (const address of [box4, box6, "10.0.1.77", "10.99.0.1"]) await answersAtTtl1(one, address);

  const mac = macOf(box.namespace, "swp1");
  const probe = (n: number) => packetTo(mac, ipv4({ src: addressed(1).host4, dst: box4, ttl: 1 }, [...udp(1, n)]));
  const probe6 = (n: number) =>
    packetTo(mac, ipv6({ dst: "fd000001000000000000000000000001", hopLimit: 1 }, [...udp(1, n)]));
  const fence = frameOf(mac, ether.gdp, "behind the probes");
  const wire = box.wire(one);
  await wire.send([probe(1), probe6(1), fence]);
  await box.packetIn(is(fence));
  assert.equal(box.count(is(probe(1))) + box.count(is(probe6(1))), 0);
  box.ip(`address del ${box4}/24 dev swp1`);
  box.ip(`address del ${box6}/64 dev swp1`);
  await becomesTrapped(box, (n) => wire.sendAnyway([probe(n)]), hex(ipHex(box4)));
  await becomesTrapped(box, (n) => wire.sendAnyway([probe6(n)]), hex("fd000001000000000000000000000001"));

  // Out of the VRF and with the address again: the box's own.
  box.ip("link set swp1 nomaster");
  box.ip(`address add ${box4}/24 dev swp1`);
  await answersAtTtl1(one, box4);
}

const ipHex = (address: string) => Buffer.from(address.split(".").map(Number)).toString("hex");

async function answersAtTtl1(host: Namespace, address: string): Promise<void> {
  const output = [];
  for (let tries = 0; tries < 10; tries++) {
    await using program = Program.start(host, ["ping", "-n", "-c", "1", "-W", "1", "-t", "1", address]);
    const ended = await program.ended;
    if (ended.code === 0) return;
    output.push(ended.output);
  }
  throw new Error(`${address} does not answer at TTL 1: ${output.join("")}`);
}

/** Sends until a frame with `address` is trapped. */
async function becomesTrapped(box: Box, send: (n: number) => void, address: readonly number[]): Promise<void> {
  const isProbe = (frame: Buffer) => frame.includes(Buffer.from(address));
  for (let n = 100; n < 200; n++) {
    send(n);
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (box.count(isProbe) > 0) return;
  }
  throw new Error(`nothing to ${Buffer.from(address).toString("hex")} is trapped`);
}
