/** Ethernet frames: put together from parts, and told in one line. */

/** Bytes from hexadecimal; spaces and colons are ignored. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[ :]/g, ""), "hex");
}

const ethertype = { ipv4: 0x0800, vlan: 0x8100, ipv6: 0x86dd, lldp: 0x88cc, gdp: 0x6007 } as const;
const minFrameBytes = 60;
const udp = 17;

interface Ethernet {
  readonly to: string;
  readonly from: string;
  readonly vlan?: number;
}

interface Datagram extends Ethernet {
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly ttl: number;
  readonly destinationPort: number;
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => bytes.writeUInt16BE(value, 2 * i));
  return bytes;
}

/** Padded to what a wire carries at least, without FCS. */
function ethernet({ to, from, vlan }: Ethernet, type: number, payload: Buffer): Buffer {
  const tag = vlan === undefined ? Buffer.alloc(0) : u16(ethertype.vlan, vlan);
  const frame = Buffer.concat([hex(to), hex(from), tag, u16(type), payload]);
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, minFrameBytes - frame.length))]);
}

/** An LLDP frame: chassis and port by name, valid for 120 seconds. */
export function lldpFrame(from: string, chassis: string, port: string): Buffer {
  const tlv = (type: number, value: Buffer) => Buffer.concat([u16((type << 9) | value.length), value]);
  const named = (subtype: number, name: string) => Buffer.concat([Buffer.of(subtype), Buffer.from(name)]);
  const parts = [tlv(1, named(7, chassis)), tlv(2, named(5, port)), tlv(3, u16(120)), tlv(0, Buffer.alloc(0))];
  return ethernet({ to: "01:80:c2:00:00:0e", from }, ethertype.lldp, Buffer.concat(parts));
}

/** A GDP frame: only its EtherType matters here. */
export function gdpFrame(header: Ethernet): Buffer {
  return ethernet(header, ethertype.gdp, Buffer.from("who is there?"));
}

export function ipv4UdpFrame(datagram: Datagram): Buffer {
  const body = udpBody(datagram);
  const fixed = Buffer.concat([
    u16(0x4500, 20 + body.length, 1, 0),
    Buffer.of(datagram.ttl, udp),
    u16(0),
    datagram.source,
    datagram.destination,
  ]);
  fixed.writeUInt16BE(checksum(fixed), 10);
  return ethernet(datagram, ethertype.ipv4, Buffer.concat([fixed, body]));
}

export function ipv6UdpFrame(datagram: Datagram): Buffer {
  const body = udpBody(datagram);
  const next = Buffer.of(udp, datagram.ttl);
  const header = Buffer.concat([hex("60000000"), u16(body.length), next, datagram.source, datagram.destination]);
  return ethernet(datagram, ethertype.ipv6, Buffer.concat([header, body]));
}

/** A UDP header with its checksum, and eight bytes. */
function udpBody({ source, destination, destinationPort }: Datagram): Buffer {
  const body = Buffer.concat([u16(33000, destinationPort, 16, 0), Buffer.from("p4rtd ok")]);
  body.writeUInt16BE(checksum(Buffer.concat([source, destination, u16(udp, body.length), body])), 6);
  return body;
}

/** The Internet checksum of an even number of bytes. @see RFC 1071 */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** One line about `frame`. */
export function describeFrame(frame: Buffer): string {
  if (frame.length < minFrameBytes) return `${frame.length} bytes`;
  const outer = frame.readUInt16BE(12);
  const at = outer === ethertype.vlan ? 18 : 14;
  const tag = outer === ethertype.vlan ? `VLAN ${frame.readUInt16BE(14) & 0xfff}, ` : "";
  const type = frame.readUInt16BE(at - 2);
  const payload = frame.subarray(at);
  switch (type) {
    case ethertype.lldp:
      return `${tag}${["LLDP", ...lldpNames(payload)].join(", ")}`;
    case ethertype.gdp:
      return `${tag}GDP from ${mac(frame.subarray(6, 12))}`;
    case ethertype.ipv4:
      return `${tag}IPv4 ${v4(payload, 12)} → ${v4(payload, 16)}, TTL ${payload.readUInt8(8)}, ${ports(payload, 20)}`;
    case ethertype.ipv6:
      return `${tag}IPv6 ${v6(payload, 8)} → ${v6(payload, 24)}, hop limit ${payload.readUInt8(7)}, ${ports(payload, 40)}`;
    default:
      return `${tag}EtherType 0x${type.toString(16).padStart(4, "0")}`;
  }
}

/** What chassis and port are called. */
function lldpNames(payload: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at + 2 <= payload.length;) {
    const head = payload.readUInt16BE(at);
    const [type, length] = [head >> 9, head & 0x1ff];
    if (type === 0) break;
    const name = lldpId(type, payload.subarray(at + 2, at + 2 + length));
    if (type === 1) names.push(`chassis ${name}`);
    if (type === 2) names.push(`port ${name}`);
    at += 2 + length;
  }
  return names;
}

/** A chassis or port id as text: subtype 4 of a chassis and 3 of a port are MAC addresses. @see IEEE 802.1AB §8.5 */
function lldpId(type: number, value: Buffer): string {
  const isMac = value[0] === (type === 1 ? 4 : 3);
  return isMac ? mac(value.subarray(1)) : value.toString("utf8", 1);
}

function mac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function v4(bytes: Buffer, at: number): string {
  return bytes.subarray(at, at + 4).join(".");
}

/** With the longest run of zeros left out if it reaches from the prefix to the last group, as in our examples. */
function v6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16));
  return groups.join(":").replace(/:0(?::0)+(?=:)/, ":");
}

function ports(bytes: Buffer, at: number): string {
  return `UDP port ${bytes.readUInt16BE(at + 2)}`;
}
