#include "napi/netlink_socket.h"

#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error.h"
#include "napi/netlink_poll.h"

namespace p4rtd {

namespace {

// A message has at least its header (struct nlmsghdr).
constexpr std::size_t kHeaderBytes = 16;
// Multicast groups are numbered from 1; far above what any kernel has.
constexpr int kMostGroups = 1024;

// Undefined elements, getters that throw and numbers out of range all make it no list of groups.
std::optional<std::vector<int>> GroupsFrom(Napi::Value value) {
  if (value.IsEmpty() || !value.IsArray()) return {};
  const auto array = value.As<Napi::Array>();
  if (array.Length() > kMostGroups) return {};
  std::vector<int> groups;
  for (std::uint32_t i = 0; i < array.Length(); i++) {
    napi_value element = nullptr;
    if (napi_get_element(array.Env(), array, i, &element) != napi_ok) return {};
    const auto group = IntegerFrom(Napi::Value(array.Env(), element), 1, kMostGroups);
    if (!group) return {};
    groups.push_back(static_cast<int>(*group));
  }
  return groups;
}

}  // namespace

void NetlinkSocketWrap::Register(Napi::Env env, Napi::Object exports) {
  Environment::Of(env).netlink_socket =
      Napi::Persistent(DefineClass(env, "NetlinkSocket",
                                   {InstanceMethod<&NetlinkSocketWrap::Send>("send"),
                                    InstanceMethod<&NetlinkSocketWrap::Close>("close")}));
  exports.Set("openNetlink", Napi::Function::New<Open>(env, "openNetlink"));
}

Napi::Value NetlinkSocketWrap::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto netns = NetnsFrom(Field(info[0], "netns"));
  const auto groups = GroupsFrom(Field(info[0], "groups"));
  const Napi::Value on_messages = Field(info[0], "onMessages");
  const Napi::Value on_overrun = Field(info[0], "onOverrun");
  if (!netns || !groups || on_messages.IsEmpty() || !on_messages.IsFunction() || on_overrun.IsEmpty() ||
      !on_overrun.IsFunction())
    return ThrowType(env,
                     "openNetlink: expected { netns: path or undefined, groups: numbers from 1 to 1024, "
                     "onMessages: function, onOverrun: function }");
  NetlinkSocket socket;
  const Status opened = NetlinkSocket::Open(*netns, *groups, socket);
  if (!opened.ok()) return ThrowSystem(env, opened);
  NetlinkPoll* poll = nullptr;
  const Status started = NetlinkPoll::Start(env, std::move(socket), on_messages.As<Napi::Function>(),
                                            on_overrun.As<Napi::Function>(), poll);
  if (!started.ok()) return ThrowSystem(env, started);
  const Napi::Value made = Environment::Wrap(Environment::Of(env).netlink_socket, *poll);
  if (made.IsEmpty()) poll->Stop();
  return made;
}

NetlinkSocketWrap::NetlinkSocketWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) {
    ThrowType(info.Env(), "NetlinkSocket: made by openNetlink only");
    return;
  }
  poll_ = info[0].As<Napi::External<NetlinkPoll>>().Data();
  poll_->SetOwner(this);
  Ref();
}

void NetlinkSocketWrap::Stopped() {
  poll_ = nullptr;
  Unref();
}

// send(message: Uint8Array): void. Borrowed for the call.
Napi::Value NetlinkSocketWrap::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (poll_ == nullptr) return ThrowClosed(env, "NetlinkSocket");
  const bool bytes = info[0].IsTypedArray() && info[0].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
  if (!bytes || info[0].As<Napi::Uint8Array>().ByteLength() < kHeaderBytes)
    return ThrowType(env, "NetlinkSocket.send: expected a Uint8Array of at least 16 bytes");
  const auto message = info[0].As<Napi::Uint8Array>();
  const Status status = poll_->Send({message.Data(), message.ByteLength()});
  if (!status.ok()) return ThrowSystem(env, status);
  return env.Undefined();
}

Napi::Value NetlinkSocketWrap::Close(const Napi::CallbackInfo& info) {
  if (poll_ != nullptr) poll_->Stop();
  return info.Env().Undefined();
}

}  // namespace p4rtd
