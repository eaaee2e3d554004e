/** A P4Runtime client that shares no codec with the agent: generated classes on grpc-js. */
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { fourward, google, p4 } from "../../src/wire/gen/proto.js";
import { loadP4Info, type PublishedProgram } from "./p4info.js";

type Message<T> = { encode(message: never): { finish(): Uint8Array }; decode(bytes: Uint8Array): T };

const service = "/p4.v1.P4Runtime/";
const timeoutMs = 8000;

/** One element of a failed batch: its code, name for name, and message. */
export interface SlotError {
  readonly code: number;
  readonly message: string;
  readonly space: string;
  /** In that space; 0 = none. */
  readonly number: number;
}

/** A failed RPC as a test looks at it. `slots` is undefined without `grpc-status-details-bin`. */
export interface Failure {
  readonly code: number;
  readonly message: string;
  readonly slots: readonly SlotError[] | undefined;
  readonly details: google.rpc.Status | undefined;
}

export type WriteRequest = p4.v1.WriteRequest.$Properties;
export type Update = p4.v1.Update.$Properties;
export type TableEntry = p4.v1.TableEntry.$Properties;
export type Entity = p4.v1.Entity.$Properties;

export class P4Client implements Disposable {
  readonly #client: grpc.Client;

  constructor(address: string, options: grpc.ChannelOptions = {}) {
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
      ...options,
    });
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  write(request: WriteRequest): Promise<p4.v1.WriteResponse> {
    return this.unary(`${service}Write`, p4.v1.WriteRequest.encode(request).finish(), p4.v1.WriteResponse);
  }

  setPipeline(request: p4.v1.SetForwardingPipelineConfigRequest.$Properties): Promise<unknown> {
    const bytes = p4.v1.SetForwardingPipelineConfigRequest.encode(request).finish();
    return this.unary(`${service}SetForwardingPipelineConfig`, bytes, p4.v1.SetForwardingPipelineConfigResponse);
  }

  getPipeline(
    request: p4.v1.GetForwardingPipelineConfigRequest.$Properties,
  ): Promise<p4.v1.GetForwardingPipelineConfigResponse> {
    const bytes = p4.v1.GetForwardingPipelineConfigRequest.encode(request).finish();
    return this.unary(`${service}GetForwardingPipelineConfig`, bytes, p4.v1.GetForwardingPipelineConfigResponse);
  }

  capabilities(request: p4.v1.CapabilitiesRequest.$Properties = {}): Promise<p4.v1.CapabilitiesResponse> {
    const bytes = p4.v1.CapabilitiesRequest.encode(request).finish();
    return this.unary(`${service}Capabilities`, bytes, p4.v1.CapabilitiesResponse);
  }

  /** Every response of a Read, in order. */
  async readResponses(request: p4.v1.ReadRequest.$Properties): Promise<p4.v1.ReadResponse[]> {
    const bytes = p4.v1.ReadRequest.encode(request).finish();
    return this.serverStream(`${service}Read`, bytes, p4.v1.ReadResponse);
  }

  /** Every entity a Read gives. */
  async read(request: p4.v1.ReadRequest.$Properties): Promise<Entity[]> {
    return (await this.readResponses(request)).flatMap((response) => response.entities);
  }

  /** The responses that came before a Read failed, and its failure. */
  async failedRead(request: p4.v1.ReadRequest.$Properties): Promise<{ entities: Entity[]; failure: Failure }> {
    const entities: Entity[] = [];
    const bytes = p4.v1.ReadRequest.encode(request).finish();
    const failure = await rejected(
      this.serverStream(`${service}Read`, bytes, p4.v1.ReadResponse, (response) => entities.push(...response.entities)),
    );
    return { entities, failure };
  }

  /** Injects a frame into a software switch. */
  inject(
    request: fourward.dataplane.InjectPacketRequest.$Properties,
  ): Promise<fourward.dataplane.InjectPacketResponse> {
    const bytes = fourward.dataplane.InjectPacketRequest.encode(request).finish();
    return this.unary("/fourward.dataplane.Dataplane/InjectPacket", bytes, fourward.dataplane.InjectPacketResponse);
  }

  /** Opens a StreamChannel. */
  stream(metadata = new grpc.Metadata()): P4Stream {
    return new P4Stream(this.#client.makeBidiStreamRequest(`${service}StreamChannel`, plain, plain, metadata));
  }

  /** One message to any bidirectional RPC, and its first answer. */
  exchange(path: string, bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      const call = this.#client.makeBidiStreamRequest(path, plain, plain, new grpc.Metadata(), { deadline });
      call.on("data", resolve);
      call.on("error", reject);
      call.on("end", () => reject(new Error("the call ended without an answer")));
      call.end(Buffer.from(bytes));
    });
  }

  /** Any unary RPC with bytes as given. */
  unary<T>(path: string, bytes: Uint8Array, type: Message<T>, metadata = new grpc.Metadata()): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      this.#client.makeUnaryRequest(path, plain, plain, Buffer.from(bytes), metadata, { deadline }, (error, value) => {
        if (error !== null) reject(error);
        else resolve(type.decode(value ?? Buffer.alloc(0)));
      });
    });
  }

  /** Any server-streaming RPC with bytes as given. */
  serverStream<T>(
    path: string,
    bytes: Uint8Array,
    type: Message<T>,
    seen: (message: T) => void = () => {},
  ): Promise<T[]> {
    return new Promise((resolve, reject) => {
      const messages: T[] = [];
      const deadline = Date.now() + timeoutMs;
      const call = this.#client.makeServerStreamRequest(path, plain, plain, Buffer.from(bytes), new grpc.Metadata(), {
        deadline,
      });
      call.on("data", (response: Buffer) => {
        const message = type.decode(response);
        seen(message);
        messages.push(message);
      });
      call.on("error", reject);
      call.on("end", () => resolve(messages));
    });
  }
}

const plain = (bytes: Buffer): Buffer => bytes;

/** A StreamChannel: what comes in waits until the test asks for it. */
export class P4Stream {
  readonly #call: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly #arrived: p4.v1.StreamMessageResponse[] = [];
  readonly #waiting: ((message: p4.v1.StreamMessageResponse | grpc.StatusObject) => void)[] = [];
  #status: grpc.StatusObject | undefined;
  readonly #patienceMs: number;

  /** @param patienceMs how long `next` waits; 8 s by default */
  constructor(call: grpc.ClientDuplexStream<Buffer, Buffer>, patienceMs = timeoutMs) {
    this.#call = call;
    this.#patienceMs = patienceMs;
    call.on("data", (bytes: Buffer) => this.#push(p4.v1.StreamMessageResponse.decode(bytes)));
    call.on("status", (status: grpc.StatusObject) => {
      this.#status = status;
      for (const wake of this.#waiting.splice(0)) wake(status);
    });
    call.on("error", () => {}); // the status says it
  }

  send(message: p4.v1.StreamMessageRequest.$Properties): void {
    this.#call.write(Buffer.from(p4.v1.StreamMessageRequest.encode(message).finish()));
  }

  /** Sends any bytes as one stream message. */
  sendBytes(bytes: Uint8Array): void {
    this.#call.write(Buffer.from(bytes));
  }

  /** The next message. @throws if the stream ends or nothing comes in time; what comes later is for the next call */
  async next(): Promise<p4.v1.StreamMessageResponse> {
    const message = await this.#next();
    assert.ok(!("details" in message), `the stream ended: ${JSON.stringify(message)}`);
    return message;
  }

  /** The status the stream ended with; messages before it are skipped. @throws if it does not end within 8 s */
  async ended(): Promise<grpc.StatusObject> {
    for (;;) {
      const message = await this.#next();
      if ("details" in message) return message;
    }
  }

  /** The next message, which must be an arbitration message. */
  async arbitration(): Promise<p4.v1.MasterArbitrationUpdate.$Properties> {
    const { arbitration } = await this.next();
    assert.ok(arbitration, "the next message is an arbitration message");
    return arbitration;
  }

  /** The next message, which must be a PacketIn. */
  async packetIn(): Promise<p4.v1.PacketIn.$Properties> {
    const { packet } = await this.next();
    assert.ok(packet, "the next message is a PacketIn");
    return packet;
  }

  /** The next message, which must be a StreamError. */
  async error(): Promise<p4.v1.StreamError.$Properties> {
    const { error } = await this.next();
    assert.ok(error, "the next message is a StreamError");
    return error;
  }

  /** Sends a MasterArbitrationUpdate and returns the answer. */
  async arbitrate(
    electionId: number | bigint | undefined,
    more: p4.v1.MasterArbitrationUpdate.$Properties = {},
  ): Promise<p4.v1.MasterArbitrationUpdate.$Properties> {
    this.sendArbitration(electionId, more);
    return this.arbitration();
  }

  sendArbitration(electionId: number | bigint | undefined, more: p4.v1.MasterArbitrationUpdate.$Properties = {}): void {
    const id = electionId === undefined ? {} : { electionId: uint128(BigInt(electionId)) };
    this.send({ arbitration: { deviceId: long(1n), ...id, ...more } });
  }

  /**
   * Proves that nothing more was on its way: the next message is the answer to a marker sent now, which the agent
   * handles after all that came before on this stream.
   */
  async quiet(): Promise<void> {
    this.send({ other: { type_url: "test/marker", value: new Uint8Array(0) } });
    const message = await this.next();
    assert.ok(message.error?.other, `nothing but the marker's answer was expected, not ${JSON.stringify(message)}`);
  }

  /** Half-closes: no more requests. */
  finish(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** Stops reading, as a stuck client would. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  #push(message: p4.v1.StreamMessageResponse): void {
    const wake = this.#waiting.shift();
    if (wake === undefined) this.#arrived.push(message);
    else wake(message);
  }

  #next(): Promise<p4.v1.StreamMessageResponse | grpc.StatusObject> {
    const arrived = this.#arrived.shift() ?? this.#status;
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve, reject) => {
      const wake = (message: p4.v1.StreamMessageResponse | grpc.StatusObject) => {
        clearTimeout(timer);
        resolve(message);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        reject(new Error(`nothing came within ${this.#patienceMs} ms`));
      }, this.#patienceMs);
      this.#waiting.push(wake);
    });
  }
}

/** Why `promise` was rejected by the agent. @throws if it was not */
export async function rejected(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    const { code, details, metadata } = error as grpc.ServiceError; // every rejection here is one
    const bytes = metadata.get("grpc-status-details-bin")[0];
    if (bytes === undefined) return { code, message: details, slots: undefined, details: undefined };
    const status = google.rpc.Status.decode(bytes as Buffer);
    return { code, message: details, slots: status.details.map(slot), details: new google.rpc.Status(status) };
  }
  assert.fail("the RPC was expected to fail");
}

function slot(any: google.protobuf.Any.$Properties): SlotError {
  assert.equal(any.type_url, "type.googleapis.com/p4.v1.Error");
  const { canonicalCode, message, space, code } = p4.v1.Error.decode(any.value ?? new Uint8Array(0));
  assert.ok(canonicalCode === 0 || space === "" || code > 0, `${message}: has no number (docs/errors.md)`);
  return { code: canonicalCode, message, space, number: code };
}

/** A bigint as the generated classes take it. */
export function long(value: bigint) {
  return {
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned: value >= 0n,
  } as never;
}

/** A 128-bit number as `Uint128`. */
export function uint128(value: bigint): p4.v1.Uint128.$Properties {
  return { high: long(value >> 64n), low: long(value & 0xffff_ffff_ffff_ffffn) };
}

/** A stream that is primary with `electionId`, after a push of `program` from test/support/p4info. */
export async function primary(
  client: P4Client,
  electionId = 1n,
  program: PublishedProgram = "wbb",
  { deviceId = 1n }: { readonly deviceId?: bigint } = {},
): Promise<P4Stream> {
  const stream = client.stream();
  const answer = await stream.arbitrate(electionId, { deviceId: long(deviceId) });
  assert.equal(answer.status?.code ?? 0, 0, "became primary");
  await push(client, electionId, program, { deviceId });
  return stream;
}

/** VERIFY_AND_COMMIT of `program` from test/support/p4info. */
export async function push(
  client: P4Client,
  electionId = 1n,
  program: PublishedProgram = "wbb",
  { deviceId = 1n, role = "" }: { readonly deviceId?: bigint; readonly role?: string } = {},
): Promise<void> {
  await client.setPipeline({
    deviceId: long(deviceId),
    role,
    electionId: uint128(electionId),
    action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
    config: { p4info: p4.config.v1.P4Info.decode(loadP4Info(program)) },
  });
}
