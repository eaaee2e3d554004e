/** Frames from the left host to the right one, or to a group. */
import { ipv4, udp } from "../support/frame-builder.js";
import { at } from "./neighbourhood.js";

const minBytes = 60;
const headBytes = 14;
const ipBytes = 20;
const udpBytes = 8;

export interface Head {
  readonly to: string;
  /** EtherType and tags before it, in hexadecimal. */
  readonly type: string;
}

/** A frame of the left host, padded to what a wire carries at least; `text` makes it one of its kind. */
export function fromLeft({ to, type }: Head, text: string): Buffer {
  const head = Buffer.from(`${to}${at.left.mac}${type}`.replaceAll(":", ""), "hex");
  return padded(Buffer.concat([head, Buffer.from(text)]));
}

/** An LLDP frame as far as its head goes. */
export function lldpFrame(text: string): Buffer {
  return fromLeft({ to: "01:80:c2:00:00:0e", type: "88cc" }, text);
}

/** An IPv4 UDP frame of `bytes` in all from the left host through the box to the right one. */
export function datagram({ ttl, bytes = minBytes }: { readonly ttl: number; readonly bytes?: number }): Buffer {
  const payload = new Array<number>(bytes - headBytes - ipBytes - udpBytes).fill(0x5a);
  const packet = ipv4({ src: at.left.v4, dst: at.right.v4, ttl }, [...udp(40_000, 9), ...payload]);
  const macs = Buffer.from(`${at.box.mac}${at.left.mac}`.replaceAll(":", ""), "hex");
  return padded(Buffer.concat([macs, Buffer.from(packet)]));
}

function padded(frame: Buffer): Buffer {
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, minBytes - frame.length))]);
}
