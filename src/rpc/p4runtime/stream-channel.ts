/** `StreamChannel`: one controller's arbitration and packets. */
import { systemClock } from "../../base/clock.js";
import { Code, resourceExhausted, StatusError, type Status } from "../../base/status.js";
import { TokenBucket } from "../../base/token-bucket.js";
import type { IdleNotification } from "../../entity/idle-notification.js";
import { Backlog } from "../../packetio/backlog.js";
import { packetOutErrors, type StreamErrorMessage } from "../../packetio/stream-error.js";
import type { ArbitrationMessage, ControllerId } from "../../session/arbitration-message.js";
import type { ControllerStream } from "../../switch/controllers.js";
import type { PacketSource } from "../../switch/packets.js";
import type { Switch } from "../../switch/switch.js";
import { StreamDecoder, type StreamRequest } from "../../wire/decode-stream.js";
import { encodeArbitration, encodeIdleNotification, encodeStreamError } from "../../wire/encode-stream.js";
import { deviceOf, type BidiCall, type RpcContext } from "../context.js";
import { serviceError } from "../unary.js";

/** Arbitration messages and errors that may wait for a client that does not read. */
const maxWaitingReplies = 1024;
/** Replies that may wait, and bytes of them, where another idle notification would wait too. */
const maxWaitingNotifications = { replies: 64, bytes: 4 * 1024 * 1024 };

/** Where a stream belongs once its first arbitration message came. */
interface Membership {
  readonly device: Switch;
  readonly id: ControllerId;
  readonly source: PacketSource;
}

export function streamChannel(context: RpcContext, call: BidiCall): void {
  new Channel(context, call).open();
}

class Channel implements ControllerStream {
  readonly peer: string;
  readonly backlog: Backlog;
  readonly #context: RpcContext;
  readonly #call: BidiCall;
  readonly #decoder = new StreamDecoder();
  /** Replies go before packets. */
  readonly #replies: Buffer[] = [];
  #replyBytes = 0;
  readonly #began = performance.now();
  /** Bounds the errors of a stream that has not arbitrated; after that its source does. */
  readonly #early: TokenBucket | undefined;
  #member: Membership | undefined;
  #blocked = false;
  #ended = false;

  constructor(context: RpcContext, call: BidiCall) {
    this.#context = context;
    this.#call = call;
    this.peer = call.getPeer();
    this.backlog = new Backlog(context.backlog, () => this.#pump());
    const errors = context.streamErrors;
    this.#early = errors && new TokenBucket(systemClock, { perSecond: errors.perSecond, burst: errors.perSecond });
  }

  open(): void {
    const call = this.#call;
    this.#context.streams.add(this);
    call.on("data", (bytes: Buffer) => this.#receive(bytes));
    call.on("drain", () => {
      this.#blocked = false;
      this.#pump();
    });
    call.on("end", () => this.#halfClosed());
    call.on("cancelled", () => this.#gone(Code.CANCELLED));
    call.on("error", () => this.#gone(Code.CANCELLED));
  }

  notify(message: ArbitrationMessage): void {
    this.#reply(encodeArbitration(message));
  }

  error(error: StreamErrorMessage): void {
    if (this.#replies.length < maxWaitingReplies / 2) this.#reply(encodeStreamError(error)); // errors are the first to be dropped (STE-06)
  }

  idle(notification: IdleNotification): boolean {
    const { replies, bytes } = maxWaitingNotifications;
    if (this.#ended || this.#replies.length >= replies || this.#replyBytes >= bytes) return false;
    this.#reply(encodeIdleNotification(notification));
    return true;
  }

  end(status: Status): void {
    this.#fail(new StatusError(status));
  }

  #receive(bytes: Buffer): void {
    if (this.#ended) return;
    try {
      this.#handle(this.#decoder.decode(bytes));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the call with what `error` means to the peer. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#leave();
    const failure = serviceError(this.#context, "StreamChannel", this.#call, error);
    this.#call.emit("error", failure);
    this.#finish(failure.code);
  }

  #handle(request: StreamRequest): void {
    switch (request.kind) {
      case "arbitration": {
        const member = this.#member ?? this.#join(request.update.deviceId);
        return member.device.controllers.update(member.id, request.update);
      }
      case "packet-out": {
        const member = this.#member;
        if (member === undefined)
          return this.#error(
            Code.PERMISSION_DENIED,
            "packet-out",
            "send a MasterArbitrationUpdate first",
            request.raw,
            packetOutErrors["not-primary"].code,
          );
        return member.device.packets.out(member.id, member.source, request.packet, request.raw);
      }
      case "digest-list-ack":
        return this.#digestAck(request.digestId, request.raw);
      case "other":
        return this.#error(
          Code.UNIMPLEMENTED,
          "other",
          "no architecture-specific stream message is known",
          request.raw,
        );
      case "nothing":
        return this.#error(Code.INVALID_ARGUMENT, "other", "the stream message has no field set", undefined);
    }
  }

  /** The first arbitration message decides which device the stream belongs to. */
  #join(deviceId: bigint): Membership {
    const device = deviceOf(this.#context, deviceId);
    this.#context.streams.delete(this);
    this.#member = { device, id: device.controllers.connect(this), source: device.packets.source(this) };
    return this.#member;
  }

  /** No digests here: an id of the P4Info is UNIMPLEMENTED, any other one wrong (STE-09, STE-12). */
  #digestAck(digestId: number, raw: Uint8Array): void {
    const known = this.#member?.device.active?.pipeline.objects.get(digestId)?.kind === "digest";
    if (known) this.#error(Code.UNIMPLEMENTED, "digest-list-ack", "digests are not implemented", raw);
    else this.#error(Code.INVALID_ARGUMENT, "digest-list-ack", `digest_id ${digestId} is no digest of the P4Info`, raw);
  }

  #error(
    canonical: Code,
    about: StreamErrorMessage["about"],
    message: string,
    offending: Uint8Array | undefined,
    code = 0,
  ): void {
    const { streamErrors } = this.#context;
    const bucket = this.#member === undefined ? this.#early : this.#member.source.errors;
    if (streamErrors === undefined || bucket?.take() !== true) return;
    const echo = offending !== undefined && offending.length <= streamErrors.echoBytes ? offending : undefined;
    this.error({ canonical, message, code, about, offending: echo });
  }

  #reply(message: Buffer): void {
    if (this.#ended) return;
    if (this.#replies.length >= maxWaitingReplies)
      return this.end(resourceExhausted(`${maxWaitingReplies} replies wait: the client does not read`).status);
    this.#replies.push(message);
    this.#replyBytes += message.length;
    this.#pump();
  }

  /** Writes as long as the stream takes more. */
  #pump(): void {
    while (!this.#blocked && !this.#ended) {
      const reply = this.#replies.shift();
      this.#replyBytes -= reply?.length ?? 0;
      const message = reply ?? this.backlog.take();
      if (message === undefined) return;
      this.#blocked = !this.#call.write(message);
    }
  }

  /** The client is done writing: it counts as gone, and the call ends well (ARB-58). */
  #halfClosed(): void {
    if (this.#ended) return;
    this.#leave();
    this.#call.end();
    this.#finish(Code.OK);
  }

  #gone(code: number): void {
    if (this.#ended) return;
    this.#leave();
    this.#finish(code);
  }

  #leave(): void {
    this.#ended = true;
    this.#context.streams.delete(this);
    const lost = this.backlog.clear();
    const member = this.#member;
    if (member === undefined) return;
    if (lost > 0) member.device.drops.add("controller-gone", lost);
    member.device.controllers.disconnect(member.id);
  }

  #finish(code: number): void {
    this.#context.finished("StreamChannel", code, (performance.now() - this.#began) / 1000);
  }
}
