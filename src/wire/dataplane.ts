/** Messages of the injection service ⇄ frames and their fates. */
import { invalidArgument } from "../base/status.js";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";

export interface InjectRequest {
  /** Undefined: not set. */
  readonly ingress:
    | { readonly kind: "number"; readonly port: number }
    | { readonly kind: "translated"; readonly value: Uint8Array }
    | undefined;
  /** A copy. */
  readonly payload: Uint8Array;
}

/** @throws StatusError INVALID_ARGUMENT if `bytes` are no InjectPacketRequest */
export function decodeInjectRequest(bytes: Uint8Array): InjectRequest {
  const reader = new ByteReader();
  let ingress: InjectRequest["ingress"];
  let payload: Uint8Array = new Uint8Array(0);
  reader.begin(bytes);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) ingress = { kind: "number", port: reader.uint32() };
    else if (tag === 0x12) ingress = { kind: "translated", value: Uint8Array.from(reader.view()) };
    else if (tag === 0x1a) payload = Uint8Array.from(reader.view());
    else reader.skip();
  }
  return { ingress, payload };
}

/** Requires an ingress port. @throws StatusError INVALID_ARGUMENT if none is set */
export function ingressOf(request: InjectRequest): NonNullable<InjectRequest["ingress"]> {
  if (request.ingress === undefined)
    throw invalidArgument("no ingress port is set: give dataplane_ingress_port or p4rt_ingress_port");
  return request.ingress;
}

/** A frame at a port; `controllerPort` undefined: the pipeline does not translate ports. */
export interface PortFrame {
  readonly port: number;
  readonly controllerPort: Uint8Array | undefined;
  readonly frame: Uint8Array;
}

function outcomes(writer: ByteWriter, tag: number, outputs: readonly PortFrame[]): void {
  const set = writer.open(tag);
  for (const { port, controllerPort, frame } of outputs) {
    const packet = writer.open(0x0a);
    writer.tag(0x08);
    writer.uint32(port);
    writer.bytesField(0x12, frame);
    if (controllerPort !== undefined) writer.bytesField(0x1a, controllerPort);
    writer.close(packet);
  }
  writer.close(set);
}

/** An InjectPacketResponse: one PacketSet, since nothing here is chosen at random; the trace stays unset. */
export function encodeInjectResponse(outputs: readonly PortFrame[]): Buffer {
  const writer = new ByteWriter();
  outcomes(writer, 0x12, outputs);
  return writer.take();
}

/** A SubscribeResultsResponse that says the subscription is active. */
export function encodeSubscriptionActive(): Buffer {
  return Buffer.from([0x0a, 0x00]);
}

/** A SubscribeResultsResponse with the fate of one frame. */
export function encodeResult(input: PortFrame, outputs: readonly PortFrame[]): Buffer {
  const writer = new ByteWriter();
  const result = writer.open(0x12);
  const packet = writer.open(0x0a);
  writer.tag(0x08);
  writer.uint32(input.port);
  writer.bytesField(0x12, input.frame);
  if (input.controllerPort !== undefined) writer.bytesField(0x1a, input.controllerPort);
  writer.close(packet);
  outcomes(writer, 0x1a, outputs);
  writer.close(result);
  return writer.take();
}
