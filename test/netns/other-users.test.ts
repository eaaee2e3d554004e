/** Programs of somebody else at p4rtd's port. */
import assert from "node:assert/strict";
import { noLeaks } from "../support/no-leaks.js";
import { Bystanders, kinds } from "./bystanders.js";
import { describeInNetns } from "../support/needs.js";
import { is } from "../support/capture.js";
import { Controller } from "./controller.js";
import { lldpFrame } from "./frames.js";
import { at, Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";
import { ping } from "./program.js";

const pings = 10;

describeInNetns(
  "an XDP program, a tcx program and a clsact filter of somebody else at a port",
  () => {
    noLeaks();
    noTraces();

    for (const attach of ["auto", "clsact"])
      it(`see every frame that goes on, before, while and after p4rtd runs (attach: ${attach})`, async () => {
        await using lab = await Neighbourhood.build();
        const others = Bystanders.attach(lab.box, "eth1", lab.folder.at("bystander.o"));
        /** Pings through the box: each of the others sees each echo. */
        const seeAll = async () => {
          const before = others.seen();
          await ping(lab.left, at.right.v4, pings);
          const after = others.seen();
          for (const kind of kinds)
            assert.ok(after[kind] - before[kind] >= pings, `${kind} saw ${after[kind] - before[kind]} of ${pings}`);
        };
        await seeAll();
        const daemon = await lab.start({ datapath: `, attach: ${attach}` });
        await seeAll();
        const controller = await Controller.connect(daemon);
        await seeAll();
        await lab.wire(lab.left).send([lldpFrame("trapped")]);
        await controller.packetIn(is(lldpFrame("trapped")));
        assert.equal((await daemon.stop()).code, 0);
        await seeAll();
      });
  },
  ["clang", "tc", "python3"],
);
