/** Memory for one batch of punted frames. */
import type { PortId } from "../port.js";

const firstFrames = 256;
const firstBytes = 64 * 1024;

/** Frames side by side, with their lengths and ports in columns. Grows by doubling. */
export class PuntSlab {
  count = 0;
  /** Bytes in use. */
  used = 0;
  bytes = uncleared(firstBytes);
  offsets = new Uint32Array(firstFrames);
  lengths = new Uint32Array(firstFrames);
  ingressPorts = new Uint32Array(firstFrames);
  egressPorts = new Uint32Array(firstFrames);

  /** Appends a copy of `frame`. */
  append(frame: Uint8Array, ingress: PortId, egress: PortId | 0): void {
    const at = this.count++;
    if (at === this.offsets.length) this.#growColumns();
    if (this.used + frame.length > this.bytes.length) this.#growBytes(this.used + frame.length);
    this.bytes.set(frame, this.used);
    this.offsets[at] = this.used;
    this.lengths[at] = frame.length;
    this.ingressPorts[at] = ingress;
    this.egressPorts[at] = egress;
    this.used += frame.length;
  }

  clear(): void {
    this.count = 0;
    this.used = 0;
  }

  #growColumns(): void {
    this.offsets = grown(this.offsets);
    this.lengths = grown(this.lengths);
    this.ingressPorts = grown(this.ingressPorts);
    this.egressPorts = grown(this.egressPorts);
  }

  #growBytes(needed: number): void {
    const wider = uncleared(Math.max(needed, 2 * this.bytes.length));
    wider.set(this.bytes.subarray(0, this.used));
    this.bytes = wider;
  }
}

function grown(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(2 * column.length);
  wider.set(column);
  return wider;
}

/** Memory that is written before it is read; not a Buffer, whose methods do other things. */
function uncleared(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}
