/** gRPC servers: one for all listeners, each bound before anybody is told. */
import * as grpc from "@grpc/grpc-js";
import type { Config } from "../config/config.js";
import type { Listener } from "../config/config.js";
import type { RpcContext } from "../rpc/context.js";
import { dataplaneDefinition, dataplaneHandlers } from "../rpc/dataplane/service.js";
import { outgoing } from "../rpc/outgoing.js";
import { p4RuntimeDefinition, p4RuntimeHandlers } from "../rpc/p4runtime/service.js";
import type { HealthService } from "../telemetry/health.js";
import { ListenError } from "./listen-error.js";
import { addStandardServices } from "./standard-services.js";
import { bindUnix } from "./unix-socket.js";

/** Time given to calls that run when the server closes, in milliseconds. */
const graceMs = 500;

export class RpcServer implements AsyncDisposable {
  readonly #server: grpc.Server;
  /** Where the gRPC health service takes its statuses from. */
  readonly health: HealthService;
  /** The TCP port of each listener in order; undefined for unix sockets. */
  readonly ports: (number | undefined)[] = [];
  /** Where gRPC listens, with the port it is bound to. */
  readonly #addresses: string[] = [];

  private constructor(server: grpc.Server, health: HealthService) {
    this.#server = server;
    this.health = health;
  }

  /**
   * Serves on every listener of `config`.
   * @throws ListenError if a listener cannot bind; nothing stays open then
   */
  static async open(config: Config, context: RpcContext): Promise<RpcServer> {
    const { limits, keepalive } = config;
    const server = new grpc.Server({
      "grpc.max_receive_message_length": limits.maxRecvBytes,
      "grpc.max_send_message_length": -1,
      "grpc.max_concurrent_streams": limits.maxConcurrentStreams,
      "grpc.keepalive_time_ms": keepalive.timeMs,
      "grpc.keepalive_timeout_ms": keepalive.timeoutMs,
      "grpc.keepalive_permit_without_calls": 1,
      "grpc.so_reuseport": 0,
      "grpc.enable_channelz": 0, // not served; its bookkeeping costs 5 % of a small call
      interceptors: [outgoing],
    });
    server.addService(p4RuntimeDefinition, p4RuntimeHandlers(context));
    server.addService(dataplaneDefinition, dataplaneHandlers(context));
    const opened = new RpcServer(server, addStandardServices(server, config.health, context.streams));
    try {
      for (const listener of config.listeners) await opened.#bind(listener);
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
    return opened;
  }

  async #bind(listener: Listener): Promise<void> {
    const at = (port: number) =>
      listener.kind === "unix" ? `unix:${listener.path}` : `${bracketed(listener.address)}:${port}`;
    const wanted = at(listener.kind === "unix" ? 0 : listener.port);
    try {
      if (listener.kind === "unix") await bindUnix(listener, () => listen(this.#server, wanted));
      const port = listener.kind === "unix" ? undefined : await listen(this.#server, wanted);
      this.ports.push(port);
      this.#addresses.push(at(port ?? 0));
    } catch (error) {
      throw new ListenError(wanted, error);
    }
  }

  /** Closes the listeners, which removes Unix sockets, and ends what calls are left after their grace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await shutDown(this.#server, this.#addresses);
  }
}

/** Binds `server`, without TLS. @returns the TCP port, if it has one @throws what keeps it from binding */
export function listen(server: grpc.Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** Closes the listeners at `addresses`, which removes Unix sockets, and ends what calls are left after their grace. */
export async function shutDown(server: grpc.Server, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) server.drain(address, graceMs); // forceShutdown would need channelz
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
