#include "core/netlink_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include "core/netns.h"

namespace p4rtd {

namespace {

// Room for the bursts of a box whose ports all flap at once; without CAP_NET_ADMIN the kernel caps it.
constexpr int kReceiveBuffer = 1 << 20;

Status Join(int fd, int group) {
  if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
    return Status::FromErrno("setsockopt(NETLINK_ADD_MEMBERSHIP)", "group " + std::to_string(group));
  return Status::Ok();
}

}  // namespace

Status NetlinkSocket::Open(const std::optional<std::string>& netns, std::span<const int> groups, NetlinkSocket& out) {
  UniqueFd fd;
  const Status made = InNetns(netns, [&] {
    fd = UniqueFd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    return fd.open() ? Status::Ok() : Status::FromErrno("socket(AF_NETLINK)");
  });
  if (!made.ok()) return made;
  const int size = kReceiveBuffer;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 &&
      setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
    return Status::FromErrno("setsockopt(SO_RCVBUF)");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0)
    return Status::FromErrno("bind(AF_NETLINK)");
  for (const int group : groups) {
    const Status joined = Join(fd.get(), group);
    if (!joined.ok()) return joined;
  }
  out.fd_ = std::move(fd);
  return Status::Ok();
}

Status NetlinkSocket::Send(std::span<const std::uint8_t> message) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = sendto(fd_.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
                              sizeof(kernel));
  return sent < 0 ? Status::FromErrno("sendto(AF_NETLINK)") : Status::Ok();
}

Status NetlinkSocket::Receive(std::vector<std::uint8_t>& into) {
  for (;;) {
    // With MSG_TRUNC the answer is the datagram's whole length, however little room there is.
    const ssize_t length = recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return Status::FromErrno("recv(AF_NETLINK)");
    into.resize(static_cast<std::size_t>(length));
    sockaddr_nl from{};
    socklen_t size = sizeof(from);
    const ssize_t got =
        recvfrom(fd_.get(), into.data(), into.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status::FromErrno("recv(AF_NETLINK)");
    if (from.nl_pid != 0) continue;
    into.resize(static_cast<std::size_t>(got));
    return Status::Ok();
  }
}

}  // namespace p4rtd
