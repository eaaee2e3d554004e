/** Ports that are members of a LAG. */
import assert from "node:assert/strict";
import type { Addon } from "../../src/addon/addon.js";
import type { PortId } from "../../src/datapath/port.js";
import { Box, ether, frameOf, macOf } from "../netns/box.js";
import { is } from "../support/capture.js";
import type { Namespace } from "../support/namespace.js";
import { until } from "../support/until.js";
import { ping, Program } from "../netns/program.js";

const members = [11, 12] as const;
const lldpGroup = "01:80:c2:00:00:0e";
const boxAddress = "10.0.1.1";

export type Mode = "active-backup" | "balance-xor";

/** Makes `bond0` of netdevs that are up; each is down for a moment. */
function bind(namespace: Namespace, mode: Mode, netdevs: readonly string[], address: string): void {
  namespace.ip(`link add bond0 type bond mode ${mode} miimon 10`);
  for (const netdev of netdevs) {
    namespace.ip(`link set ${netdev} down`);
    namespace.ip(`link set ${netdev} master bond0`);
  }
  namespace.ip("link set bond0 up");
  namespace.ip(`address add ${address}/24 dev bond0`);
}

/** A box whose ports 11 and 12 became members of a bond after the datapath had them; the host's ends are one too. */
async function bonded(addon: Addon, mode: Mode): Promise<{ readonly box: Box; readonly host: Namespace }> {
  const box = new Box(addon, process.cwd());
  const host = box.host("host");
  for (const id of members) box.join(id, host, `far${id}`);
  await box.start();
  bind(box.namespace, mode, ["swp11", "swp12"], boxAddress);
  bind(host, mode, ["far11", "far12"], "10.0.1.2");
  await box.portsUp();
  return { box, host };
}

/** Pings through the bond until it answers, which takes a moment after a change. */
async function answers(host: Namespace): Promise<void> {
  const echo = ["ping", "-n", "-c", "1", "-W", "1", boxAddress];
  for (let tries = 0; tries < 10; tries++) {
    await using program = Program.start(host, echo);
    if ((await program.ended).code === 0) return;
  }
  throw new Error(`${boxAddress} does not answer`);
}

/** Frames are punted by the member that received them, others go on into the bond. @param passing whose the bond takes */
async function membersServe(box: Box, host: Namespace, passing: readonly number[]): Promise<void> {
  await answers(host);
  await ping(host, boxAddress);
  const bond = await box.capture(box.namespace, "bond0");
  const mac = macOf(box.namespace, "bond0");
  for (const id of members) {
    const lldp = frameOf(lldpGroup, ether.lldp, `lldp ${id}`);
    const gdp = frameOf(mac, ether.gdp, `gdp ${id}`);
    const passes = frameOf(mac, ether.experimental, `passes ${id}`);
    await box.wire(host, `far${id}`).send([lldp, gdp, passes]);
    assert.equal((await box.packetIn(is(lldp))).ingress, id);
    assert.equal((await box.packetIn(is(gdp))).ingress, id);
    if (!passing.includes(id)) continue;
    await bond.find(is(passes));
    assert.deepEqual([bond.count(is(lldp)), bond.count(is(gdp)), box.count(is(passes))], [0, 0, 0]);
  }
}

/** PacketOut leaves by the member that it names, whichever the bond would take. */
async function membersSend(box: Box, host: Namespace): Promise<void> {
  const captures = [await box.capture(host, "far11"), await box.capture(host, "far12")] as const;
  const frames = members.map((id) => frameOf("ff:ff:ff:ff:ff:ff", ether.experimental, `out ${id}`));
  for (const [i, id] of members.entries()) box.packetOut(id, frames[i] ?? new Uint8Array());
  for (const [i, capture] of captures.entries()) {
    await capture.find(is(frames[i] ?? new Uint8Array()));
    assert.equal(capture.count(is(frames[1 - i] ?? new Uint8Array())), 0);
  }
}

export async function activeBackup(addon: Addon): Promise<void> {
  const { box, host } = await bonded(addon, "active-backup");
  await using _box = box;
  await membersServe(box, host, [11]);
  await membersSend(box, host);
  host.ip("link set far11 down");
  await box.portIs(11, "no-carrier");
  await answers(host);
  const lldp = frameOf(lldpGroup, ether.lldp, "after the change");
  await box.wire(host, "far12").send([lldp]);
  assert.equal((await box.packetIn(is(lldp))).ingress, 12);
}

export async function balanceXor(addon: Addon): Promise<void> {
  const { box, host } = await bonded(addon, "balance-xor");
  await using _box = box;
  await membersServe(box, host, members);
  await membersSend(box, host);
  await refusesMasters(box);
}

/** A bond, a bridge and a VRF are no ports, whether they are there already or come later. */
async function refusesMasters(box: Box): Promise<void> {
  const { datapath } = box;
  box.ip("link add br0 type bridge");
  box.ip("link add red type vrf table 100");
  const masters = [
    ["bond0", "bond"],
    ["br0", "bridge"],
    ["red", "vrf"],
  ] as const;
  for (const [i, [netdev, kind]] of masters.entries()) {
    const told = `netdev '${netdev}' of port 'p${i}' cannot be had: it is a ${kind}: make its members ports`;
    const refused = () => {
      const added = datapath.addPort({ id: (20 + i) as PortId, name: `p${i}`, netdev });
      if (added.ok) datapath.removePort((20 + i) as PortId); // the kernel has not told of it yet
      return !added.ok && added.status.message === told;
    };
    await until(told, refused);
  }
  assert.deepEqual(datapath.addPort({ id: 30 as PortId, name: "later", netdev: "bond1" }), { ok: true });
  box.ip("link add bond1 type bond mode balance-xor");
  const refused = () => {
    const changed = datapath.setPortState(30 as PortId, "up");
    return !changed.ok && changed.status.message.includes("it is a bond");
  };
  await until("it is refused when it appears", refused);
}
