// `NameLock` of addon.ts.
#pragma once

#include <napi.h>

#include "core/unique_fd.h"

namespace p4rtd {

// Keeps itself alive until it is closed or its environment ends: a lock that the garbage collector gives up is none.
class NameLockWrap : public Napi::ObjectWrap<NameLockWrap> {
 public:
  // Adds `lockName` to `exports`.
  static void Register(Napi::Env env, Napi::Object exports);

  explicit NameLockWrap(const Napi::CallbackInfo& info);

 private:
  static Napi::Value Lock(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  UniqueFd held_;
};

}  // namespace p4rtd
