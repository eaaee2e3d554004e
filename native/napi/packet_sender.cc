#include "napi/packet_sender.h"

#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error.h"

namespace p4rtd {

void PacketSenderWrap::Register(Napi::Env env, Napi::Object exports) {
  Environment::Of(env).packet_sender = Napi::Persistent(DefineClass(
      env, "PacketSender",
      {InstanceMethod<&PacketSenderWrap::Send>("send"), InstanceMethod<&PacketSenderWrap::Promiscuous>("promiscuous"),
       InstanceMethod<&PacketSenderWrap::Close>("close")}));
  exports.Set("openPacketSender", Napi::Function::New<Open>(env, "openPacketSender"));
}

Napi::Value PacketSenderWrap::Open(const Napi::CallbackInfo& info) {
  const auto netns = NetnsFrom(Field(info[0], "netns"));
  const auto ifindex = IfindexFrom(Field(info[0], "ifindex"));
  if (!netns || !ifindex)
    return ThrowType(info.Env(), "openPacketSender: expected { netns: path or undefined, ifindex: 1 … 2^31 - 1 }");
  PacketSender sender;
  const Status status = PacketSender::Open(*netns, *ifindex, sender);
  if (!status.ok()) return ThrowSystem(info.Env(), status);
  return Environment::Wrap(Environment::Of(info.Env()).packet_sender, sender);
}

PacketSenderWrap::PacketSenderWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info[0].IsExternal())
    sender_ = std::move(*info[0].As<Napi::External<PacketSender>>().Data());
  else
    ThrowType(info.Env(), "PacketSender: made by openPacketSender only");
}

bool PacketSenderWrap::Gather(Napi::Array array) {
  const Napi::Env env = array.Env();
  values_.resize(array.Length());
  frames_.resize(values_.size());
  for (std::uint32_t i = 0; i < values_.size(); i++)
    if (napi_get_element(env, array, i, &values_[i]) != napi_ok) return false;
  for (std::size_t i = 0; i < values_.size(); i++) {
    napi_typedarray_type type;
    std::size_t length = 0;
    void* data = nullptr;
    // Refuses what is no typed array: asking before would cost a call for each frame.
    if (napi_get_typedarray_info(env, values_[i], &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array)
      return false;
    frames_[i] = Frame(static_cast<const std::uint8_t*>(data), length);
  }
  return true;
}

// send(frames: Uint8Array[], results: Int32Array): void. Both are borrowed for the call.
Napi::Value PacketSenderWrap::Send(const Napi::CallbackInfo& info) {
  static constexpr char kShape[] =
      "PacketSender.send: expected an array of Uint8Array and an Int32Array with room for a result each";
  const Napi::Env env = info.Env();
  if (!sender_.open()) return ThrowClosed(env, "PacketSender");
  if (!info[0].IsArray() || !info[1].IsTypedArray() ||
      info[1].As<Napi::TypedArray>().TypedArrayType() != napi_int32_array)
    return ThrowType(env, kShape);
  const auto frames = info[0].As<Napi::Array>();
  const auto results = info[1].As<Napi::Int32Array>();
  // Before anything is made room for: a sparse array may claim four billion elements.
  if (results.ElementLength() < frames.Length()) return ThrowType(env, kShape);
  if (!Gather(frames)) return ThrowType(env, kShape);
  // A getter among the elements may have closed the socket or detached the results.
  if (!sender_.open()) return ThrowClosed(env, "PacketSender");
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, results, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      length < frames_.size())
    return ThrowType(env, kShape);
  sender_.Send(frames_, static_cast<std::int32_t*>(data));
  return env.Undefined();
}

Napi::Value PacketSenderWrap::Promiscuous(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!sender_.open()) return ThrowClosed(env, "PacketSender");
  const auto word = StringFrom(info[0], 3);
  if (word != "on" && word != "off") return ThrowType(env, "PacketSender.promiscuous: expected \"on\" or \"off\"");
  const Status status = sender_.SetPromiscuous(word == "on");
  if (!status.ok()) return ThrowSystem(env, status);
  return env.Undefined();
}

Napi::Value PacketSenderWrap::Close(const Napi::CallbackInfo& info) {
  sender_.Close();
  return info.Env().Undefined();
}

}  // namespace p4rtd
