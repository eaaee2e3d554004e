/**
 * p4rtd on real ports: builds three network namespaces, starts the daemon on the ports of the middle one, traps LLDP
 * and traceroute, and shows what real `lldpd` and `traceroute` cause. Exit 0 if everything went as it should, 1 if not.
 * Needs root, lldpd, traceroute and tcpdump.
 * usage: npm run demo:kernel
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { p4 } from "../src/wire/gen/proto.js";
import { Controller, isRefusal } from "./controller.js";
import { describeFrame, lldpFrame } from "./frames.js";
import { configuration, hosts, KernelLab } from "./kernel-lab.js";
import { columns, stylesFor } from "./terminal.js";
import { describeMatch, Wbb, wbbEntries } from "./wbb.js";

const styles = stylesFor(process.stdout, process.env["NO_COLOR"]);
const print = (line = ""): void => void process.stdout.write(line === "" ? "\n" : `   ${line}\n`);
const packetInMs = 15_000;

/** Programs of other packages, by the package that brings them. */
const needed = { ip: "iproute2", lldpd: "lldpd", traceroute: "traceroute", tcpdump: "tcpdump" } as const;

/** What keeps the demo from running, as one sentence; undefined: nothing. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "root makes network namespaces: sudo npm run demo:kernel";
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  const absent = Object.entries(needed).filter(([program]) => !folders.some((folder) => runs(join(folder, program))));
  if (absent.length === 0) return undefined;
  return `install ${absent.map(([, packageName]) => packageName).join(", ")}: the demo runs ${absent.map(([program]) => program).join(", ")}`;
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run: the same to us
  }
}

class Demo {
  readonly surprises: string[] = [];
  readonly #lab: KernelLab;
  readonly #controller: Controller;
  readonly #wbb = new Wbb();
  #section = 2;

  constructor(lab: KernelLab, controller: Controller) {
    this.#lab = lab;
    this.#controller = controller;
  }

  async run(): Promise<void> {
    this.heading("Entries");
    await this.#insert();
    this.heading("lldpd on the left host");
    await this.#lldp();
    this.heading("traceroute from the left host to the right one");
    await this.#traceroute("IPv4", ["traceroute", "-n", "-q", "1", "-w", "1", "-m", "3", "10.0.2.2"], 0x0800);
    await this.#traceroute(
      "IPv6",
      ["traceroute", "-6", "-n", "-q", "1", "-w", "1", "-m", "3", "2001:db8:2::2"],
      0x86dd,
    );
    this.heading("PacketOut, seen by tcpdump on the right host");
    await this.#send();
    this.heading("Counters");
    await this.#count();
  }

  heading(title: string): void {
    process.stdout.write(`\n${styles.title(`${++this.#section}  ${title}`)}\n`);
  }

  async #insert(): Promise<void> {
    const { primary } = await this.#controller.arbitrate(BigInt(Date.now()));
    this.#expect(primary, "the demo's controller is primary");
    await this.#controller.push(this.#wbb.p4Info);
    await this.#controller.insert(wbbEntries.map((entry) => this.#wbb.tableEntry(entry)));
    for (const line of columns(wbbEntries.map(({ name, match, action }) => [name, describeMatch(match), action])))
      print(line);
  }

  async #lldp(): Promise<void> {
    this.#lab.start(hosts.left, ["lldpd", "-d", "-u", this.#lab.path("lldpd.socket"), "-I", "eth0"]);
    await this.#packetIn((frame) => frame.readUInt16BE(12) === 0x88cc, "an LLDP frame of lldpd comes as PacketIn");
  }

  async #traceroute(version: string, command: readonly [string, ...string[]], etherType: number): Promise<void> {
    const { ended } = this.#lab.start(hosts.left, command);
    const probe = (frame: Buffer) => frame.readUInt16BE(12) === etherType && isProbe(frame, etherType);
    await this.#packetIn(probe, `the ${version} probe that ends here comes as PacketIn`);
    const { output } = await ended;
    for (const line of output.trimEnd().split("\n").slice(1)) print(styles.quiet(line.trim()));
    this.#expect(
      /10\.0\.2\.2|2001:db8:2::2/.test(output.split("\n").slice(1).join()),
      `${version} reaches the other host`,
    );
  }

  async #send(): Promise<void> {
    const filter = ["-i", "eth0", "-nn", "-v", "-c", "1", "ether", "proto", "0x88cc"] as const;
    const { ended } = this.#lab.start(hosts.right, ["timeout", "10", "tcpdump", "-Q", "in", ...filter]);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // tcpdump opens its socket
    const metadata = this.#wbb.packetOutMetadata(2);
    const frame = lldpFrame("02:00:00:00:00:01", "p4rtd-demo", "ethernet-1/2");
    print(`${this.#wbb.describeMetadata("packet_out", metadata)}  ${describeFrame(frame)}`);
    this.#controller.packetOut(frame, metadata);
    const { output } = await ended;
    const seen = output.split("\n").filter((line) => /TLV|LLDP/.test(line));
    for (const line of seen.slice(0, 4)) print(styles.quiet(`  ${line.trim()}`));
    this.#expect(/p4rtd-demo/.test(output), "the frame is seen on the other side");
  }

  async #count(): Promise<void> {
    const rows = (await this.#controller.entries(this.#wbb.tableId)).map(({ metadata, counterData }) => ({
      name: Buffer.from(metadata ?? []).toString(),
      packets: Number(counterData?.packetCount ?? 0),
      bytes: Number(counterData?.byteCount ?? 0),
    }));
    const hit = rows.filter(({ packets }) => packets > 0);
    for (const line of columns(hit.map(({ name, packets, bytes }) => [name, `packets ${packets}`, `bytes ${bytes}`])))
      print(line);
    for (const name of ["lldp", "traceroute-v4-1", "traceroute-v6-1"])
      this.#expect(
        hit.some((row) => row.name === name),
        `the entry ${name} has counted`,
      );
  }

  /** Prints the next PacketIn that `wanted` names; others, such as what hosts tell of themselves, are passed over. */
  async #packetIn(wanted: (frame: Buffer) => boolean, sentence: string): Promise<void> {
    const found = await within(packetInMs, this.#find(wanted));
    this.#expect(found !== undefined, sentence);
    if (found === undefined) return;
    const frame = Buffer.from(found.payload ?? []);
    print(`${styles.good("PacketIn")} ${this.#wbb.describeMetadata("packet_in", found.metadata ?? [])}`);
    print(`         ${describeFrame(frame)}, ${frame.length} bytes`);
  }

  async #find(wanted: (frame: Buffer) => boolean): Promise<p4.v1.PacketIn.$Properties> {
    for (;;) {
      const packet = await this.#controller.packetIn();
      if (wanted(Buffer.from(packet.payload ?? []))) return packet;
    }
  }

  /** Notes `sentence` as untrue unless `holds`. */
  #expect(holds: boolean, sentence: string): void {
    if (!holds) this.surprises.push(`this does not hold: ${sentence}`);
  }
}

/** True for UDP to the ports that traceroute uses first. */
function isProbe(frame: Buffer, etherType: number): boolean {
  const [protocolAt, portAt] = etherType === 0x0800 ? [23, 36] : [20, 56];
  const port = frame.readUInt16BE(portAt);
  return frame.readUInt8(protocolAt) === 17 && port >= 33434 && port < 33534;
}

/** What `promise` gives, or undefined after `ms`. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function main(): Promise<number> {
  process.stdout.write("p4rtd on real ports: left host – switch – right host, each a network namespace\n");
  process.stdout.write(`\n${styles.title("1  The lab")}\n`);
  await using lab = KernelLab.build();
  print("left  10.0.1.2  ── eth1 [ switch ] eth2 ──  10.0.2.2  right");
  process.stdout.write(`\n${styles.title("2  p4rtd starts with")}\n`);
  for (const line of configuration.trimEnd().split("\n")) print(styles.quiet(line));
  const address = await lab.startDaemon();
  using controller = await Controller.connect(address, 1n);
  const demo = new Demo(lab, controller);
  await demo.run();
  process.stdout.write("\n");
  for (const surprise of demo.surprises) print(styles.bad(surprise));
  if (demo.surprises.length === 0) print(styles.good("everything went as it should"));
  return demo.surprises.length === 0 ? 0 : 1;
}

const reason = obstacle();
if (reason === undefined) {
  process.exitCode = await main().catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    process.stderr.write(`demo: ${error.details}\n`);
    return 1;
  });
} else {
  process.stderr.write(`demo: ${reason}\n`);
  process.exitCode = 69;
}
