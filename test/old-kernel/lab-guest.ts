/**
 * What runs as root on the other kernel, which has bonds, VRFs and VLANs. Prints a line for each lab that holds, and for
 * each that does not with what went wrong; ends with 1 if there is one.
 */
import { loadAddon } from "../../src/addon/load.js";
import { activeBackup, balanceXor } from "./bonds.js";
import { vlans } from "./vlans.js";
import { vrfs } from "./vrfs.js";

const addon = loadAddon();
for (const [name, lab] of Object.entries({ "active-backup": activeBackup, "balance-xor": balanceXor, vrfs, vlans })) {
  const began = performance.now();
  try {
    await lab(addon);
    console.log(`ok: ${name} (${Math.round(performance.now() - began)} ms)`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`not ok: ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
