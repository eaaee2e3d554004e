/** Two ports that are members of a kernel bridge. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { is, type Capture } from "../support/capture.js";
import { Controller } from "./controller.js";
import { fromLeft, lldpFrame } from "./frames.js";
import { at, Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";
import { ping, Program } from "./program.js";
import type { Wire } from "./wire.js";

/** An EtherType that no rule names. @see IEEE 802, local experimental EtherTypes */
const experimental = "88b5";
const gdp = "6007";

describeInNetns("two ports in one bridge", () => {
  noLeaks();
  noTraces();
  let lab: Neighbourhood;
  let controller: Controller;
  let wire: Wire;
  let right: Capture;

  before("p4rtd with a controller", async () => {
    lab = await Neighbourhood.build("bridge");
    controller = await Controller.connect(await lab.start());
    wire = lab.wire(lab.left);
    right = await lab.capture(lab.right, "eth0");
  });
  after("p4rtd with a controller", () => lab[Symbol.asyncDispose]());

  for (const address of [at.bridged.v4, at.bridged.v6])
    it(`are crossed by what no rule takes: ping ${address}`, () => ping(lab.left, address));

  for (const address of [at.box.v4, at.box.v6])
    it(`lead to the box's own addresses: ping ${address}`, () => ping(lab.left, address));

  for (const [name, trapped] of [
    ["LLDP", lldpFrame("trapped")],
    ["GDP to the other host", fromLeft({ to: at.right.mac, type: gdp }, "trapped")],
    ["GDP to everybody", fromLeft({ to: "ff:ff:ff:ff:ff:ff", type: gdp }, "trapped too")],
  ] as const)
    it(`are not crossed by what is trapped: ${name}`, async () => {
      const after = fromLeft({ to: at.right.mac, type: experimental }, `after ${name}`);
      await wire.send([trapped, after]);
      assert.equal((await controller.packetIn(is(trapped))).ingress, "1");
      await right.find(is(after));
      assert.equal(right.count(is(trapped)), 0);
    });

  it("send a PacketOut by the member that it names, and by no other", async () => {
    const left = await lab.capture(lab.left, "eth0");
    const frames = ["1", "2"].map((port) => fromLeft({ to: "ff:ff:ff:ff:ff:ff", type: experimental }, `out ${port}`));
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = frames;
    for (const [port, frame] of [
      ["2", second],
      ["1", first],
    ] as const)
      controller.packetOut(port, frame);
    await right.find(is(second));
    await left.find(is(first));
    assert.deepEqual([left.count(is(second)), right.count(is(first))], [0, 0]);
  });
});

/** False where the kernel's bridges know no VLANs. */
function hasVlanFiltering(): boolean {
  const name = `p4tnvlan${process.pid}`.slice(0, 15);
  const made = spawnSync("ip", ["link", "add", name, "type", "bridge", "vlan_filtering", "1"]).status === 0;
  if (made) spawnSync("ip", ["link", "del", name]);
  return made;
}

const itWithVlans = hasVlanFiltering() ? it : it.skip;

describeInNetns("two ports in one bridge with VLANs", () => {
  noLeaks();
  noTraces();

  itWithVlans(
    "trap tagged frames whole, and others cross in their VLAN only (missing: bridge VLAN filtering)",
    async () => {
      await using lab = await Neighbourhood.build("bridge");
      lab.box.ip("link set br0 type bridge vlan_filtering 1");
      for (const port of ["eth1", "eth2"])
        await Program.run(lab.box, ["bridge", "vlan", "add", "vid", "10", "dev", port]);
      const controller = await Controller.connect(await lab.start());
      const right = await lab.capture(lab.right, "eth0");
      const tagged = (vlan: string, type: string) => fromLeft({ to: at.right.mac, type: `8100${vlan}${type}` }, vlan);
      await lab.wire(lab.left).send([tagged("0014", experimental), tagged("000a", gdp), tagged("000a", experimental)]);
      await controller.packetIn(is(tagged("000a", gdp)));
      await right.find(is(tagged("000a", experimental)));
      assert.equal(right.count(is(tagged("0014", experimental))), 0);
      assert.equal(right.count(is(tagged("000a", gdp))), 0);
    },
  );
});
