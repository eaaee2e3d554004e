/** gRPC methods whose messages travel as bytes: each handler decodes what it needs itself. */
import type * as grpc from "@grpc/grpc-js";

const same = (bytes: Buffer): Buffer => bytes;

export type ByteMethod = grpc.MethodDefinition<Buffer, Buffer>;

/** What streams: the request, the response, both or none. */
export type Streaming = "unary" | "server" | "client" | "both";

/** A method of `service`, such as `p4.v1.P4Runtime`. */
export function byteMethod(service: string, name: string, streaming: Streaming): ByteMethod {
  return {
    path: `/${service}/${name}`,
    requestStream: streaming === "client" || streaming === "both",
    responseStream: streaming === "server" || streaming === "both",
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
    originalName: name,
  };
}
