/** Bundles of segments made by hand, and sent as a virtual machine would: a packet socket with a virtio-net header. */
import { be, ethernet, hex, ipv4, ipv6 } from "../support/frame-builder.js";
import { runWith } from "../support/commands.js";
import type { Namespace } from "../support/namespace.js";

export interface Bundle {
  readonly version: 4 | 6;
  /** 6 TCP, 17 UDP. */
  readonly protocol: number;
  /** TPID and TCI of each tag, the outer one first. */
  readonly tags: readonly number[];
  /** Payload of each segment but the last. */
  readonly segmentBytes: number;
  readonly payload: Uint8Array;
}

/** What the socket is given. */
export interface Sendable {
  readonly header: readonly number[];
  readonly frame: Uint8Array;
}

/** VIRTIO_NET_HDR_F_NEEDS_CSUM, and VIRTIO_NET_HDR_GSO_… of TCP over IPv4 and IPv6, and of UDP. @see linux/virtio_net.h */
const needsChecksum = 1;
const gsoTypes = { tcp4: 1, tcp6: 4, udp: 5 } as const;
const tcp = 6;

/** To port 5001, IPv4 id 100, TCP sequence 7 with ACK and PSH; the transport checksum is that of the pseudo header. */
export function bundleOf({ version, protocol, tags, segmentBytes, payload }: Bundle): Sendable {
  const isTcp = protocol === tcp;
  const transportBytes = isTcp ? 20 : 8;
  const length = transportBytes + payload.length;
  const addresses =
    version === 4
      ? [...hex("0a000001"), ...hex("0a000002")]
      : hex("20010db800000000000000000000000120010db8000000ff0000000000000002");
  const sum = be(onesSum([...addresses, ...be(length, 4), 0, protocol]), 2);
  const transport = isTcp
    ? [...be(4000, 2), ...be(5001, 2), ...be(7, 4), ...be(1, 4), 0x50, 0x18, 0x10, 0, ...sum, 0, 0]
    : [...be(4000, 2), ...be(5001, 2), ...be(length, 2), ...sum];
  const body = [...transport, ...payload];
  const packet = version === 4 ? withId(ipv4({ protocol }, body)) : ipv6({ next: protocol }, body);
  const frame = ethernet(...tags.map((tag) => be(tag, 4)), packet);
  const start = frame.length - length;
  const gso = isTcp ? (version === 4 ? gsoTypes.tcp4 : gsoTypes.tcp6) : gsoTypes.udp;
  const words = [start + transportBytes, segmentBytes, start, isTcp ? 16 : 6];
  return { header: [needsChecksum, gso, ...words.flatMap((word) => be(word, 2).reverse())], frame };
}

/** Puts id 100 into an IPv4 packet behind its EtherType. */
function withId(packet: readonly number[]): number[] {
  const changed = [...packet];
  changed.splice(2 + 4, 2, 0, 100);
  changed.splice(2 + 10, 2, 0, 0);
  changed.splice(2 + 10, 2, ...be(0xffff ^ onesSum(changed.slice(2, 22)), 2));
  return changed;
}

function onesSum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** SOL_PACKET, PACKET_VNET_HDR: a header before each frame says how it is a bundle. @see packet(7) */
const [solPacket, vnetHeader] = [263, 15];

/** Sends what standard input has, a line each; waits where the netdev has no room. */
const sender = (netdev: string) => `
import errno, socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.setsockopt(${solPacket}, ${vnetHeader}, 1)
s.bind(("${netdev}", 0))
for line in sys.stdin:
    while True:
        try:
            s.send(bytes.fromhex(line))
            break
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            time.sleep(0.0005)
`;

/** Sends them, in order. @throws Error if the kernel refuses one for good */
export function sendBundles(namespace: Namespace, netdev: string, bundles: readonly Sendable[]): void {
  const lines = bundles.map(({ header, frame }) => Buffer.from([...header, ...frame]).toString("hex"));
  runWith(lines.join("\n"), "ip", ["netns", "exec", namespace.name, "python3", "-c", sender(netdev)]);
}
