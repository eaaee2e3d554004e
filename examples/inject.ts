/**
 * Puts one frame into a running p4rtd on its software datapath and says where it went.
 * usage: npm run inject [-- --port N] [--frame HEX] [--address HOST:PORT]; without a frame it is an LLDP frame
 */
import { parseArgs } from "node:util";
import { Controller, cpuPort, isRefusal, Unreachable } from "./controller.js";
import { describeFrame, hex, lldpFrame } from "./frames.js";

const options = {
  address: { type: "string", default: "127.0.0.1:9559" },
  port: { type: "string", default: "1" },
  frame: { type: "string", default: "" },
} as const;

try {
  const { values } = parseArgs({ options });
  const frame = values.frame === "" ? lldpFrame("02:00:00:00:00:a1", "leaf-1", "ethernet-1/49") : hex(values.frame);
  using controller = await Controller.connect(values.address, 1n);
  const ports = await controller.inject(Number(values.port), frame);
  const went = ports.map((port) => (port === cpuPort ? "to the CPU" : `out of port ${port}`)).join(" and ");
  process.stdout.write(`port ${values.port}  ${describeFrame(frame)}  → ${went === "" ? "dropped" : went}\n`);
} catch (error) {
  if (!(error instanceof Unreachable) && !isRefusal(error)) throw error;
  process.stderr.write(`inject: ${error.message}\n`);
  process.exitCode = 1;
}
