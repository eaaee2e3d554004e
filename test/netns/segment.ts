/** Frames as they should be on a wire: whole TCP and UDP packets whose lengths and checksums are right. */
import assert from "node:assert/strict";

/** A TCP or UDP packet in an Ethernet frame. */
export interface Packet {
  /** TPID and TCI of each tag, the outer one first. */
  readonly tags: readonly number[];
  readonly version: 4 | 6;
  /** Of IPv4; 0 for IPv6. */
  readonly id: number;
  readonly protocol: number;
  readonly srcPort: number;
  readonly dstPort: number;
  /** Of TCP; 0 for UDP. */
  readonly sequence: number;
  readonly tcpFlags: number;
  readonly payload: Uint8Array;
}

const tcp = 6;
const udp = 17;
const tagTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8]);

/**
 * What `frame` carries. Its end is that of the IP packet: nothing is behind it.
 * @throws AssertionError if a length or a checksum is not right
 */
export function checkedPacket(frame: Uint8Array): Packet {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const tags: number[] = [];
  let at = 12;
  for (; tagTypes.has(view.getUint16(at)); at += 4) tags.push(view.getUint32(at));
  const type = view.getUint16(at);
  at += 2;
  assert.ok(type === 0x0800 || type === 0x86dd, `EtherType ${type}`);
  const version = type === 0x0800 ? 4 : 6;
  const headerBytes = version === 4 ? ((frame[at] ?? 0) & 0xf) * 4 : 40;
  const length = version === 4 ? view.getUint16(at + 2) : headerBytes + view.getUint16(at + 4);
  assert.equal(frame.length - at, length, "the length that IP says");
  if (version === 4) assert.equal(onesSum(frame.subarray(at, at + headerBytes)), 0xffff, "the IPv4 header's checksum");
  const protocol = frame[at + (version === 4 ? 9 : 6)] ?? 0;
  const addresses = version === 4 ? frame.subarray(at + 12, at + 20) : frame.subarray(at + 8, at + 40);
  const segment = frame.subarray(at + headerBytes);
  const pseudo = [...addresses, segment.length >> 8, segment.length & 0xff, 0, protocol];
  assert.equal(onesSum([...pseudo, ...segment]), 0xffff, "the transport checksum");
  return { tags, version, id: version === 4 ? view.getUint16(at + 4) : 0, protocol, ...transportOf(protocol, segment) };
}

function transportOf(protocol: number, segment: Uint8Array) {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  const ports = { srcPort: view.getUint16(0), dstPort: view.getUint16(2) };
  if (protocol === udp) {
    assert.equal(view.getUint16(4), segment.length, "the length that UDP says");
    return { ...ports, sequence: 0, tcpFlags: 0, payload: segment.subarray(8) };
  }
  assert.equal(protocol, tcp);
  const payload = segment.subarray(((segment[12] ?? 0) >> 4) * 4);
  return { ...ports, sequence: view.getUint32(4), tcpFlags: segment[13] ?? 0, payload };
}

/** The sum of RFC 1071: 0xffff of what holds a right checksum. */
export function onesSum(bytes: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** TCP flag that opens a connection; it takes a sequence number. */
const syn = 2;

/** The bytes that TCP packets of one direction of a connection carry, whatever came twice. */
export function streamOf(packets: readonly Packet[]): Uint8Array {
  const first = packets.find(({ tcpFlags }) => (tcpFlags & syn) !== 0);
  assert.ok(first !== undefined, "the connection's first packet");
  const placed = packets.map(({ sequence, payload }) => ({ at: (sequence - first.sequence - 1) >>> 0, payload }));
  const parts = placed.filter(({ payload }) => payload.length > 0).sort((a, b) => a.at - b.at);
  const last = parts.at(-1);
  const stream = new Uint8Array(last === undefined ? 0 : last.at + last.payload.length);
  let end = 0;
  for (const { at, payload } of parts) {
    assert.ok(at <= end, `bytes ${end} to ${at} are missing`);
    stream.set(payload, at);
    end = Math.max(end, at + payload.length);
  }
  return stream;
}
