#include "core/name_lock.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "core/netns.h"

namespace p4rtd {

namespace {

constexpr char kPrefix[] = "\0p4rtd/";
constexpr std::size_t kPrefixLength = sizeof(kPrefix) - 1;
static_assert(kPrefixLength + kLongestLockName <= sizeof(sockaddr_un::sun_path));

}  // namespace

Status LockName(const std::optional<std::string>& netns, const std::string& name, UniqueFd& out) {
  return InNetns(netns, [&] {
    // A stream socket that does not listen: nobody can leave anything with it.
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.open()) return Status::FromErrno("socket(AF_UNIX)");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, kPrefix, kPrefixLength);
    std::memcpy(address.sun_path + kPrefixLength, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + kPrefixLength + name.size());
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) < 0)
      return Status::FromErrno("bind(@p4rtd/" + name + ")");
    out = std::move(fd);
    return Status::Ok();
  });
}

}  // namespace p4rtd
