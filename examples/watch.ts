/**
 * Prints what becomes of every frame that a running p4rtd on its software datapath sees, until interrupted.
 * usage: npm run watch [-- --address HOST:PORT]
 */
import { parseArgs } from "node:util";
import { Controller, cpuPort, isRefusal, Unreachable } from "./controller.js";
import { describeFrame } from "./frames.js";

const nameOf = (port: number | null | undefined): string => (port === cpuPort ? "CPU" : `port ${port ?? 0}`);

try {
  const { values } = parseArgs({ options: { address: { type: "string", default: "127.0.0.1:9559" } } });
  using controller = await Controller.connect(values.address, 1n);
  for await (const result of controller.results()) {
    if (result === undefined) {
      process.stdout.write(`watching ${values.address}\n`);
      continue;
    }
    const { inputPacket, possibleOutcomes } = result;
    const outputs = (possibleOutcomes?.[0]?.packets ?? []).map(({ dataplaneEgressPort }) =>
      nameOf(dataplaneEgressPort),
    );
    const frame = describeFrame(Buffer.from(inputPacket?.payload ?? []));
    const from = nameOf(inputPacket?.dataplaneIngressPort);
    process.stdout.write(`${from} → ${outputs.join(", ") || "dropped"}  ${frame}\n`);
  }
} catch (error) {
  if (!(error instanceof Unreachable) && !isRefusal(error)) throw error;
  process.stderr.write(`watch: ${error.message}\n`);
  process.exitCode = 1;
}
