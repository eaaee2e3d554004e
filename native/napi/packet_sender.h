// `PacketSender` of addon.ts.
#pragma once

#include <napi.h>

#include <vector>

#include "core/packet_sender.h"

namespace p4rtd {

class PacketSenderWrap : public Napi::ObjectWrap<PacketSenderWrap> {
 public:
  // Adds `openPacketSender` to `exports`.
  static void Register(Napi::Env env, Napi::Object exports);

  explicit PacketSenderWrap(const Napi::CallbackInfo& info);

 private:
  static Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Promiscuous(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  PacketSender sender_;
  std::vector<Frame> frames_;  // kept from call to call for its room
};

}  // namespace p4rtd
