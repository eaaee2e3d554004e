/** The daemon on the ports of the benchmark's box, a client in this process, a source of frames in a third one. */
import { setTimeout as sleep } from "node:timers/promises";
import { arbitration, becomePrimary, Controller } from "./controller.js";
import { CpuMeter, Daemon, type DaemonOptions } from "./daemon.js";
import { writeRequests } from "./entries.js";
import { marker, packetOut, udpFrame } from "./frames.js";
import { framed, MessageStream } from "./http2-calls.js";
import { PacketIns, trapFloodRequest } from "./kernel-frames.js";
import { boxNetdevs, type Burst, type KernelBenchLab } from "./kernel-lab.js";
import { quantile, type Goal, type Sample } from "./measure.js";
import { programBytes } from "./programs.js";
import { batches } from "./write.js";

const bytes = 120;
const paced = { rate: 100_000, frames: 1_000_000, bytes };
const overload = { frames: 3_000_000, bytes };
const burst = { frames: 16_000, bytes };
const slow = { rate: 1000, frames: 5000, bytes };
const outs = 256_000;
const outsPerWrite = 256;
const quietMs = 200;

/** All rows: PacketIn, PacketOut, and Writes. */
export async function endToEnd(lab: KernelBenchLab, options: DaemonOptions): Promise<readonly Sample[]> {
  const withPorts = { ...options, yaml: yamlFor(lab) };
  const samples: Sample[] = [];
  {
    await using daemon = await Daemon.start(withPorts);
    using rig = await Rig.open(lab, daemon);
    samples.push(...(await rig.packetIns()), ...(await rig.packetOuts()), ...(await rig.whileWriting()));
  }
  await using daemon = await Daemon.start(withPorts);
  using controller = new Controller(daemon.port);
  using _stream = await becomePrimary(controller);
  samples.push(...(await batches(daemon, controller, "ternary", { atLeast: 100_000 })));
  return samples;
}

function yamlFor(lab: KernelBenchLab): string {
  const [port1, port2] = boxNetdevs;
  return `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [{ device_id: 1, datapath: { type: kernel, netns: ${lab.path("box")}, max_rules: 131072 } }]
interfaces: { ${port1}: { port_id: 1 }, ${port2}: { port_id: 2 } }
`;
}

/** A primary that traps the source's frames and watches its stream. */
class Rig implements Disposable {
  readonly #arrivals = new PacketIns();

  private constructor(
    readonly lab: KernelBenchLab,
    readonly daemon: Daemon,
    readonly controller: Controller,
    readonly stream: MessageStream,
  ) {
    stream.watch(this.#arrivals.received);
  }

  static async open(lab: KernelBenchLab, daemon: Daemon): Promise<Rig> {
    const controller = new Controller(daemon.port);
    const stream = new MessageStream(daemon.port, "/p4.v1.P4Runtime/StreamChannel");
    const answered = stream.anything();
    await stream.write(framed(arbitration(1n)));
    await answered;
    await controller.push(programBytes("ternary"));
    await controller.write(trapFloodRequest());
    const rig = new Rig(lab, daemon, controller, stream);
    await rig.#deliver(() => lab.flood({ ...paced, frames: 200_000 }), "untimed"); // the compiler of Node has then seen the path
    return rig;
  }

  async packetIns(): Promise<readonly Sample[]> {
    const { lab } = this;
    const steady = await this.#deliver(() => lab.flood(paced), "timed");
    const ages = [...this.#arrivals.ages];
    const most = await this.#deliver(() => lab.flood(overload), "untimed");
    const all = await this.#deliver(() => lab.flood(burst), "untimed");
    const { daemonUs, clientUs } = steady;
    return [
      {
        what: "PacketIn, 120 B at 100,000/s for 10 s: not delivered",
        unit: "frames",
        value: steady.lost,
        goal: { atMost: 0 },
      },
      {
        what: "PacketIn, 120 B at 100,000/s: delivered",
        unit: "frames/s",
        value: steady.perSecond,
        daemonUs,
        clientUs,
      },
      ...spread("PacketIn, 120 B at 100,000/s: latency", ages, { atMost: 5 }),
      {
        ...{ what: "PacketIn, 120 B, overload: delivered", unit: "frames/s", value: most.perSecond },
        ...{ goal: { atLeast: 200_000 }, daemonUs: most.daemonUs, clientUs: most.clientUs },
      },
      { what: "PacketIn, 120 B, overload: the source's rate", unit: "frames/s", value: most.sentPerSecond },
      { what: "PacketIn, 16,000 frames at once: not delivered", unit: "frames", value: all.lost, goal: { atMost: 0 } },
    ];
  }

  /** By a client that writes many messages at once. */
  async packetOuts(): Promise<readonly Sample[]> {
    const { daemon, lab, stream } = this;
    const batch = Buffer.concat(Array.from({ length: outsPerWrite }, (_, i) => framed(packetOut(udpFrame(i), "port"))));
    const pass = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent += outsPerWrite) await stream.write(batch);
      const answered = stream.saw("bench/marker");
      await stream.write(framed(marker()));
      await answered;
    };
    await pass(outs / 10);
    const before = lab.arrived();
    const cpu = new CpuMeter(daemon);
    await pass(outs);
    const { ms, ...perPacket } = cpu.read(outs);
    await sleep(quietMs);
    stream.watch(this.#arrivals.received);
    const lost = outs - (lab.arrived() - before);
    return [
      {
        what: "PacketOut, 120 B, seen behind the wire",
        unit: "frames/s",
        value: (1000 * (outs - lost)) / ms,
        goal: { atLeast: 80_000 },
        ...perPacket,
      },
      { what: "PacketOut, 120 B: lost", unit: "frames", value: lost, goal: { atMost: 0 } },
    ];
  }

  /** A frame each millisecond while batches of 10,000 entries come and go. */
  async whileWriting(): Promise<readonly Sample[]> {
    const requests = (["INSERT", "DELETE"] as const).flatMap((kind) =>
      writeRequests("ternary", { count: 10_000, perBatch: 10_000, kind }),
    );
    for (let i = 0; i < 3; i++) for (const request of requests) await this.controller.write(request);
    let writing = true;
    const written = (async () => {
      while (writing) for (const request of requests) await this.controller.write(request);
    })();
    const { lost } = await this.#deliver(async () => {
      const sent = await this.lab.flood(slow);
      writing = false;
      await written;
      return sent;
    }, "timed");
    return [
      ...spread("PacketIn while 10,000 entries are written or deleted: latency", this.#arrivals.ages, { atMost: 10 }),
      {
        what: "PacketIn while 10,000 entries are written or deleted: not delivered",
        unit: "frames",
        value: lost,
        goal: { atMost: 0 },
      },
    ];
  }

  async #deliver(send: () => Promise<Burst>, how: "timed" | "untimed") {
    const arrivals = this.#arrivals;
    arrivals.begin(how === "timed");
    const cpu = new CpuMeter(this.daemon);
    const began = performance.now();
    const { sent, wallMs } = await send();
    let last = performance.now();
    for (let seen = -1; seen !== arrivals.count;) {
      if (seen >= 0) last = performance.now();
      seen = arrivals.count;
      await sleep(quietMs);
    }
    const { daemonUs, clientUs } = cpu.read(arrivals.count);
    return {
      lost: sent - arrivals.count,
      perSecond: (1000 * arrivals.count) / (last - began),
      sentPerSecond: (1000 * sent) / wallMs,
      ...{ daemonUs, clientUs },
    };
  }

  [Symbol.dispose](): void {
    this.stream[Symbol.dispose]();
    this.controller[Symbol.dispose]();
  }
}

function spread(what: string, ms: readonly number[], goal: Goal): readonly Sample[] {
  return [
    { what: `${what}, p50`, unit: "ms", value: quantile(ms, 0.5) },
    { what: `${what}, p99`, unit: "ms", value: quantile(ms, 0.99), goal },
  ];
}
