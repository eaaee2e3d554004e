// The open half of a NetlinkSocket: its place in the event loop.
#pragma once

#include <napi.h>
#include <uv.h>

#include <vector>

#include "core/netlink_socket.h"

namespace p4rtd {

class NetlinkSocketWrap;

// Calls JavaScript with what a socket receives. It owns the socket, and is deleted by itself one turn of the loop after
// Stop, when libuv has let go of the handle; the end of the environment stops it too and waits for that.
class NetlinkPoll {
 public:
  // Starts polling for `owner`, whose Stopped is called once, by Stop. Fails with what uv_poll_init says; `out` is then
  // null.
  static Status Start(Napi::Env env, NetlinkSocket socket, Napi::Function on_messages, Napi::Function on_overrun,
                      NetlinkPoll*& out);

  // Who is told when it stops, and can send until then.
  void SetOwner(NetlinkSocketWrap* owner) { owner_ = owner; }

  Status Send(std::span<const std::uint8_t> message) { return socket_.Send(message); }

  // Closes the socket at once; no callback comes any more. Also from inside a callback. The second call does nothing.
  void Stop();

 private:
  NetlinkPoll(Napi::Env env, NetlinkSocket socket) : env_(env), socket_(std::move(socket)) {}

  static void OnEvents(uv_poll_t* handle, int status, int events);
  static void OnClosed(uv_handle_t* handle);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* poll);
  int Listen();
  void ReceiveSome();
  void Deliver();

  Napi::Env env_;
  NetlinkSocket socket_;
  NetlinkSocketWrap* owner_ = nullptr;
  Napi::FunctionReference on_messages_;
  Napi::FunctionReference on_overrun_;
  std::vector<std::uint8_t> datagram_;
  uv_poll_t handle_{};
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace p4rtd
