#include "napi/name_lock.h"

#include "core/name_lock.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error.h"

namespace p4rtd {

void NameLockWrap::Register(Napi::Env env, Napi::Object exports) {
  Environment::Of(env).name_lock =
      Napi::Persistent(DefineClass(env, "NameLock", {InstanceMethod<&NameLockWrap::Close>("close")}));
  exports.Set("lockName", Napi::Function::New<Lock>(env, "lockName"));
}

Napi::Value NameLockWrap::Lock(const Napi::CallbackInfo& info) {
  const auto netns = NetnsFrom(Field(info[0], "netns"));
  const auto name = StringFrom(Field(info[0], "name"), kLongestLockName);
  if (!netns || !name)
    return ThrowType(info.Env(), "lockName: expected { netns: path or undefined, name: 1 … " +
                                     std::to_string(kLongestLockName) + " bytes without NUL }");
  UniqueFd held;
  const Status status = LockName(*netns, *name, held);
  if (!status.ok()) return ThrowSystem(info.Env(), status);
  return Environment::Wrap(Environment::Of(info.Env()).name_lock, held);
}

NameLockWrap::NameLockWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) {
    ThrowType(info.Env(), "NameLock: made by lockName only");
    return;
  }
  held_ = std::move(*info[0].As<Napi::External<UniqueFd>>().Data());
  Ref();
}

Napi::Value NameLockWrap::Close(const Napi::CallbackInfo& info) {
  if (held_.open()) Unref();
  held_.Close();
  return info.Env().Undefined();
}

}  // namespace p4rtd
