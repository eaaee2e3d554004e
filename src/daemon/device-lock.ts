/** One p4rtd per device of a run-time folder: a socket that answers as long as its holder lives. */
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { answers, isSocket } from "./unix-socket.js";

/** Holds a device until it is disposed of, or the process ends however it ends. */
export class DeviceLock implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Takes the lock at `path`; what a killed holder left there is removed. Holders in other network namespaces are seen too.
   * @returns undefined if somebody holds it
   * @throws what the file system says if the socket cannot be made
   */
  static async take(path: string): Promise<DeviceLock | undefined> {
    if (isSocket(path)) {
      if (await answers(path)) return undefined;
      rmSync(path, { force: true });
    }
    const server = createServer((socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE")
          resolve(undefined); // somebody was faster
        else reject(error);
      });
      server.listen(path, () => {
        server.unref(); // holds nothing up but who asks
        resolve(new DeviceLock(server));
      });
    });
  }

  /** Removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
