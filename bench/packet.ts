/** Packets on the software datapath: rates, latency while idle and while entries are written, and hand-over to a backup. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile, type Goal, type Sample } from "./measure.js";
import { arbitration, becomePrimary, Controller, type Stream } from "./controller.js";
import { CpuMeter, Daemon, type DaemonOptions } from "./daemon.js";
import { writeRequests } from "./entries.js";
import { framed, MessageStream } from "./http2-calls.js";
import { injectRequest, marker, packetOut, serialIn, trapRequest, udpFrame } from "./frames.js";
import { programBytes } from "./programs.js";

const warmUp = 20_000;
const packets = 100_000;
const injected = 20_000;
const latencies = 2000;
const writes = 20;
const warmUpWrites = 3;
const handOvers = 20;

/** One run, on a daemon of its own. */
export async function runPacket(options: DaemonOptions): Promise<readonly Sample[]> {
  await using daemon = await Daemon.start(options);
  using rig = await Rig.open(daemon);
  const samples: Sample[] = [];
  await rig.packetOuts(warmUp);
  samples.push(await rig.packetOuts(packets));
  await rig.looped(warmUp);
  samples.push(await rig.looped(packets));
  await rig.injected(warmUp);
  samples.push(await rig.injected(injected));
  for (const route of ["InjectPacket", "stream"] as const) {
    samples.push(...spread(`PacketIn latency by ${route}, idle`, await rig.idleLatencies(route)));
    const busy = await rig.latenciesUnderWrites(route);
    samples.push(...spread(`PacketIn latency by ${route} while 10,000 entries are written`, busy, { atMost: 10 }));
  }
  samples.push(...(await handOver(daemon)));
  samples.push(await coalesced(daemon));
  return samples;
}

function spread(what: string, ms: readonly number[], goal?: Goal): readonly Sample[] {
  return [
    { what: `${what}, p50`, unit: "ms", value: quantile(ms, 0.5) },
    { what: `${what}, p99`, unit: "ms", value: quantile(ms, 0.99), ...(goal && { goal }) },
  ];
}

/** How a frame comes into the switch: by a call of its own, or as a PacketOut to ingress on a stream that is there. */
type Route = "InjectPacket" | "stream";

/** What comes on the primary's stream. */
class Arrivals {
  /** Milliseconds from `sending` to arrival, of frames that were announced. */
  times: number[] = [];
  count = 0;
  /** Messages that are no PacketIn. */
  others = 0;
  #awaited = 0;
  /** When each frame was sent, by its number. */
  readonly #sent: number[] = [];
  #wake: () => void = () => {};

  readonly received = (message: Buffer): void => {
    const now = performance.now();
    const serial = serialIn(message);
    if (serial === undefined) {
      this.others++;
      return;
    }
    this.count++;
    const sent = this.#sent[serial];
    if (sent !== undefined) this.times.push(now - sent);
    if (this.count >= this.#awaited) this.#wake();
  };

  sending(serial: number): void {
    this.#sent[serial] = performance.now();
  }

  begin(): void {
    this.#sent.length = 0;
    this.times = [];
    this.count = 0;
  }

  /** Resolves when `count` frames have come since `begin`. */
  async reach(count: number): Promise<void> {
    this.#awaited = count;
    if (this.count < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** A primary whose stream is watched, and connections of their own for injected frames and writes. */
class Rig implements Disposable {
  readonly #daemon: Daemon;
  readonly #primary: Controller;
  readonly #injector: Controller;
  readonly #writer: Controller;
  readonly #arrivals: Arrivals;
  readonly #stream: Stream;

  private constructor(daemon: Daemon, primary: Controller, stream: Stream, arrivals: Arrivals) {
    this.#daemon = daemon;
    this.#primary = primary;
    this.#stream = stream;
    this.#arrivals = arrivals;
    this.#injector = new Controller(daemon.port);
    this.#writer = new Controller(daemon.port);
  }

  static async open(daemon: Daemon): Promise<Rig> {
    const primary = new Controller(daemon.port);
    const arrivals = new Arrivals();
    const stream = await becomePrimary(primary, arrivals.received);
    await primary.push(programBytes("ternary"));
    await primary.write(trapRequest());
    return new Rig(daemon, primary, stream, arrivals);
  }

  /** PacketOuts to a port; the clock stops when the agent answers a message sent after them. */
  async packetOuts(count: number): Promise<Sample> {
    const message = packetOut(udpFrame(0), "port");
    const seen = this.#arrivals.others;
    const cpu = new CpuMeter(this.#daemon);
    for (let i = 0; i < count; i++) if (!this.#stream.send(message)) await this.#stream.drained();
    this.#stream.send(marker());
    while (this.#arrivals.others === seen) await sleep(1);
    const { ms, ...perPacket } = cpu.read(count);
    return { what: "PacketOut, 120 B, stream to port", unit: "packets/s", value: (1000 * count) / ms, ...perPacket };
  }

  /** PacketOuts into the ingress path, trapped there: each comes back as a PacketIn. */
  async looped(count: number): Promise<Sample> {
    const message = packetOut(udpFrame(0), "ingress");
    const cpu = new CpuMeter(this.#daemon);
    this.#arrivals.begin();
    const window = 8192; // below the backlog of a controller, so that nothing is dropped
    for (let i = 0; i < count; i++) {
      if (!this.#stream.send(message)) await this.#stream.drained();
      while (i - this.#arrivals.count >= window) await sleep(1);
    }
    await this.#arrivals.reach(count);
    const { ms, ...perPacket } = cpu.read(count);
    return {
      what: "PacketOut to ingress → PacketIn, 120 B",
      unit: "packets/s",
      value: (1000 * count) / ms,
      ...perPacket,
    };
  }

  async injected(count: number): Promise<Sample> {
    const request = injectRequest(udpFrame(0));
    const cpu = new CpuMeter(this.#daemon);
    this.#arrivals.begin();
    let left = count;
    const worker = async () => {
      while (left-- > 0) await this.#injector.inject(request);
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    await this.#arrivals.reach(count);
    const { ms, ...perPacket } = cpu.read(count);
    return {
      what: "InjectPacket → PacketIn, 32 in flight",
      unit: "packets/s",
      value: (1000 * count) / ms,
      ...perPacket,
    };
  }

  async idleLatencies(route: Route): Promise<readonly number[]> {
    this.#arrivals.begin();
    for (let i = 0; i < latencies; i++) {
      this.#send(i, route);
      await sleep(1);
    }
    await this.#arrivals.reach(latencies);
    return this.#arrivals.times;
  }

  /** One frame each millisecond, from the moment that a batch is sent until it is answered. */
  async latenciesUnderWrites(route: Route): Promise<readonly number[]> {
    const [insert, remove] = (["INSERT", "DELETE"] as const).flatMap((kind) =>
      writeRequests("ternary", { count: 10_000, perBatch: 10_000, kind }),
    );
    if (insert === undefined || remove === undefined) throw new Error("a request of each kind");
    const found: number[] = [];
    for (let i = -warmUpWrites; i < writes; i++) {
      const times = await this.#whileWriting(insert, route);
      if (i >= 0) found.push(...times);
      await this.#writer.write(remove);
    }
    return found;
  }

  async #whileWriting(request: Buffer, route: Route): Promise<readonly number[]> {
    this.#arrivals.begin();
    let writing = true;
    const written = this.#writer.write(request).finally(() => (writing = false));
    let count = 0;
    for (; writing; count++) {
      this.#send(count, route);
      await sleep(1);
    }
    await written;
    await this.#arrivals.reach(count);
    return this.#arrivals.times;
  }

  #send(serial: number, route: Route): void {
    this.#arrivals.sending(serial);
    if (route === "stream") this.#stream.send(packetOut(udpFrame(serial), "ingress"));
    else void this.#injector.inject(injectRequest(udpFrame(serial)));
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
    for (const controller of [this.#primary, this.#injector, this.#writer]) controller[Symbol.dispose]();
  }
}

/** PacketOuts of a client that writes 256 of them at once, as clients with a write buffer do. */
async function coalesced(daemon: Daemon): Promise<Sample> {
  using stream = new MessageStream(daemon.port, "/p4.v1.P4Runtime/StreamChannel");
  const message = framed(packetOut(udpFrame(0), "port"));
  const batch = Buffer.concat(Array.from({ length: 256 }, () => message));
  const pass = async (batches: number): Promise<void> => {
    for (let i = 0; i < batches; i++) await stream.write(batch);
    const answered = stream.saw("bench/marker");
    await stream.write(framed(marker()));
    await answered;
  };
  await stream.write(framed(arbitration(1000n)));
  await pass(100);
  const cpu = new CpuMeter(daemon);
  await pass(1000);
  const { ms, ...perPacket } = cpu.read(256_000);
  return { what: "PacketOut, 120 B, 256 in one write", unit: "packets/s", value: 256_000_000 / ms, ...perPacket };
}

/** A primary's connection ends; how long until a backup has been told. */
async function handOver(daemon: Daemon): Promise<readonly Sample[]> {
  const found: number[] = [];
  using backup = new Controller(daemon.port);
  for (let i = 0; i < handOvers; i++) {
    await using line = await Line.open(daemon.port);
    using primary = new Controller(line.port);
    using _primary = await standing(primary, 10n);
    let told: () => void = () => {};
    using second = backup.stream(() => told());
    const answered = new Promise<void>((resolve) => (told = resolve));
    second.send(arbitration(5n));
    await answered;
    await sleep(5);
    const noticed = new Promise<number>((resolve) => (told = () => resolve(performance.now())));
    const began = performance.now();
    line.cut();
    found.push((await noticed) - began);
  }
  return spread("primary's connection ends → backup told", found, { atMost: 5 });
}

/** A stream that has been answered as primary with `electionId`. */
async function standing(controller: Controller, electionId: bigint): Promise<Stream> {
  return new Promise((resolve) => {
    const stream = controller.stream(() => resolve(stream));
    stream.send(arbitration(electionId));
  });
}

/** Passes one connection on, and can end it. */
class Line implements AsyncDisposable {
  readonly port: number;
  readonly #server;
  readonly #sockets: Socket[];

  private constructor(port: number, server: ReturnType<typeof createServer>, sockets: Socket[]) {
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async open(target: number): Promise<Line> {
    const sockets: Socket[] = [];
    const server = createServer((near) => {
      const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
      for (const socket of [near, far]) socket.on("error", () => {}); // what was on its way when we cut
      sockets.push(near, far);
      near.pipe(far).pipe(near);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new Line((server.address() as AddressInfo).port, server, sockets); // a TCP server has such an address
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
