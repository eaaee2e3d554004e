/** The server that operators on this box ask; loaded only where one is configured. */
import * as grpc from "@grpc/grpc-js";
import type { UnixSocket } from "../config/config.js";
import { adminDefinition, adminHandlers } from "../rpc/admin/service.js";
import type { RpcContext } from "../rpc/context.js";
import { outgoing } from "../rpc/outgoing.js";
import { ListenError } from "./listen-error.js";
import { listen, shutDown } from "./server.js";
import { bindUnix } from "./unix-socket.js";

/** Requests have two fields. */
const maxRequestBytes = 4096;

/** Serves `p4rtd.v1.Admin` on a Unix socket and nowhere else. @throws ListenError if it cannot bind */
export async function openAdminServer(socket: UnixSocket, context: RpcContext): Promise<AsyncDisposable> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": maxRequestBytes,
    "grpc.max_send_message_length": -1,
    "grpc.enable_channelz": 0,
    interceptors: [outgoing],
  });
  server.addService(adminDefinition, adminHandlers(context));
  const address = `unix:${socket.path}`;
  try {
    await bindUnix(socket, () => listen(server, address));
  } catch (error) {
    await shutDown(server, []);
    throw new ListenError(address, error);
  }
  return { [Symbol.asyncDispose]: () => shutDown(server, [address]) };
}
