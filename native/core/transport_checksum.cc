#include "core/transport_checksum.h"

namespace p4rtd {

namespace {

constexpr u32 kMostTags = 8;
constexpr u32 kMostExtensions = 8;
constexpr u8 kTcp = 6;
constexpr u8 kUdp = 17;

u16 Be16(const u8* at) { return static_cast<u16>(at[0] << 8 | at[1]); }

// RFC 1071: the sum of big-endian 16-bit words; an odd byte is the high half of one.
u64 Sum(const u8* at, u32 bytes) {
  u64 sum = 0;
  for (; bytes >= 2; bytes -= 2, at += 2) sum += Be16(at);
  return bytes > 0 ? sum + (u64{*at} << 8) : sum;
}

u16 Fold(u64 sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<u16>(sum);
}

struct Segment {
  u8* at;
  u32 bytes;
  u8 protocol;
  u64 addresses;  // their part of the pseudo header's sum
};

bool FindIpv4(u8* at, u32 there, Segment& segment) {
  if (there < 20 || at[0] >> 4 != 4) return false;
  const u32 header = (at[0] & 0xfu) * 4;
  const u32 total = Be16(at + 2);
  const bool fragment = (Be16(at + 6) & 0x3fff) != 0;
  if (header < 20 || total < header || total > there || fragment) return false;
  segment = {at + header, total - header, at[9], Sum(at + 12, 8)};
  return true;
}

bool FindIpv6(u8* at, u32 there, Segment& segment) {
  if (there < 40 || at[0] >> 4 != 6) return false;
  const u32 total = 40 + Be16(at + 4);
  if (total > there) return false;
  u8 protocol = at[6];
  u32 header = 40;
  for (u32 i = 0; i < kMostExtensions; i++) {
    // A fragment header is not passed by, so fragments are left alone; nor is a routing header, which changes the
    // destination of the pseudo header.
    if (protocol != 0 && protocol != 60) break;
    if (header + 8 > total) return false;
    protocol = at[header];
    header += (at[header + 1] + 1u) * 8;
  }
  if (header > total) return false;
  segment = {at + header, total - header, protocol, Sum(at + 8, 32)};
  return true;
}

bool FindSegment(u8* frame, u32 length, Segment& segment) {
  if (length < 14) return false;
  u32 at = 12;
  for (u32 tags = 0; tags < kMostTags; tags++, at += 4) {
    const u16 type = Be16(frame + at);
    if (type != 0x8100 && type != 0x88a8 && type != 0x9100) break;
    if (at + 6 > length) return false;
  }
  const u16 type = Be16(frame + at);
  at += 2;
  if (type == 0x0800) return FindIpv4(frame + at, length - at, segment);
  return type == 0x86dd && FindIpv6(frame + at, length - at, segment);
}

}  // namespace

void FinishTransportChecksum(u8* frame, u32 length) {
  Segment segment{};
  if (!FindSegment(frame, length, segment)) return;
  const bool tcp = segment.protocol == kTcp && segment.bytes >= 20;
  const bool udp = segment.protocol == kUdp && segment.bytes >= 8;
  if (!tcp && !udp) return;
  u8* field = segment.at + (tcp ? 16 : 6);
  const u16 pseudo = Fold(segment.addresses + segment.protocol + segment.bytes);
  if (Be16(field) != pseudo) return;
  u16 checksum = static_cast<u16>(~Fold(Sum(segment.at, segment.bytes)));
  if (udp && checksum == 0) checksum = 0xffff;
  field[0] = static_cast<u8>(checksum >> 8);
  field[1] = static_cast<u8>(checksum);
}

}  // namespace p4rtd
