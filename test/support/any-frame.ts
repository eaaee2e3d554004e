/** Frames for properties: any bytes, and frames of every kind cut off and changed. */
import fc from "fast-check";
import { arp, ethernet, hex, ipv4, ipv6, lldp, tag, tcp, udp } from "./frame-builder.js";

/** Whole frames that between them have every header the parser knows. */
export const sampleFrames: readonly Uint8Array[] = [
  lldp,
  ethernet(ipv4({ options: hex("01010101") }, udp(1, 2))),
  ethernet(tag(5), tag(6), ipv4({ protocol: 6 }, tcp(1, 2, 3))),
  ethernet(ipv4({ protocol: 1 }, hex("0800 0000"))),
  ethernet(ipv6({ next: 0 }, [...hex("2c00 000000000000 0600 000000000000"), ...tcp(1, 2, 3)])),
  ethernet(ipv6({ next: 51 }, hex("3a01 00000000000000000000 87000000"))),
  ethernet(ipv6({ next: 43 }, [...hex("3c00 000000000000 1100 000000000000"), ...udp(1, 2)])),
  ethernet(tag(5, 1, 0x88a8), arp("10.0.0.1")),
  ethernet(arp("10.0.0.2")),
];

export function anyFrame(): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(fc.tuple(fc.nat(100), fc.nat(255)));
  return fc.oneof(
    fc.uint8Array({ maxLength: 128 }),
    fc.tuple(fc.constantFrom(...sampleFrames), changes, fc.nat(120)).map(([sample, bytes, length]) => {
      const frame = sample.slice(0, length);
      for (const [at, value] of bytes) if (at < frame.length) frame[at] = value;
      return frame;
    }),
  );
}
