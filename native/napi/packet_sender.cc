#include "napi/packet_sender.h"

#include <algorithm>
#include <optional>
#include <span>

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

namespace {

// Frames that lie one behind the other in `block`, each up to its end; false if an end is none.
bool Cut(std::span<const std::uint8_t> block, std::span<const std::uint32_t> ends, std::vector<Frame>& frames) {
  frames.resize(ends.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); i++) {
    if (ends[i] < begin || ends[i] > block.size()) return false;
    frames[i] = block.subspan(begin, ends[i] - begin);
    begin = ends[i];
  }
  return true;
}

}  // namespace

// send(block: Uint8Array, ends: Uint32Array, count: number, results: Int32Array): number. All are borrowed for the call.
Napi::Value PacketSenderWrap::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!sender_.open()) return ThrowClosed(env, "PacketSender");
  const auto block = ElementsFrom<std::uint8_t>(info[0], napi_uint8_array);
  const auto ends = ElementsFrom<std::uint32_t>(info[1], napi_uint32_array);
  const auto results = ElementsFrom<std::int32_t>(info[3], napi_int32_array);
  const auto most = ends && results ? std::min(ends->size(), results->size()) : 0;
  const auto count = IntegerFrom(info[2], 0, static_cast<std::int64_t>(most));
  if (!block || !ends || !results || !count ||
      !Cut(*block, ends->first(static_cast<std::size_t>(*count)), frames_))
    return ThrowType(env,
                     "PacketSender.send: expected a Uint8Array, the rising ends of frames in it as a Uint32Array, how many "
                     "of them, and an Int32Array with room for a result each");
  return Napi::Number::New(env, static_cast<double>(sender_.Send(frames_, results->data())));
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
