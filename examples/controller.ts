/** A small P4Runtime controller: the RPCs of one device over grpc-js, messages by the generated classes. */
import * as grpc from "@grpc/grpc-js";
import { codeName } from "../src/base/status.js";
import { fourward, google, p4 } from "../src/wire/gen/proto.js";

/** What generated message classes have in common. */
interface MessageClass<Properties, Message> {
  encode(message: Properties): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

/** The CPU's port number on the software datapath. */
export const cpuPort = 0xfffffffd;

type Uint64 = p4.v1.Uint128["low"];

/** A number for a 64-bit field; the generated classes take a `bigint` for an object and write 0. */
function uint64(value: bigint): Uint64 {
  return p4.v1.Uint128.fromObject({ low: value.toString() }).low;
}

/** Nothing answers at the address. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** One element of a batch that failed. */
export interface SlotError {
  readonly code: string;
  readonly message: string;
}

const connectMs = 3000;
const callMs = 10_000;
const same = (bytes: Buffer): Buffer => bytes;

export class Controller implements Disposable {
  readonly #client: grpc.Client;
  readonly #deviceId: Uint64;
  readonly #stream: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly #messages: AsyncIterator<Buffer>;
  #electionId: p4.v1.Uint128.$Properties = {};

  private constructor(client: grpc.Client, deviceId: bigint) {
    this.#client = client;
    this.#deviceId = uint64(deviceId);
    this.#stream = client.makeBidiStreamRequest("/p4.v1.P4Runtime/StreamChannel", same, same);
    this.#messages = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>; // what `same` gives
  }

  /** Connects and opens the StreamChannel. @throws Unreachable if nothing answers */
  static async connect(address: string, deviceId: bigint): Promise<Controller> {
    const client = new grpc.Client(address, grpc.credentials.createInsecure());
    const channel = client.getChannel();
    const { READY, TRANSIENT_FAILURE } = grpc.connectivityState;
    let state = channel.getConnectivityState(true);
    while (state !== READY) {
      const waited = state;
      const failed = await new Promise<Error | undefined>((resolve) => {
        channel.watchConnectivityState(waited, Date.now() + connectMs, resolve);
      });
      state = channel.getConnectivityState(true);
      if (failed === undefined && state !== TRANSIENT_FAILURE) continue;
      client.close();
      throw new Unreachable(`nothing answers at ${address}`, { cause: failed });
    }
    return new Controller(client, deviceId);
  }

  /** Offers `electionId`. @returns whether this controller is primary now, and the agent's sentence */
  async arbitrate(electionId: bigint): Promise<{ readonly primary: boolean; readonly message: string }> {
    this.#electionId = { high: uint64(electionId >> 64n), low: uint64(BigInt.asUintN(64, electionId)) };
    this.#send({ arbitration: { deviceId: this.#deviceId, electionId: this.#electionId } });
    const { arbitration } = await this.#next();
    const { code, message } = arbitration?.status ?? {};
    return { primary: arbitration !== null && (code ?? 0) === 0, message: message ?? "" };
  }

  /** Pushes and commits a pipeline, which empties the tables. */
  async push(p4info: p4.config.v1.P4Info): Promise<void> {
    const request = {
      deviceId: this.#deviceId,
      electionId: this.#electionId,
      action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
      config: { p4info },
    };
    const { SetForwardingPipelineConfigRequest: Request, SetForwardingPipelineConfigResponse: Response } = p4.v1;
    await this.#unary("/p4.v1.P4Runtime/SetForwardingPipelineConfig", Request, request, Response);
  }

  /** Inserts `entries` in one batch. */
  async insert(entries: readonly p4.v1.TableEntry.$Properties[]): Promise<void> {
    const updates = entries.map((tableEntry) => ({ type: p4.v1.Update.Type.INSERT, entity: { tableEntry } }));
    const request = { deviceId: this.#deviceId, electionId: this.#electionId, updates };
    await this.#unary("/p4.v1.P4Runtime/Write", p4.v1.WriteRequest, request, p4.v1.WriteResponse);
  }

  /** Every entry of a table, with its counter. */
  async entries(tableId: number): Promise<readonly p4.v1.TableEntry.$Properties[]> {
    const entities = [{ tableEntry: { tableId, counterData: {} } }];
    const bytes = p4.v1.ReadRequest.encode({ deviceId: this.#deviceId, entities }).finish();
    const found: p4.v1.TableEntry.$Properties[] = [];
    for await (const chunk of this.#serverStream("/p4.v1.P4Runtime/Read", bytes))
      for (const { tableEntry } of p4.v1.ReadResponse.decode(chunk).entities) if (tableEntry) found.push(tableEntry);
    return found;
  }

  /** The next PacketIn. */
  async packetIn(): Promise<p4.v1.PacketIn.$Properties> {
    const message = await this.#next();
    if (!message.packet) throw new Error(`a PacketIn was expected, not ${JSON.stringify(message)}`);
    return message.packet;
  }

  packetOut(payload: Buffer, metadata: readonly p4.v1.PacketMetadata.$Properties[]): void {
    this.#send({ packet: { payload, metadata: [...metadata] } });
  }

  /** Puts a frame into the software switch by `port`. @returns the ports it leaves by */
  async inject(port: number, payload: Buffer): Promise<readonly number[]> {
    const { InjectPacketRequest: Request, InjectPacketResponse: Response } = fourward.dataplane;
    const request = { dataplaneIngressPort: port, payload };
    const answer = await this.#unary("/fourward.dataplane.Dataplane/InjectPacket", Request, request, Response);
    return (answer.possibleOutcomes[0]?.packets ?? []).map(({ dataplaneEgressPort }) => dataplaneEgressPort ?? 0);
  }

  /** What becomes of frames; the first value is undefined and says that from now on none is missed. */
  async *results(): AsyncGenerator<fourward.dataplane.ProcessPacketResult.$Properties | undefined> {
    const { SubscribeResultsRequest: Request, SubscribeResultsResponse: Response } = fourward.dataplane;
    const bytes = Request.encode({}).finish();
    for await (const chunk of this.#serverStream("/fourward.dataplane.Dataplane/SubscribeResults", bytes))
      yield Response.decode(chunk).result ?? undefined;
  }

  /** Leaves: the agent sees the stream end. */
  [Symbol.dispose](): void {
    this.#stream.on("error", () => {}); // cancelled, as asked
    this.#stream.cancel();
    this.#client.close();
  }

  #send(message: p4.v1.StreamMessageRequest.$Properties): void {
    this.#stream.write(Buffer.from(p4.v1.StreamMessageRequest.encode(message).finish()));
  }

  async #next(): Promise<p4.v1.StreamMessageResponse> {
    const next = await this.#messages.next();
    if (next.done === true) throw new Error("the agent ended the stream");
    return p4.v1.StreamMessageResponse.decode(next.value);
  }

  async *#serverStream(path: string, bytes: Uint8Array): AsyncGenerator<Buffer> {
    const call = this.#client.makeServerStreamRequest(path, same, same, Buffer.from(bytes));
    try {
      for await (const chunk of call) yield chunk as Buffer; // what `same` gives
    } finally {
      call.cancel();
    }
  }

  #unary<Properties, Message>(
    path: string,
    request: MessageClass<Properties, unknown>,
    message: Properties,
    response: MessageClass<never, Message>,
  ): Promise<Message> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(request.encode(message).finish());
      this.#client.makeUnaryRequest(path, same, same, bytes, { deadline: Date.now() + callMs }, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(response.decode(answer ?? Buffer.alloc(0)));
      });
    });
  }
}

/** The failed elements of a batch, from the status that comes beside the gRPC code. */
export function slotErrors(error: grpc.ServiceError): readonly SlotError[] {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return [];
  return google.rpc.Status.decode(bytes)
    .details.map(({ value }) => p4.v1.Error.decode(value ?? new Uint8Array(0)))
    .map(({ canonicalCode, message }) => ({ code: codeName(canonicalCode), message }));
}

/** True for an RPC that the agent refused. */
export function isRefusal(error: unknown): error is grpc.ServiceError {
  return error instanceof Error && "code" in error && "details" in error && "metadata" in error;
}
