#include "napi/host.h"

#include <linux/limits.h>

#include "core/bpffs.h"
#include "core/service_manager.h"
#include "core/sysctl.h"
#include "core/tap.h"
#include "core/tcx_probe.h"
#include "napi/arguments.h"
#include "napi/error.h"

namespace p4rtd {

namespace {

// More than any message to a service manager has.
constexpr std::size_t kLongestState = 65536;

Napi::Value Answer(Napi::Env env, const Status& status) {
  return status.ok() ? env.Undefined() : ThrowSystem(env, status);
}

// The options that both TAP functions take; nothing, with the exception pending, for another shape.
struct TapOptions {
  std::optional<std::string> netns;
  std::string name;
};

std::optional<TapOptions> TapOptionsFrom(const Napi::CallbackInfo& info, const char* function) {
  const auto netns = NetnsFrom(Field(info[0], "netns"));
  const auto name = NetdevNameFrom(Field(info[0], "name"));
  if (netns && name) return TapOptions{*netns, *name};
  ThrowType(info.Env(), std::string(function) +
                            ": expected { netns: path or undefined, name: 1 … 15 bytes, none of / : % and white space }");
  return {};
}

Napi::Value Create(const Napi::CallbackInfo& info) {
  const auto options = TapOptionsFrom(info, "createTap");
  if (!options) return {};
  return Answer(info.Env(), CreateTap(options->netns, options->name));
}

Napi::Value Delete(const Napi::CallbackInfo& info) {
  const auto options = TapOptionsFrom(info, "deleteTap");
  if (!options) return {};
  return Answer(info.Env(), DeleteTap(options->netns, options->name));
}

Napi::Value Mount(const Napi::CallbackInfo& info) {
  const auto folder = StringFrom(info[0], PATH_MAX - 1);
  if (!folder) return ThrowType(info.Env(), "mountBpffs: expected the path of a folder");
  return Answer(info.Env(), MountBpffs(*folder));
}

Napi::Value WriteSysctl(const Napi::CallbackInfo& info) {
  const auto netns = NetnsFrom(Field(info[0], "netns"));
  const auto name = StringFrom(Field(info[0], "name"), PATH_MAX / 2);
  const auto value = StringFrom(Field(info[0], "value"), PATH_MAX);
  if (!netns || !name || !value || name->empty() || name->find("..") != std::string::npos)
    return ThrowType(info.Env(), "writeSysctl: expected { netns: path or undefined, name: a path without .., value: text }");
  return Answer(info.Env(), WriteNetSysctl(*netns, *name, *value));
}

Napi::Value Probe(const Napi::CallbackInfo& info) {
  bool has = false;
  const Status status = ProbeTcx(has);
  if (!status.ok()) return ThrowSystem(info.Env(), status);
  return Napi::Boolean::New(info.Env(), has);
}

Napi::Value NotifyManager(const Napi::CallbackInfo& info) {
  const auto socket = StringFrom(info[0], PATH_MAX - 1);
  const auto state = StringFrom(info[1], kLongestState);
  if (!socket || !state)
    return ThrowType(info.Env(), "notify: expected the address of a socket and a state, both without NUL");
  return Answer(info.Env(), Notify(*socket, *state));
}

}  // namespace

void RegisterHost(Napi::Env env, Napi::Object exports) {
  exports.Set("createTap", Napi::Function::New<Create>(env, "createTap"));
  exports.Set("deleteTap", Napi::Function::New<Delete>(env, "deleteTap"));
  exports.Set("mountBpffs", Napi::Function::New<Mount>(env, "mountBpffs"));
  exports.Set("writeSysctl", Napi::Function::New<WriteSysctl>(env, "writeSysctl"));
  exports.Set("probeTcx", Napi::Function::New<Probe>(env, "probeTcx"));
  exports.Set("notify", Napi::Function::New<NotifyManager>(env, "notify"));
}

}  // namespace p4rtd
