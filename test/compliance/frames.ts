/** Frames as wires carry them: not shorter than 60 bytes, as somebody on the way would pad them. */
import * as builder from "../support/frame-builder.js";

const wireBytes = 60;

/** An Ethernet frame of `parts`, padded with zeros. */
export function ethernet(...parts: readonly number[][]): Uint8Array {
  return padded(builder.ethernet(...parts));
}

/** A frame of EtherType 0x88cc. */
export const lldp = padded(builder.lldp);

function padded(frame: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.max(frame.length, wireBytes));
  whole.set(frame);
  return whole;
}
