import assert from "node:assert/strict";
import { noLeaks } from "../support/no-leaks.js";
import { requirement } from "../support/requirement.js";
import { guestOutput } from "./run-guest.js";

describe("the kernel datapath on Debian 12's kernel, in QEMU", () => {
  noLeaks();

  it("is loaded, traps, drops, sends, and undoes segmentation offload", async function () {
    assert.match(await guestOutput(this, "guest"), /Linux 6\.1\..*tcx links: no.*ok: closed/s);
  });

  requirement(
    "FPX-24",
    "serves members of bonds, ports in VRFs and in VLANs as others, by the routes and addresses of the VRF",
    async function (this: Mocha.Context) {
      const output = await guestOutput(this, "lab-guest", ["bridge", "ping", "tcpdump", "traceroute"]);
      for (const lab of ["active-backup", "balance-xor", "vrfs", "vlans"])
        assert.ok(output.includes(`ok: ${lab} (`), lab);
    },
  );
});
