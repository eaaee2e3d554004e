/** What every handler has at hand. */
import type * as grpc from "@grpc/grpc-js";
import type { Logger } from "../base/logger.js";
import { notFound, type Status } from "../base/status.js";
import type { BacklogLimit } from "../packetio/backlog.js";
import { unknownDevice } from "../session/refusal.js";
import type { Caller } from "../switch/caller.js";
import type { Switch } from "../switch/switch.js";

/** What whoever stops the server sees of a stream. */
export interface RunningStream {
  /** Ends the call. Nothing happens if it has ended. */
  end(status: Status): void;
}

export interface RpcContext {
  readonly devices: ReadonlyMap<bigint, Switch>;
  readonly log: Logger;
  /** For Capabilities: the release, such as `0.1.0`, where and on what it runs. */
  readonly build: { readonly version: string; readonly platform: string; readonly runtime: string };
  /** Largest message taken, in bytes. */
  readonly maxMessageBytes: number;
  readonly backlog: BacklogLimit;
  /** Answers to refused stream messages; undefined: none are sent (STE-05). */
  readonly streamErrors: { readonly perSecond: number; readonly echoBytes: number } | undefined;
  /** Running streams that no device ends: of who has not arbitrated, Reads, subscriptions, the standard services. */
  readonly streams: Set<RunningStream>;
  /** An invariant broke: the process must not keep serving. */
  readonly fatal: (error: unknown) => void;
  /** Counts one finished RPC by method and canonical code. */
  readonly finished: (method: string, code: number, seconds: number) => void;
}

/** @throws StatusError NOT_FOUND for an unknown device, 0 included (WRT-01, SFP-01, GFP-01, RED-01) */
export function deviceOf(context: RpcContext, deviceId: bigint): Switch {
  const device = context.devices.get(deviceId);
  if (device === undefined) throw notFound(unknownDevice(deviceId).message, { device_id: deviceId });
  return device;
}

/** What all calls have. */
export interface Call {
  readonly metadata: grpc.Metadata;
  getPeer(): string;
}

/** Who is at the other end of `call`. Nothing is authenticated yet. */
export function callerOf(call: { getPeer(): string }): Caller {
  return { peer: call.getPeer(), principal: "anonymous" };
}

export type UnaryCall = grpc.ServerUnaryCall<Buffer, Buffer>;
export type ServerStreamCall = grpc.ServerWritableStream<Buffer, Buffer>;
export type BidiCall = grpc.ServerDuplexStream<Buffer, Buffer>;
