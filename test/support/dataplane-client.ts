/** A client of the injection service that shares no codec with the agent: generated classes on grpc-js. */
import * as grpc from "@grpc/grpc-js";
import { fourward } from "../../src/wire/gen/proto.js";

export type InjectRequest = fourward.dataplane.InjectPacketRequest.$Properties;
type ResultMessage = fourward.dataplane.SubscribeResultsResponse;

const service = "/fourward.dataplane.Dataplane/";
const timeoutMs = 8000;
const same = (bytes: Buffer): Buffer => bytes;

/** Metadata that names a device, or whatever stands in its place. */
function naming(device: string | undefined): grpc.Metadata {
  const metadata = new grpc.Metadata();
  if (device !== undefined) metadata.set("p4rtd-device-id", device);
  return metadata;
}

export class DataplaneClient implements Disposable {
  readonly #client: grpc.Client;

  constructor(port: number) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_send_message_length": -1,
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  /** `InjectPacket` at the device that `device` names in the metadata. */
  inject(request: InjectRequest, device?: string): Promise<fourward.dataplane.InjectPacketResponse> {
    const bytes = Buffer.from(fourward.dataplane.InjectPacketRequest.encode(request).finish());
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      this.#client.makeUnaryRequest(
        `${service}InjectPacket`,
        same,
        same,
        bytes,
        naming(device),
        options,
        (error, value) => {
          if (error !== null) reject(error);
          else resolve(fourward.dataplane.InjectPacketResponse.decode(value ?? Buffer.alloc(0)));
        },
      );
    });
  }

  /** `SubscribeResults`. */
  subscribe(device?: string): Subscription {
    const path = `${service}SubscribeResults`;
    return new Subscription(
      this.#client.makeServerStreamRequest(path, same, same, Buffer.alloc(0), naming(device), {
        deadline: Date.now() + 2 * timeoutMs,
      }),
    );
  }

  /** What a method that streams requests ends with. */
  streamed(method: "InjectPackets" | "RegisterPrePacketHook"): Promise<grpc.StatusObject> {
    const path = `${service}${method}`;
    const options = { deadline: Date.now() + timeoutMs };
    return new Promise((resolve) => {
      const end = (call: grpc.ClientWritableStream<Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>) => {
        call.on("status", resolve);
        call.on("error", () => {}); // the status says it
        call.end();
      };
      if (method === "InjectPackets") {
        end(this.#client.makeClientStreamRequest(path, same, same, naming(undefined), options, () => {}));
        return;
      }
      const call = this.#client.makeBidiStreamRequest(path, same, same, naming(undefined), options);
      call.resume();
      end(call);
    });
  }
}

/** Results as they come; nothing is read before `next`, `all` or `ended` asks. */
export class Subscription {
  readonly #call: grpc.ClientReadableStream<Buffer>;
  readonly #messages: AsyncIterator<Buffer, undefined>;
  readonly #status: Promise<grpc.StatusObject>;

  constructor(call: grpc.ClientReadableStream<Buffer>) {
    this.#call = call;
    this.#status = new Promise((resolve) => call.on("status", resolve));
    call.on("error", () => {}); // the status says it
    this.#messages = call[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>; // a byte method's messages
  }

  /** The next message. @throws if the stream ended */
  async next(): Promise<ResultMessage> {
    const message = await this.#messages.next();
    if (message.done === true) throw new Error("the stream ended");
    return fourward.dataplane.SubscribeResultsResponse.decode(message.value);
  }

  /** Waits for `active`; from then on no result is missed. */
  async active(): Promise<this> {
    const { event } = await this.next();
    if (event !== "active") throw new Error(`the first message is ${String(event)}, not active`);
    return this;
  }

  /** The next result. */
  async result(): Promise<fourward.dataplane.ProcessPacketResult.$Properties> {
    const { result } = await this.next();
    if (!result) throw new Error("the message is no result");
    return result;
  }

  /** Reads to the end. */
  async ended(): Promise<{ readonly results: number; readonly status: grpc.StatusObject }> {
    let results = 0;
    try {
      while ((await this.#messages.next()).done !== true) results++;
    } catch {
      // an iterated call throws its status, which comes below
    }
    return { results, status: await this.#status };
  }

  cancel(): void {
    this.#call.cancel();
  }
}
