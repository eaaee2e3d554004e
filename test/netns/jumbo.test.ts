/** Frames as large as they get. */
import assert from "node:assert/strict";
import type { Daemon } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { is } from "../support/capture.js";
import { Controller } from "./controller.js";
import { datagram } from "./frames.js";
import { dropped, Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";

const mtuExceeded = 1;

describeInNetns("jumbo frames", () => {
  noLeaks();
  noTraces();
  let lab: Neighbourhood;
  let daemon: Daemon;
  let controller: Controller;

  before("p4rtd on ports with an MTU of 9,000", async () => {
    lab = await Neighbourhood.build();
    setMtu(9000);
    daemon = await lab.start();
    controller = await Controller.connect(daemon);
  });
  after("p4rtd on ports with an MTU of 9,000", () => lab[Symbol.asyncDispose]());

  const setMtu = (mtu: number) => {
    for (const host of [lab.left, lab.right]) host.ip(`link set eth0 mtu ${mtu}`);
    for (const port of ["eth1", "eth2"]) lab.box.ip(`link set ${port} mtu ${mtu}`);
  };

  it("come whole as PacketIn: 9,014 bytes", async () => {
    const frame = datagram({ ttl: 1, bytes: 9014 });
    await lab.wire(lab.left).send([frame]);
    const { ingress, egress, frame: punted } = await controller.packetIn((each) => each.length > 1514);
    assert.deepEqual([ingress, egress], ["1", "2"]);
    assert.ok(punted.equals(frame));
  });

  it("leave whole as PacketOut: 9,014 bytes, and one byte more is refused", async () => {
    const right = await lab.capture(lab.right, "eth0");
    const frame = datagram({ ttl: 64, bytes: 9014 });
    controller.packetOut("2", frame);
    await right.find(is(frame));
    controller.packetOut("2", datagram({ ttl: 64, bytes: 9015 }));
    assert.equal(await controller.streamError(), mtuExceeded);
  });

  it("are counted as oversized above 9,216 bytes, and 9,216 come whole", async () => {
    setMtu(9300);
    const wire = lab.wire(lab.left);
    const largest = datagram({ ttl: 1, bytes: 9216 });
    await wire.send([datagram({ ttl: 1, bytes: 9217 }), datagram({ ttl: 1, bytes: 9314 }), largest]);
    assert.ok((await controller.packetIn((each) => each.length > 1514)).frame.equals(largest));
    assert.equal(await dropped(daemon, "oversized"), 2);
  });
});
