/** lldpd on a host and on the box, while p4rtd traps LLDP. */
import assert from "node:assert/strict";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { Controller } from "./controller.js";
import { type Namespace } from "../support/namespace.js";
import { until } from "../support/until.js";
import { at, Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";
import { run } from "../support/commands.js";
import { Program } from "./program.js";

const isLldp = (frame: Uint8Array) => Buffer.from(frame).toString("hex", 12, 14) === "88cc";
const isFrom = (mac: string) => (frame: Uint8Array) =>
  isLldp(frame) && Buffer.from(frame).toString("hex", 6, 12) === mac.replaceAll(":", "");

describeInNetns(
  "lldpd beside p4rtd",
  () => {
    noLeaks();
    noTraces();

    it("sees its neighbour, and is seen by it, though the controller has every LLDP frame too", async function () {
      this.timeout(40_000);
      await using lab = await Neighbourhood.build();
      const controller = await Controller.connect(await lab.start());
      const seen = await lab.capture(lab.box, "eth1");
      const start = (namespace: Namespace, netdevs: string) => {
        const socket = lab.folder.at(`${netdevs}.socket`);
        lab.use(Program.start(namespace, ["lldpd", "-d", "-u", socket, "-I", netdevs, "-S", netdevs]));
        const cli = (...command: readonly string[]) => run("lldpcli", ["-u", socket, ...command]);
        return { cli, answers: () => answers(() => cli("show", "configuration")) };
      };
      const host = start(lab.left, "eth0");
      const box = start(lab.box, "eth1,eth2");
      for (const { cli, answers } of [host, box]) {
        await until("lldpd answers", answers, 10_000);
        cli("configure", "lldp", "tx-interval", "1");
      }
      const neighbours = (cli: (typeof host)["cli"]) => cli("-f", "keyvalue", "show", "neighbors");
      await until("the host sees the box", () => neighbours(host.cli).includes("eth1,eth2"), 10_000);
      await until("the box sees the host", () => /lldp\.eth1\.chassis\.descr=eth0$/m.test(neighbours(box.cli)), 10_000);

      const { frame, ingress, egress } = await controller.packetIn(isFrom(at.left.mac));
      assert.deepEqual([ingress, egress], ["1", "0"]);
      const tapped = await seen.find((each) => Buffer.from(each).equals(frame));
      assert.ok(isLldp(tapped), "tcpdump on the port sees the frame that the controller got");
    });
  },
  ["lldpd", "lldpcli"],
);

function answers(command: () => string): boolean {
  try {
    return command() !== "";
  } catch {
    return false; // lldpd has not opened its socket
  }
}
