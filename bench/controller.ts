/** A controller that sends prepared bytes and looks into answers as little as it can. */
import * as grpc from "@grpc/grpc-js";
import { p4 } from "../src/wire/gen/proto.js";
import { long, uint128 } from "../test/support/p4-client.js";

const service = "/p4.v1.P4Runtime/";
const same = (bytes: Buffer): Buffer => bytes;

/** The bytes of an RPC's request and response stay as they are. */
export class Controller implements Disposable {
  readonly #client: grpc.Client;

  constructor(port: number) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
    });
  }

  write(request: Buffer): Promise<Buffer> {
    return this.unary(`${service}Write`, request);
  }

  /** Pushes the program of a serialized P4Info; that clears all entries. */
  async push(p4info: Uint8Array): Promise<void> {
    const { VERIFY_AND_COMMIT } = p4.v1.SetForwardingPipelineConfigRequest.Action;
    const request = { ...claim, action: VERIFY_AND_COMMIT, config: { p4info: p4.config.v1.P4Info.decode(p4info) } };
    const bytes = p4.v1.SetForwardingPipelineConfigRequest.encode(request).finish();
    await this.unary(`${service}SetForwardingPipelineConfig`, Buffer.from(bytes));
  }

  /** @returns how many bytes came, in how many messages */
  read(request: Buffer): Promise<{ readonly bytes: number; readonly messages: number }> {
    return new Promise((resolve, reject) => {
      let bytes = 0;
      let messages = 0;
      const call = this.#client.makeServerStreamRequest(`${service}Read`, same, same, request);
      call.on("data", (message: Buffer) => {
        bytes += message.length;
        messages++;
      });
      call.on("error", reject);
      call.on("end", () => resolve({ bytes, messages }));
    });
  }

  /** Processes a frame as received on a port of the software switch. */
  inject(request: Buffer): Promise<Buffer> {
    return this.unary("/fourward.dataplane.Dataplane/InjectPacket", request);
  }

  /** Opens a StreamChannel; `received` gets every message. */
  stream(received: (message: Buffer) => void): Stream {
    return new Stream(this.#client.makeBidiStreamRequest(`${service}StreamChannel`, same, same), received);
  }

  unary(path: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, request, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      });
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

export class Stream implements Disposable {
  readonly #call: grpc.ClientDuplexStream<Buffer, Buffer>;

  constructor(call: grpc.ClientDuplexStream<Buffer, Buffer>, received: (message: Buffer) => void) {
    this.#call = call;
    call.on("data", received);
    call.on("error", () => {}); // every stream here is ended by us, or by the end of a connection that is meant
  }

  /** @returns false if the stream wants to be left alone until `drained` */
  send(message: Buffer): boolean {
    return this.#call.write(message);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#call.once("drain", resolve));
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
  }
}

/** Who the benchmarks are: primary of device 1 by election id 1. */
export const claim = { deviceId: long(1n), electionId: uint128(1n) };

/** The message that asks for `electionId`. */
export function arbitration(electionId: bigint): Buffer {
  const update = { deviceId: long(1n), electionId: uint128(electionId) };
  return Buffer.from(p4.v1.StreamMessageRequest.encode({ arbitration: update }).finish());
}

/** Becomes primary with election id 1; messages after the first go to `received`. */
export async function becomePrimary(
  controller: Controller,
  received: (message: Buffer) => void = () => {},
): Promise<Stream> {
  return new Promise((resolve) => {
    let first = true;
    const stream = controller.stream((message) => {
      if (!first) return received(message);
      first = false;
      resolve(stream);
    });
    stream.send(arbitration(1n));
  });
}
