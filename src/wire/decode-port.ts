/** Port bytes outside of match fields and parameters → `PortValue`. @see P4Runtime §18.2, TRN-11 */
import { refusal } from "../base/situation.js";
import { toHex } from "../base/hex.js";
import { checkText, decodeBits } from "../entity/bits.js";
import { notAPort, portBytes, portFromText } from "../entity/port-number.js";
import type { PortValue } from "../entity/port-value.js";
import { numberAt } from "../entity/record-layout.js";
import type { EntitySchema } from "../entity/schema.js";
import { maxTextBytes } from "../pipeline/pipeline.js";

const number = new Uint8Array(4);

/**
 * A port in the controller's representation: text or number, as the program translates ports. A padded number is
 * taken (BYT-02).
 * @param what names it in messages, such as "replica 2: port"
 * @throws StatusError INVALID_ARGUMENT if it is empty, no value of the type, or no port of the device
 */
export function decodePort(bytes: Uint8Array, { portFormat, isPort, ports }: EntitySchema, what: string): PortValue {
  if (bytes.length === 0) throw refusal("empty-value", `${what} is empty`);
  if (portFormat.kind === "sdn-string") {
    checkText(bytes, maxTextBytes, what, "port");
    const id = portFromText(bytes);
    if (!isPort(id)) throw notAPort(what, `'${Buffer.from(bytes).toString()}'`, ports);
    return { id, sdn: Uint8Array.from(bytes), legacy: false };
  }
  decodeBits(bytes, 0, bytes.length, Math.min(portFormat.width, 32), number, 0, 4, what, "port");
  const id = numberAt(number, 0, 4);
  if (!isPort(id)) throw notAPort(what, `0x${toHex(bytes)}`, ports);
  return { id, sdn: portBytes(id), legacy: false };
}

/** A port in a deprecated number field (`Replica.egress_port`, `watch`). @throws StatusError INVALID_ARGUMENT if it is none */
export function legacyPort(id: number, { isPort, ports }: EntitySchema, what: string): PortValue {
  if (!isPort(id)) throw notAPort(what, id.toString(), ports);
  return { id, sdn: portBytes(id), legacy: true };
}
