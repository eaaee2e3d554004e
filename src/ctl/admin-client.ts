/** A connection to the admin socket of a p4rtd on this box. */
import { statSync } from "node:fs";
import { connect } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { StatusError } from "../base/status.js";
import {
  adminName,
  decodeDrops,
  decodeInterfaces,
  decodeRules,
  encodeShowRequest,
  type DeviceRules,
  type DropLine,
  type InterfaceLine,
  type RuleLine,
  type ShowRequest,
} from "../wire/admin.js";
import { CtlError, exit, type ExitCode } from "./exit-code.js";
import type { ShownRules } from "./show-rules.js";

/** A p4rtd that is not stuck answers a unary call in this time. ShowRules may wait for a long Write. */
const patienceMs = 10_000;

const same = (bytes: Buffer): Buffer => bytes;

export class AdminClient implements Disposable {
  readonly #client: grpc.Client;
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
    this.#client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.enable_http_proxy": 0,
    });
  }

  /** @param socket absolute path @throws CtlError that says why nobody answers and what to do */
  static async open(socket: string): Promise<AdminClient> {
    await knock(socket);
    return new AdminClient(socket);
  }

  /** @throws CtlError */
  async interfaces(request: ShowRequest): Promise<readonly InterfaceLine[]> {
    return this.#decoded(decodeInterfaces, await this.#unary("ShowInterfaces", request));
  }

  /** @throws CtlError */
  async drops(request: ShowRequest): Promise<readonly DropLine[]> {
    return this.#decoded(decodeDrops, await this.#unary("ShowDrops", request));
  }

  /** @throws CtlError */
  async rules(request: ShowRequest): Promise<ShownRules> {
    const call = this.#client.makeServerStreamRequest(path("ShowRules"), same, same, encodeShowRequest(request));
    const rules: RuleLine[] = [];
    const devices: DeviceRules[] = [];
    try {
      for await (const bytes of call) {
        const message = this.#decoded(decodeRules, bytes as Buffer); // what `same` deserializes to
        rules.push(...message.rules);
        if (message.device !== undefined) devices.push(message.device);
      }
    } catch (error) {
      throw this.#failure(error);
    }
    return { rules, devices };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #unary(method: string, request: ShowRequest): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + patienceMs;
      const bytes = encodeShowRequest(request);
      this.#client.makeUnaryRequest(path(method), same, same, bytes, { deadline }, (error, value) => {
        if (error !== null) reject(this.#failure(error));
        else resolve(value ?? Buffer.alloc(0));
      });
    });
  }

  #decoded<T>(decode: (bytes: Buffer) => T, bytes: Buffer): T {
    try {
      return decode(bytes);
    } catch (error) {
      if (error instanceof StatusError)
        throw new CtlError(`the answer is not understood: ${error.message}`, exit.failed);
      throw error;
    }
  }

  /** What an operator is told about an error of gRPC; any other one is a bug and comes back as it is. */
  #failure(error: unknown): Error {
    if (!(error instanceof Error)) return new Error(String(error));
    if (!("code" in error) || !("details" in error)) return error;
    const { code, details } = error as grpc.ServiceError; // only gRPC's errors have both
    const { reason, exitCode } = explained(code, details, this.#socket);
    return new CtlError(reason, exitCode, { cause: error });
  }
}

function explained(code: grpc.status, details: string, socket: string): { reason: string; exitCode: ExitCode } {
  if (code === grpc.status.NOT_FOUND || code === grpc.status.INVALID_ARGUMENT)
    return { reason: details, exitCode: exit.usage };
  if (code === grpc.status.UNAVAILABLE)
    return { reason: `${socket}: the connection was lost; is p4rtd still running?`, exitCode: exit.unreachable };
  if (code === grpc.status.DEADLINE_EXCEEDED)
    return { reason: `${socket}: no answer within ${patienceMs / 1000} s`, exitCode: exit.unreachable };
  if (code === grpc.status.UNIMPLEMENTED && details.includes(adminName)) {
    const reason = `${socket} is not the admin socket of a p4rtd that knows this command; do controllers connect there?`;
    return { reason, exitCode: exit.failed };
  }
  return { reason: `p4rtd answers ${grpc.status[code]}: ${details}`, exitCode: exit.failed };
}

const path = (method: string) => `/${adminName}/${method}`;

/** Connects once, as the system's own error says more than gRPC's. */
async function knock(socket: string): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      resolve(undefined);
    });
    connection.once("error", resolve);
  });
  if (error !== undefined) throw new CtlError(advice(socket, error), exit.unreachable, { cause: error });
}

function advice(socket: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT")
    return `there is no socket ${socket}
Is p4rtd running, with \`admin: { unix: ${socket} }\` in its configuration? --socket or P4RTD_ADMIN_SOCKET names another one.`;
  if (code === "EACCES" || code === "EPERM")
    return `no permission to open ${socket}
Use sudo, or become a member of the socket's group (\`admin.group\` in the configuration of p4rtd).`;
  if (code === "ECONNREFUSED" && statSync(socket, { throwIfNoEntry: false })?.isSocket() === true)
    return `nobody listens on ${socket}\np4rtd is not running; it did not get to remove its socket. Start it again.`;
  if (code === "ECONNREFUSED") return `${socket} is not a socket\n--socket or P4RTD_ADMIN_SOCKET names another one.`;
  return `cannot connect to ${socket}: ${message}`;
}
