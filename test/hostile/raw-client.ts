/** gRPC calls with bytes as given, and calls whose answers nobody reads. */
import * as grpc from "@grpc/grpc-js";

/** Every RPC the agent serves, by what streams. */
export const rpcs: readonly (readonly [path: string, kind: "unary" | "server" | "both"])[] = [
  ["/p4.v1.P4Runtime/Write", "unary"],
  ["/p4.v1.P4Runtime/Read", "server"],
  ["/p4.v1.P4Runtime/SetForwardingPipelineConfig", "unary"],
  ["/p4.v1.P4Runtime/GetForwardingPipelineConfig", "unary"],
  ["/p4.v1.P4Runtime/Capabilities", "unary"],
  ["/p4.v1.P4Runtime/StreamChannel", "both"],
  ["/fourward.dataplane.Dataplane/InjectPacket", "unary"],
  ["/fourward.dataplane.Dataplane/InjectPackets", "both"],
  ["/fourward.dataplane.Dataplane/SubscribeResults", "server"],
  ["/fourward.dataplane.Dataplane/RegisterPrePacketHook", "both"],
  ["/grpc.health.v1.Health/Check", "unary"],
  ["/grpc.health.v1.Health/List", "unary"],
  ["/grpc.health.v1.Health/Watch", "server"],
  ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "both"],
  ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "both"],
  ["/no.such.Service/Method", "unary"],
];

const same = (bytes: Buffer): Buffer => bytes;
/** A stream that the agent rightly keeps open is cancelled after this time, in milliseconds, and the time its bytes take. */
const patienceMs = 300;
const bytesPerMs = 10_000;
const deadlineMs = 30_000;

/** How a call ended; `code` is one of gRPC's. */
export interface CallEnd {
  readonly code: number;
  readonly details: string;
}

export class RawClient implements Disposable {
  readonly #client: grpc.Client;

  constructor(port: number) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_send_message_length": -1,
      "grpc.max_receive_message_length": -1,
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  /** Sends one message and tells how the call ended; a stream that stays open ends with CANCELLED. */
  call(path: string, kind: "unary" | "server" | "both", bytes: Uint8Array): Promise<CallEnd> {
    return new Promise((resolve) => {
      const call = this.bidi(path, { deadline: Date.now() + deadlineMs });
      const timer = setTimeout(() => kind !== "unary" && call.cancel(), patienceMs + bytes.length / bytesPerMs);
      call.on("status", (status: grpc.StatusObject) => {
        clearTimeout(timer);
        resolve(status);
      });
      call.on("data", () => {});
      call.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      if (kind === "unary") call.end();
    });
  }

  /** A call whose messages are read only if the caller begins to. */
  bidi(path: string, options: grpc.CallOptions = {}): grpc.ClientDuplexStream<Buffer, Buffer> {
    const call = this.#client.makeBidiStreamRequest(path, same, same, new grpc.Metadata(), options);
    call.on("error", () => {}); // the status says it
    return call;
  }
}

/** Writes `messages`, waiting whenever the transport is full. Ends early if the call does. */
export async function writeAll(
  call: grpc.ClientDuplexStream<Buffer, Buffer>,
  messages: Iterable<Uint8Array>,
): Promise<void> {
  const end = new AbortController();
  let wake: () => void = () => {};
  call.once("status", () => {
    end.abort();
    wake();
  });
  call.on("drain", () => wake());
  for (const message of messages) {
    if (end.signal.aborted) return;
    if (call.write(Buffer.from(message.buffer, message.byteOffset, message.length))) continue;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}
