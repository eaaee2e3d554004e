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

}  // namespace p4rtd
