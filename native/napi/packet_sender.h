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

  // Fills frames_ with what `array` holds; false if an element is no Uint8Array or a getter threw. May run JavaScript
  // before the first frame is looked at, and none later.
  bool Gather(Napi::Array array);

  PacketSender sender_;
  // Kept from call to call for their room.
  std::vector<napi_value> values_;
  std::vector<Frame> frames_;
};

}  // namespace p4rtd
