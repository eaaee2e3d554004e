// BpfOptions of addon.ts, as core/ takes them.
#pragma once

#include <napi.h>

#include <optional>
#include <span>
#include <vector>

#include "core/bpf_object.h"
#include "core/punt_reader.h"

namespace p4rtd {

struct BpfOptions {
  BpfObjectOptions object;
  std::optional<std::string> pins;
  std::vector<PuntReader::Slab> slabs;
  std::vector<Napi::Reference<Napi::ArrayBuffer>> memory;  // what keeps the slabs
  u32 slab_frames = 0;
  Napi::Function on_punted;
};

// False: a field has another shape; `what` names it.
bool BpfOptionsFrom(Napi::Value value, BpfOptions& into, std::string& what);

// The elements of a typed array of this kind, borrowed; nothing for another value.
template <typename T>
std::optional<std::span<T>> ElementsFrom(Napi::Value value, napi_typedarray_type kind) {
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  if (value.IsEmpty() || !value.IsTypedArray() ||
      napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != kind)
    return {};
  return std::span<T>(static_cast<T*>(data), length);
}

}  // namespace p4rtd
