#include "napi/host.h"

#include <linux/limits.h>

#include "core/bpffs.h"
#include "core/link_drops.h"
#include "core/offloads.h"
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

// The options of functions about one netdev; nothing, with the exception pending, for another shape.
struct NetdevOptions {
  std::optional<std::string> netns;
  std::string name;
};

std::optional<NetdevOptions> NetdevOptionsFrom(const Napi::CallbackInfo& info, const char* function) {
  const auto netns = NetnsFrom(Field(info[0], "netns"));
  const auto name = NetdevNameFrom(Field(info[0], "name"));
  if (netns && name) return NetdevOptions{*netns, *name};
  ThrowType(info.Env(), std::string(function) +
                            ": expected { netns: path or undefined, name: 1 … 15 bytes, none of / : % and white space }");
  return {};
}

Napi::Value Create(const Napi::CallbackInfo& info) {
  const auto options = NetdevOptionsFrom(info, "createTap");
  if (!options) return {};
  return Answer(info.Env(), CreateTap(options->netns, options->name));
}

Napi::Value Delete(const Napi::CallbackInfo& info) {
  const auto options = NetdevOptionsFrom(info, "deleteTap");
  if (!options) return {};
  return Answer(info.Env(), DeleteTap(options->netns, options->name));
}

Napi::Value DisableAllOffloads(const Napi::CallbackInfo& info) {
  const auto options = NetdevOptionsFrom(info, "disableOffloads");
  if (!options) return {};
  return Answer(info.Env(), DisableOffloads(options->netns, options->name));
}

// transmitDrops(options: { netns: string | undefined, ifindex: number }): number
Napi::Value CountDrops(const Napi::CallbackInfo& info) {
  const auto netns = NetnsFrom(Field(info[0], "netns"));
  const auto ifindex = IfindexFrom(Field(info[0], "ifindex"));
  if (!netns || !ifindex) return ThrowType(info.Env(), "transmitDrops: expected { netns: path or undefined, ifindex }");
  u64 dropped = 0;
  const Status status = TransmitDrops(*netns, static_cast<u32>(*ifindex), dropped);
  if (!status.ok()) return ThrowSystem(info.Env(), status);
  return Napi::Number::New(info.Env(), static_cast<double>(dropped));
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
  exports.Set("disableOffloads", Napi::Function::New<DisableAllOffloads>(env, "disableOffloads"));
  exports.Set("transmitDrops", Napi::Function::New<CountDrops>(env, "transmitDrops"));
  exports.Set("mountBpffs", Napi::Function::New<Mount>(env, "mountBpffs"));
  exports.Set("writeSysctl", Napi::Function::New<WriteSysctl>(env, "writeSysctl"));
  exports.Set("probeTcx", Napi::Function::New<Probe>(env, "probeTcx"));
  exports.Set("notify", Napi::Function::New<NotifyManager>(env, "notify"));
}

}  // namespace p4rtd
