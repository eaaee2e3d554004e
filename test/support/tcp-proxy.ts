/** A TCP proxy in front of an agent, to break connections in the ways networks do. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Pair {
  readonly client: Socket;
  readonly agent: Socket;
}

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join({ client, agent: connect(target, "127.0.0.1") }));
  }

  /** Listens on a port of its own and hands every connection on to port `target`. */
  static async open(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  /** What a client connects to. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // a TCP server that listens has one
  }

  /** Resets every connection: both ends see RST. */
  reset(): void {
    for (const { client, agent } of this.#pairs) {
      client.resetAndDestroy();
      agent.resetAndDestroy();
    }
  }

  /** From now on nothing gets through in either direction, and nobody is told. */
  goSilent(): void {
    for (const { client, agent } of this.#pairs) {
      client.unpipe().pause();
      agent.unpipe().pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, agent } of this.#pairs) {
      client.destroy();
      agent.destroy();
    }
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(pair: Pair): void {
    const { client, agent } = pair;
    this.#pairs.add(pair);
    for (const socket of [client, agent])
      socket
        .setNoDelay()
        .on("error", () => socket.destroy()) // the close says it
        .on("close", () => this.#pairs.delete(pair));
    client.pipe(agent).pipe(client);
  }
}
