/** The program that `BulkProcess` runs. */
import { runAsProgram } from "./bulk.js";

if (!(await runAsProgram(process.argv.slice(2)))) process.exitCode = 64;
