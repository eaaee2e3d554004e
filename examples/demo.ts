/**
 * A controller against a running p4rtd on its software datapath: arbitration, pipeline, entries, packets in and out,
 * counters, and a refusal. Exit 0 if everything went as it should, 1 if not, 64 for wrong arguments.
 * usage: npm run demo [-- --address HOST:PORT] [--device-id N] [--election-id N]
 */
import { isDeepStrictEqual, parseArgs } from "node:util";
import type { p4 } from "../src/wire/gen/proto.js";
import { codeName } from "../src/base/status.js";
import { Controller, cpuPort, isRefusal, slotErrors, Unreachable } from "./controller.js";
import { describeFrame, gdpFrame, hex, ipv4UdpFrame, ipv6UdpFrame, lldpFrame } from "./frames.js";
import { columns, stylesFor, wrapped } from "./terminal.js";
import { describeMatch, forbiddenEntry, Wbb, wbbEntries } from "./wbb.js";

const styles = stylesFor(process.stdout, process.env["NO_COLOR"]);
const print = (line = ""): void => void process.stdout.write(line === "" ? "\n" : `   ${line}\n`);

const neighbour = "02:00:00:00:00:a1";
const router = "02:00:00:00:00:01";
const v4 = { source: Buffer.of(192, 0, 2, 7), destination: Buffer.of(198, 51, 100, 9), destinationPort: 33434 };
const v6 = {
  source: hex("20010db8000000000000000000000007"),
  destination: hex("20010db8000000000000000000000009"),
  destinationPort: 33434,
};
const between = { to: router, from: neighbour };

/** In the order they come in. The ordinary one is not the last: a PacketIn of it would be taken for the next. */
const frames = [
  { port: 1, frame: lldpFrame(neighbour, "leaf-1", "ethernet-1/49"), punted: true },
  { port: 2, frame: ipv4UdpFrame({ ...between, ...v4, ttl: 1 }), punted: true },
  { port: 3, frame: ipv6UdpFrame({ ...between, ...v6, ttl: 1 }), punted: true },
  { port: 2, frame: ipv4UdpFrame({ ...between, ...v4, ttl: 64 }), punted: false },
  { port: 4, frame: gdpFrame({ to: "01:00:5e:00:00:07", from: neighbour, vlan: 4000 }), punted: true },
] as const;

/** One run; `surprises` collects what did not go as it should. */
class Demo {
  readonly surprises: string[] = [];
  readonly #controller: Controller;
  readonly #wbb = new Wbb();
  #section = 0;

  constructor(controller: Controller) {
    this.#controller = controller;
  }

  async run(electionId: bigint): Promise<void> {
    this.#heading("Arbitration");
    if (!(await this.#becomePrimary(electionId))) return;
    this.#heading("Pipeline");
    await this.#push();
    this.#heading("Entries");
    await this.#insert();
    this.#heading("Frames in");
    for (const { port, frame, punted } of frames) await this.#inject(port, frame, punted);
    this.#heading("PacketOut");
    await this.#send(3, lldpFrame(router, "p4rtd-demo", "ethernet-1/3"));
    this.#heading("Counters");
    await this.#count();
    this.#heading("A refused entry");
    await this.#refused();
    process.stdout.write("\n");
    const punted = frames.filter((row) => row.punted).length;
    print(
      `${wbbEntries.length} entries, ${frames.length} frames in, ${punted} PacketIns, 1 PacketOut, 1 entry refused`,
    );
  }

  async #becomePrimary(electionId: bigint): Promise<boolean> {
    const { primary, message } = await this.#controller.arbitrate(electionId);
    const standing = primary ? styles.good("makes us primary") : styles.bad("leaves us backup");
    print(`election id ${electionId} ${standing}`);
    if (!primary) this.surprises.push(`a higher election id was here: npm run demo -- --election-id N (${message})`);
    return primary;
  }

  async #push(): Promise<void> {
    const { p4Info, table } = this.#wbb;
    await this.#controller.push(p4Info);
    const keys = table.matchFields?.map(({ name }) => name ?? "").join(", ");
    print(`${p4Info.pkgInfo?.name ?? ""} is pushed and committed`);
    print(styles.quiet(`table ${table.preamble?.alias ?? ""}, size ${Number(table.size)}, keys ${keys ?? ""}`));
  }

  async #insert(): Promise<void> {
    const written = wbbEntries.map((entry) => this.#wbb.tableEntry(entry));
    await this.#controller.insert(written);
    for (const line of columns(wbbEntries.map(({ name, match, action }) => [name, describeMatch(match), action])))
      print(line);
    const read = await this.#controller.entries(this.#wbb.tableId);
    this.#expect(isDeepStrictEqual(namesOf(read), namesOf(written)), "the entries read back are those written");
    print(styles.quiet(`${written.length} written in one batch, ${read.length} read back`));
  }

  async #inject(port: number, frame: Buffer, punted: boolean): Promise<void> {
    print(`port ${port}  ${describeFrame(frame)}`);
    const ports = await this.#controller.inject(port, frame);
    this.#expect(ports.includes(cpuPort) === punted, `a frame of port ${port} is ${punted ? "" : "not "}punted`);
    if (!ports.includes(cpuPort)) {
      print(styles.quiet("  →     no entry takes it: no PacketIn"));
      return;
    }
    const { payload, metadata } = await this.#controller.packetIn();
    const received = Buffer.from(payload ?? []);
    this.#expect(received.equals(frame), "the PacketIn holds the frame as it came");
    print(`  →     ${styles.good("PacketIn")} ${this.#wbb.describeMetadata("packet_in", metadata ?? [])}`);
    print(styles.quiet(`        ${describeFrame(received)}, ${received.length} bytes`));
  }

  async #send(port: number, frame: Buffer): Promise<void> {
    const metadata = this.#wbb.packetOutMetadata(port);
    const results = this.#controller.results();
    await results.next(); // active
    print(`${this.#wbb.describeMetadata("packet_out", metadata)}  ${describeFrame(frame)}`);
    this.#controller.packetOut(frame, metadata);
    for await (const result of results) {
      if (!result?.inputPacket?.payload || !frame.equals(result.inputPacket.payload)) continue; // somebody else's
      const outputs = result.possibleOutcomes?.[0]?.packets ?? [];
      const left = outputs.map(({ dataplaneEgressPort }) => dataplaneEgressPort ?? 0);
      this.#expect(isDeepStrictEqual(left, [port]), `the PacketOut left by port ${port}`);
      print(`  →     ${styles.good(`left by port ${left.join(", ")}`)}, ${outputs[0]?.payload?.length ?? 0} bytes`);
      return;
    }
  }

  async #count(): Promise<void> {
    const rows = (await this.#controller.entries(this.#wbb.tableId)).map(({ metadata, counterData }) => ({
      name: Buffer.from(metadata ?? []).toString(),
      packets: Number(counterData?.packetCount ?? 0),
      bytes: Number(counterData?.byteCount ?? 0),
    }));
    const hit = rows.filter(({ packets }) => packets > 0);
    for (const line of columns(hit.map(({ name, packets, bytes }) => [name, `${packets} packet`, `${bytes} bytes`])))
      print(line);
    print(styles.quiet(`the other ${rows.length - hit.length} were not hit`));
    const expected = ["gdp", "lldp", "traceroute-v4-1", "traceroute-v6-1"];
    this.#expect(isDeepStrictEqual(hit.map(({ name }) => name).sort(), expected), "four entries count one packet each");
  }

  async #refused(): Promise<void> {
    const { name, match, action } = forbiddenEntry;
    print([name, describeMatch(match), action].join("  "));
    try {
      await this.#controller.insert([this.#wbb.tableEntry(forbiddenEntry)]);
      this.surprises.push("the entry that the restriction forbids was taken");
    } catch (error) {
      if (!isRefusal(error)) throw error;
      print(`  →     ${styles.bad(codeName(error.code))} ${error.details.split(";", 1).join()}`);
      for (const { code, message } of slotErrors(error))
        for (const line of wrapped(`${code} ${message}`)) print(`        ${line}`);
    }
  }

  #heading(title: string): void {
    process.stdout.write(`\n${styles.title(`${++this.#section}  ${title}`)}\n`);
  }

  /** Notes `sentence` as untrue unless `holds`. */
  #expect(holds: boolean, sentence: string): void {
    if (!holds) this.surprises.push(`this does not hold: ${sentence}`);
  }
}

/** The names that entries carry, sorted. */
function namesOf(entries: readonly p4.v1.TableEntry.$Properties[]): readonly string[] {
  return entries.map(({ metadata }) => Buffer.from(metadata ?? []).toString()).sort();
}

interface Arguments {
  readonly address: string;
  readonly deviceId: bigint;
  readonly electionId: bigint;
}

/** @throws Error that names the argument that is wrong */
function argumentsOf(args: readonly string[]): Arguments {
  const options = {
    address: { type: "string", default: "127.0.0.1:9559" },
    "device-id": { type: "string", default: "1" },
    "election-id": { type: "string", default: Date.now().toString() }, // a later run outranks an earlier one
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const number = (name: "device-id" | "election-id"): bigint => {
    if (!/^\d+$/.test(values[name])) throw new Error(`--${name} must be a number`);
    return BigInt(values[name]);
  };
  return { address: values.address, deviceId: number("device-id"), electionId: number("election-id") };
}

async function main({ address, deviceId, electionId }: Arguments): Promise<number> {
  process.stdout.write(`p4rtd demo, a controller for device ${deviceId} at ${address}\n`);
  using controller = await Controller.connect(address, deviceId);
  const demo = new Demo(controller);
  await demo.run(electionId);
  for (const surprise of demo.surprises) print(styles.bad(surprise));
  if (demo.surprises.length === 0) print(styles.good("everything went as it should"));
  return demo.surprises.length === 0 ? 0 : 1;
}

/** What went wrong in one line, or the error itself if it is a fault of the demo. */
function complain(error: unknown): number {
  const refusal = isRefusal(error) ? `${codeName(error.code)}: ${error.details}` : undefined;
  const absent = error instanceof Unreachable ? `${error.message}; start the daemon: npm start` : undefined;
  const line = refusal ?? absent;
  if (line === undefined) throw error;
  process.stderr.write(`demo: ${line}\n`);
  return 1;
}

let given: Arguments | undefined;
try {
  given = argumentsOf(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 64;
}
if (given !== undefined) process.exitCode = await main(given).catch(complain);
