// `NetlinkSocket` of addon.ts.
#pragma once

#include <napi.h>

#include "core/netlink_socket.h"

namespace p4rtd {

class NetlinkPoll;

// Keeps itself alive, as Node's own sockets do, until it is closed or its environment ends; as long as it is open it
// keeps the event loop running.
class NetlinkSocketWrap : public Napi::ObjectWrap<NetlinkSocketWrap> {
 public:
  // Adds `openNetlink` to `exports`.
  static void Register(Napi::Env env, Napi::Object exports);

  explicit NetlinkSocketWrap(const Napi::CallbackInfo& info);

  // The poll has stopped, whoever stopped it.
  void Stopped();

 private:
  static Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  NetlinkPoll* poll_ = nullptr;  // null: closed
};

}  // namespace p4rtd
