// What belongs to one environment: the main thread and each worker that loads the addon have their own.
#pragma once

#include <napi.h>

namespace p4rtd {

// The constructors of the wrapped classes, which JavaScript cannot name: objects come from the open functions only.
// Set by each class's Register, released with the environment.
struct Environment {
  Napi::FunctionReference packet_sender;
  Napi::FunctionReference netlink_socket;
  Napi::FunctionReference name_lock;
  Napi::FunctionReference bpf_datapath;

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace p4rtd
