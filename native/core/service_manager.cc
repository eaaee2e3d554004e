#include "core/service_manager.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "core/unique_fd.h"

namespace p4rtd {

Status Notify(const std::string& name, const std::string& state) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.empty() || (name[0] != '/' && name[0] != '@')) return Status::Of(EAFNOSUPPORT, "connect(" + name + ")");
  if (name.size() >= sizeof(address.sun_path)) return Status::Of(ENAMETOOLONG, "connect(" + name + ")");
  std::memcpy(address.sun_path, name.data(), name.size());
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (name[0] == '@')
    address.sun_path[0] = '\0';
  else
    size++;  // the NUL behind a path

  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.open()) return Status::FromErrno("socket(AF_UNIX)");
  const timeval patience{1, 0};
  if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
    return Status::FromErrno("setsockopt(SO_SNDTIMEO)");
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), size) < 0)
    return Status::FromErrno("connect(" + name + ")");
  if (send(fd.get(), state.data(), state.size(), MSG_NOSIGNAL) < 0) return Status::FromErrno("send(" + name + ")");
  return Status::Ok();
}

}  // namespace p4rtd
