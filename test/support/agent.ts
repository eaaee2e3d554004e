/** A whole p4rtd in this process, on a port of its own, with what a test needs to talk to it. */
import * as grpc from "@grpc/grpc-js";
import { defined } from "../../src/base/invariant.js";
import { silentLogger, type Logger } from "../../src/base/logger.js";
import type { Config } from "../../src/config/config.js";
import { defaultConfig } from "../../src/config/defaults.js";
import { parseConfig } from "../../src/config/load.js";
import { run } from "../../src/daemon/run.js";
import type { Switch } from "../../src/switch/switch.js";
import { P4Client } from "./p4-client.js";

export interface AgentOptions {
  /** YAML text; the defaults when absent. Ports of listeners are replaced by 0. */
  readonly yaml?: string;
  readonly log?: Logger;
}

export class Agent implements AsyncDisposable {
  readonly port: number;
  /** The switches behind it, to bring ports down, see what leaves and read counts. */
  readonly devices: ReadonlyMap<bigint, Switch>;
  readonly #stop: AbortController;
  readonly #running: Promise<void>;
  readonly #clients: P4Client[] = [];

  private constructor(
    port: number,
    devices: ReadonlyMap<bigint, Switch>,
    stop: AbortController,
    running: Promise<void>,
  ) {
    this.port = port;
    this.devices = devices;
    this.#stop = stop;
    this.#running = running;
  }

  /** Starts an agent and waits until it serves. */
  static async start(options: AgentOptions = {}): Promise<Agent> {
    const config = await configOf(options.yaml);
    const stop = new AbortController();
    const settings = { config, configFile: "test", logLevel: "error", portFile: undefined, version: "test" } as const;
    return new Promise((resolve, reject) => {
      const running = run({ ...settings, stop: stop.signal }, options.log ?? silentLogger, (ports, devices) => {
        resolve(new Agent(ports.find((port) => port !== undefined) ?? 0, devices, stop, running));
      });
      running.catch(reject);
    });
  }

  /** A client on a connection of its own; closed with the agent. */
  client(options: grpc.ChannelOptions = {}): P4Client {
    const client = new P4Client(`127.0.0.1:${this.port}`, options);
    this.#clients.push(client);
    return client;
  }

  /** The switch with `deviceId`. @throws InvariantError if there is none */
  device(deviceId = 1n): Switch {
    return defined(this.devices.get(deviceId), `device ${deviceId} exists`);
  }

  /** Stops the agent; its own failure, if it had one, is thrown here. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    for (const client of this.#clients) client.close();
  }
}

/** Unless a test says otherwise every refusal is answered, however fast they come. */
const manyErrors = { ...defaultConfig.streamErrors, perStreamPerSecond: 100_000 };

async function configOf(yaml: string | undefined): Promise<Config> {
  const given = yaml === undefined ? defaultConfig : await parseConfig(Buffer.from(yaml), "test.yaml");
  const config = yaml?.includes("stream_errors:") === true ? given : { ...given, streamErrors: manyErrors };
  const listeners = config.listeners.map((listener) => (listener.kind === "tcp" ? { ...listener, port: 0 } : listener));
  return { ...config, listeners };
}
