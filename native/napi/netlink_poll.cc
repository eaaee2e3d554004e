#include "napi/netlink_poll.h"

#include <cstring>

#include "napi/error.h"
#include "napi/netlink_socket.h"

namespace p4rtd {

namespace {

// Datagrams of one event, so that others get their turn too.
constexpr int kMostPerEvent = 64;

}  // namespace

Status NetlinkPoll::Start(Napi::Env env, NetlinkSocket socket, Napi::Function on_messages, Napi::Function on_overrun,
                          NetlinkPoll*& out) {
  out = nullptr;
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Status::Of(ENOTSUP, "napi_get_uv_event_loop");
  auto* poll = new NetlinkPoll(env, std::move(socket));
  const int error = uv_poll_init(loop, &poll->handle_, poll->socket_.fd());
  if (error != 0) {
    delete poll;
    return Status::Of(-error, "uv_poll_init");
  }
  poll->handle_.data = poll;
  poll->on_messages_ = Napi::Persistent(on_messages);
  poll->on_overrun_ = Napi::Persistent(on_overrun);
  napi_async_init(env, nullptr, Napi::String::New(env, "p4rtd.NetlinkSocket"), &poll->context_);
  napi_add_async_cleanup_hook(env, OnEnvironmentEnd, poll, &poll->hook_);
  const int listening = poll->Listen();
  if (listening != 0) {
    poll->Stop();
    return Status::Of(-listening, "uv_poll_start");
  }
  out = poll;
  return Status::Ok();
}

int NetlinkPoll::Listen() { return uv_poll_start(&handle_, UV_READABLE, OnEvents); }

void NetlinkPoll::Stop() {
  if (!socket_.open()) return;
  uv_poll_stop(&handle_);
  socket_.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), OnClosed);
  on_messages_.Reset();
  on_overrun_.Reset();
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->Stopped();
}

void NetlinkPoll::OnClosed(uv_handle_t* handle) {
  auto* poll = static_cast<NetlinkPoll*>(handle->data);
  napi_async_destroy(poll->env_, poll->context_);
  // Lets the environment end, if it waits for us.
  napi_remove_async_cleanup_hook(poll->hook_);
  delete poll;
}

void NetlinkPoll::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* poll) {
  static_cast<NetlinkPoll*>(poll)->Stop();
}

void NetlinkPoll::OnEvents(uv_poll_t* handle, int, int) {
  auto* poll = static_cast<NetlinkPoll*>(handle->data);
  // An overrun is an error of the socket, at which libuv stops polling and calls it EBADF. What it really is, the next
  // read tells.
  poll->ReceiveSome();
  if (poll->socket_.open() && !uv_is_active(reinterpret_cast<uv_handle_t*>(handle))) poll->Listen();
}

void NetlinkPoll::ReceiveSome() {
  for (int i = 0; i < kMostPerEvent && socket_.open(); i++) {
    const Status got = socket_.Receive(datagram_);
    if (got.error == EAGAIN) return;
    const Napi::HandleScope scope(env_);
    if (got.ok()) {
      Deliver();
    } else if (got.error == ENOBUFS) {
      CallFromLoop(env_, context_, on_overrun_.Value(), {});
    } else {
      // Nobody could know what was missed from here on.
      Stop();
      FailFromLoop(env_, got);
    }
  }
}

void NetlinkPoll::Deliver() {
  napi_value buffer = nullptr;
  napi_value bytes = nullptr;
  void* data = nullptr;
  if (napi_create_arraybuffer(env_, datagram_.size(), &data, &buffer) != napi_ok ||
      napi_create_typedarray(env_, napi_uint8_array, datagram_.size(), buffer, 0, &bytes) != napi_ok)
    return;  // the environment ends
  std::memcpy(data, datagram_.data(), datagram_.size());
  CallFromLoop(env_, context_, on_messages_.Value(), {bytes});
}

}  // namespace p4rtd
