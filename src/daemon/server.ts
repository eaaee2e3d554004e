/** gRPC servers: one for all listeners, each bound before anybody is told. */
import { chmodSync, rmSync, statSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import type { Config } from "../config/config.js";
import type { Listener } from "../config/config.js";
import { coalescing } from "../rpc/coalescing.js";
import type { RpcContext } from "../rpc/context.js";
import { emptySuccess } from "../rpc/empty-success.js";
import { dataplaneDefinition, dataplaneHandlers } from "../rpc/dataplane/service.js";
import { p4RuntimeDefinition, p4RuntimeHandlers } from "../rpc/p4runtime/service.js";
import { addStandardServices } from "./standard-services.js";

/** A listener cannot bind: exit 71. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Time given to calls that run when the server closes, in milliseconds. */
const graceMs = 1000;

export class RpcServer implements AsyncDisposable {
  readonly #server: grpc.Server;
  readonly #sockets: string[] = [];
  /** The TCP port of each listener in order; undefined for unix sockets. */
  readonly ports: (number | undefined)[] = [];

  private constructor(server: grpc.Server) {
    this.#server = server;
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
      interceptors: [emptySuccess, coalescing],
    });
    server.addService(p4RuntimeDefinition, p4RuntimeHandlers(context));
    server.addService(dataplaneDefinition, dataplaneHandlers(context));
    addStandardServices(server, config.health);
    const opened = new RpcServer(server);
    try {
      for (const listener of config.listeners) await opened.#bind(listener);
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
    return opened;
  }

  async #bind(listener: Listener): Promise<void> {
    const address =
      listener.kind === "unix" ? `unix:${listener.path}` : `${bracketed(listener.address)}:${listener.port}`;
    if (listener.kind === "unix") removeStaleSocket(listener.path);
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(new ListenError(`cannot listen on ${address}: ${error.message}`, { cause: error }));
      });
    });
    if (listener.kind === "unix") {
      this.#sockets.push(listener.path);
      chmodSync(listener.path, listener.mode);
    }
    this.ports.push(listener.kind === "tcp" ? port : undefined);
  }

  /** Ends every call that is left, then closes the listeners. */
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    for (const path of this.#sockets) rmSync(path, { force: true });
  }
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** A socket that a killed process left behind is in the way of the next one. Anything else is left alone. */
function removeStaleSocket(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() === true) rmSync(path);
}
