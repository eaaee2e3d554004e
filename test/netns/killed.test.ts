/** A p4rtd that is killed while frames flow. */
import assert from "node:assert/strict";
import { tcxCount } from "../support/attached.js";
import { noLeaks } from "../support/no-leaks.js";
import { describeInNetns } from "../support/needs.js";
import { requirement } from "../support/requirement.js";
import { Controller } from "./controller.js";
import { flood } from "./flood.js";
import { at, Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";
import { Program } from "./program.js";

const pings = 300;
const loadTtl = 1;

/** True for what the load is made of. */
const isLoad = (frame: Buffer) => frame.toString("hex", 12, 14) === "0800" && frame[22] === loadTtl && frame[23] === 17;

/** What p4rtd could leave behind in the box. */
function leftIn(lab: Neighbourhood): unknown {
  const within = (...command: readonly string[]) => lab.box.run(...command);
  const links = within("ip", "-d", "-o", "link", "show").replaceAll(/ qlen \d+/g, "");
  const perPort = ["eth1", "eth2"].map((port) => ({
    filters: within("tc", "filter", "show", "dev", port, "ingress"),
    qdiscs: within("tc", "qdisc", "show", "dev", port),
    tcx: tcxCount(lab.box.path, port),
  }));
  return { links, perPort, pins: lab.pins };
}

describeInNetns(
  "a p4rtd that is killed under load",
  () => {
    noLeaks();
    noTraces();

    for (const attach of ["auto", "clsact"])
      requirement(
        "FPX-26",
        `loses no other traffic, is followed by one that traps again with the same port ids, and leaves nothing after --cleanup (attach: ${attach})`,
        async function (this: Mocha.Context) {
          this.timeout(30_000);
          await using lab = await Neighbourhood.build();
          const before = leftIn(lab);
          const datapath = `, attach: ${attach}`;
          const first = await lab.start({ datapath });
          const controller = await Controller.connect(first);
          lab.use(flood(lab, { ttl: loadTtl, rate: 20_000, bytes: 120 }));
          const echo = ["ping", "-n", "-c", `${pings}`, "-i", "0.01", "-W", "2", at.right.v4];
          const pinging = lab.use(Program.start(lab.left, echo));
          const then = await controller.packetIn(isLoad);
          first.signal("SIGKILL");
          assert.equal((await first.ended).code, null);

          const second = await lab.start({ datapath });
          const { ingress, egress } = await (await Controller.connect(second)).packetIn(isLoad);
          assert.deepEqual([ingress, egress], ["1", "2"]);
          assert.deepEqual([then.ingress, then.egress], [ingress, egress]);
          const serious = second.events.filter(({ level }) => ["warn", "error", "fatal"].includes(level));
          assert.deepEqual(serious, []);
          const { output } = await pinging.ended;
          assert.match(output, new RegExp(`${pings} packets transmitted, ${pings} received`));

          second.signal("SIGKILL");
          await second.ended;
          assert.notDeepEqual(leftIn(lab), before, "a killed p4rtd leaves something");
          const { code, stderr } = await lab.cleanup();
          assert.deepEqual([code, stderr], [0, ""]);
          assert.deepEqual(leftIn(lab), before);
        },
      );
  },
  ["gcc", "tc", "nsenter", "python3"],
);
