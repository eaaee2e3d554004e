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

  // A new object of a class of ours, around `core`, which it takes over by moving from it. Empty, with an exception
  // pending, if there is none.
  template <typename Core>
  static Napi::Value Wrap(const Napi::FunctionReference& constructor, Core& core) {
    return constructor.New({Napi::External<Core>::New(constructor.Env(), &core)});
  }

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace p4rtd
