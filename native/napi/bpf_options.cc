#include "napi/bpf_options.h"

#include <linux/limits.h>
#include <unistd.h>

#include <bit>

#include "napi/arguments.h"

namespace p4rtd {

namespace {

constexpr std::int64_t kMostKeys = 1 << 20;
constexpr std::int64_t kMostTuples = 4096;
constexpr std::int64_t kMostRingBytes = 1 << 30;
constexpr std::int64_t kMostSlabFrames = 0xffff;
constexpr std::int64_t kMostSlabs = 0x10000;
constexpr std::int64_t kMostSlabBytes = 1 << 30;
constexpr std::int64_t kExact = std::int64_t{1} << 53;

std::optional<PacketRate> RateFrom(Napi::Value value) {
  const auto pps = IntegerFrom(Field(value, "pps"), 0, kExact);
  const auto burst = IntegerFrom(Field(value, "burst"), 0, kExact);
  if (!pps || !burst) return {};
  return PacketRate{static_cast<u64>(*pps), static_cast<u64>(*burst)};
}

bool OptionalRateFrom(Napi::Value value, std::optional<PacketRate>& into) {
  if (value.IsEmpty()) return false;
  if (value.IsUndefined()) return true;
  into = RateFrom(value);
  return into.has_value();
}

Napi::Value Element(const Napi::Array& array, u32 index) {
  napi_value element = nullptr;
  if (napi_get_element(array.Env(), array, index, &element) != napi_ok) return {};
  return Napi::Value(array.Env(), element);
}

bool QueuesFrom(Napi::Value value, std::vector<PacketRate>& into) {
  if (value.IsEmpty() || !value.IsArray()) return false;
  const auto array = value.As<Napi::Array>();
  if (array.Length() > P4RTD_MAX_QUEUES) return false;
  for (u32 i = 0; i < array.Length(); i++) {
    const auto rate = RateFrom(Element(array, i));
    if (!rate) return false;
    into.push_back(*rate);
  }
  return true;
}

bool SlabsFrom(Napi::Value value, BpfOptions& into) {
  if (value.IsEmpty() || !value.IsArray()) return false;
  const auto array = value.As<Napi::Array>();
  const std::size_t least = 4 * sizeof(u32) * into.slab_frames + P4RTD_MAX_FRAME;
  if (array.Length() == 0 || array.Length() > kMostSlabs) return false;
  for (u32 i = 0; i < array.Length(); i++) {
    const Napi::Value element = Element(array, i);
    if (element.IsEmpty() || !element.IsArrayBuffer()) return false;
    auto buffer = element.As<Napi::ArrayBuffer>();
    // A detached one has no bytes.
    if (buffer.ByteLength() < least || buffer.ByteLength() > kMostSlabBytes) return false;
    into.slabs.push_back({static_cast<u8*>(buffer.Data()), static_cast<u32>(buffer.ByteLength())});
    into.memory.push_back(Napi::Reference<Napi::ArrayBuffer>::New(buffer, 1));
  }
  return true;
}

bool FlagFrom(Napi::Value value, bool& into) {
  if (value.IsEmpty() || !value.IsBoolean()) return false;
  into = value.As<Napi::Boolean>().Value();
  return true;
}

bool UnparsableFrom(Napi::Value value, bool& drop) {
  const auto text = StringFrom(value, 4);
  if (!text || (*text != "pass" && *text != "drop")) return false;
  drop = *text == "drop";
  return true;
}

}  // namespace

bool BpfOptionsFrom(Napi::Value value, BpfOptions& into, std::string& what) {
  const auto refuse = [&what](const char* field) {
    what = std::string("openBpf: expected ") + field;
    return false;
  };
  const auto object = ElementsFrom<u8>(Field(value, "object"), napi_uint8_array);
  if (!object || object->empty()) return refuse("object: Uint8Array");
  into.object.object.assign(object->begin(), object->end());
  const auto netns = NetnsFrom(Field(value, "netns"));
  if (!netns) return refuse("netns: path or undefined");
  into.object.netns = *netns;
  const auto pins = NetnsFrom(Field(value, "pins"));
  if (!pins) return refuse("pins: path or undefined");
  into.pins = *pins;
  const auto capacity = IntegerFrom(Field(value, "capacity"), 1, kMostKeys);
  if (!capacity) return refuse("capacity: 1 … 2^20");
  const auto tuples = IntegerFrom(Field(value, "maxTuples"), 1, kMostTuples);
  if (!tuples) return refuse("maxTuples: 1 … 4096");
  into.object.sizes = {static_cast<u32>(*capacity), static_cast<u32>(*tuples), 0};
  const auto ring = IntegerFrom(Field(value, "ringBytes"), sysconf(_SC_PAGESIZE), kMostRingBytes);
  if (!ring || !std::has_single_bit(static_cast<u64>(*ring))) return refuse("ringBytes: a power of two of pages");
  into.object.ring_bytes = static_cast<u32>(*ring);
  if (!QueuesFrom(Field(value, "queues"), into.object.queues)) return refuse("queues: 64 of { pps, burst } at most");
  if (!OptionalRateFrom(Field(value, "portPolicer"), into.object.port_policer))
    return refuse("portPolicer: { pps, burst } or undefined");
  if (!OptionalRateFrom(Field(value, "devicePolicer"), into.object.device_policer))
    return refuse("devicePolicer: { pps, burst } or undefined");
  if (!UnparsableFrom(Field(value, "unparsable"), into.object.unparsable_drop)) return refuse("unparsable: pass or drop");
  if (!FlagFrom(Field(value, "excludeLocal"), into.object.exclude_local)) return refuse("excludeLocal: boolean");
  const auto frames = IntegerFrom(Field(value, "slabFrames"), 1, kMostSlabFrames);
  if (!frames) return refuse("slabFrames: 1 … 65535");
  into.slab_frames = static_cast<u32>(*frames);
  if (!SlabsFrom(Field(value, "slabs"), into))
    return refuse("slabs: ArrayBuffers of 16 × slabFrames + 9216 bytes or more");
  const Napi::Value on_punted = Field(value, "onPunted");
  if (on_punted.IsEmpty() || !on_punted.IsFunction()) return refuse("onPunted: function");
  into.on_punted = on_punted.As<Napi::Function>();
  return true;
}

}  // namespace p4rtd
