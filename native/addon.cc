// Registration: what the addon exports is `Addon` of src/addon/addon.ts.
#include <napi.h>

#include <algorithm>
#include <string>

#include "core/abi.h"
#include "napi/environment.h"
#include "napi/host.h"
#include "napi/name_lock.h"
#include "napi/netlink_socket.h"
#include "napi/packet_sender.h"

#ifdef P4RTD_HAVE_LIBBPF
#include <bpf/libbpf_version.h>

#include "napi/bpf_datapath.h"
#endif

namespace p4rtd {
namespace {

// The names of drop-reason.ts, in the order of BpfDatapath.stats.
Napi::Array DropReasons(Napi::Env env) {
  static constexpr const char* kNames[] = {
#define P4RTD_DROP_REASON(name) #name,
      P4RTD_DROP_REASONS(P4RTD_DROP_REASON)
#undef P4RTD_DROP_REASON
  };
  Napi::Array names = Napi::Array::New(env, std::size(kNames));
  for (u32 i = 0; i < std::size(kNames); i++) {
    std::string name = kNames[i];
    std::replace(name.begin(), name.end(), '_', '-');
    names.Set(i, name);
  }
  return names;
}

Napi::Object Register(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment());
  exports.Set("dropReasons", DropReasons(env));
  PacketSenderWrap::Register(env, exports);
  NetlinkSocketWrap::Register(env, exports);
  NameLockWrap::Register(env, exports);
  RegisterHost(env, exports);
#ifdef P4RTD_HAVE_LIBBPF
  exports.Set("libbpf", std::to_string(LIBBPF_MAJOR_VERSION) + "." + std::to_string(LIBBPF_MINOR_VERSION));
  RegisterBpfDatapath(env, exports);  // openBpf
#else
  exports.Set("libbpf", env.Undefined());
  exports.Set("openBpf", env.Undefined());
#endif
  return exports;
}

}  // namespace
}  // namespace p4rtd

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return p4rtd::Register(env, exports); }

NODE_API_MODULE(p4rtd, Init)
