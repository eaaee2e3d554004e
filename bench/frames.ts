/** Messages about packets, encoded before any clock starts. */
import { fourward, p4 } from "../src/wire/gen/proto.js";
import { claim } from "./controller.js";
import { actionId, tableId } from "./programs.js";

/** In front of the number in each frame. */
const magic = Buffer.from("b3a7c9d1", "hex");
const magicAt = 42;
const destination = Buffer.from("0a000002", "hex");

/** A UDP frame of 120 bytes to 10.0.0.2 that carries `serial`, a number of 32 bits. */
export function udpFrame(serial: number): Buffer {
  const frame = Buffer.alloc(120);
  frame.write("0200000000020200000000010800", "hex");
  frame.write("4500006a00000000401100000a000001", 14, "hex");
  destination.copy(frame, 30);
  frame.write("04d2003500560000", 34, "hex");
  magic.copy(frame, magicAt);
  frame.writeUInt32BE(serial, magicAt + magic.length);
  return frame;
}

/** The number of the `udpFrame` in `message`; undefined if there is none. */
export function serialIn(message: Buffer): number | undefined {
  const at = message.indexOf(magic);
  return at < 0 ? undefined : message.readUInt32BE(at + magic.length);
}

/** A WriteRequest with the entry that traps those frames; it wins over all others. */
export function trapRequest(): Buffer {
  const match = [{ fieldId: 2, ternary: { value: destination, mask: Buffer.from("ffffffff", "hex") } }];
  const type = p4.v1.Update.Type.INSERT;
  const tableEntry = { tableId, match, priority: 1_000_000, action: { action: { actionId } } };
  return Buffer.from(p4.v1.WriteRequest.encode({ ...claim, updates: [{ type, entity: { tableEntry } }] }).finish());
}

/** An InjectPacketRequest on port 1. */
export function injectRequest(payload: Buffer): Buffer {
  return Buffer.from(fourward.dataplane.InjectPacketRequest.encode({ dataplaneIngressPort: 1, payload }).finish());
}

/** A PacketOut: out of port 2, or into the switch as if received. */
export function packetOut(payload: Buffer, to: "port" | "ingress"): Buffer {
  const metadata = [
    { metadataId: 1, value: Buffer.of(2) },
    { metadataId: 2, value: Buffer.of(to === "ingress" ? 1 : 0) },
  ];
  return Buffer.from(p4.v1.StreamMessageRequest.encode({ packet: { payload, metadata } }).finish());
}

/** A message that is answered at once, by an error, when all that came before on the stream is handled. */
export function marker(): Buffer {
  const other = { type_url: "bench/marker", value: new Uint8Array(0) };
  return Buffer.from(p4.v1.StreamMessageRequest.encode({ other }).finish());
}
