// A routing netlink socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/unique_fd.h"

namespace p4rtd {

// One socket of NETLINK_ROUTE that never waits. @see rtnetlink(7)
class NetlinkSocket {
 public:
  // Joins `groups` by number, RTNLGRP_… of linux/rtnetlink.h. EINVAL for a group that the kernel does not have.
  static Status Open(const std::optional<std::string>& netns, std::span<const int> groups, NetlinkSocket& out);

  // Sends one datagram to the kernel as it is.
  Status Send(std::span<const std::uint8_t> message);

  // Reads one datagram into `into`, which takes its size. EAGAIN: there is none; ENOBUFS: the kernel dropped some.
  // Datagrams that do not come from the kernel are passed over.
  Status Receive(std::vector<std::uint8_t>& into);

  int fd() const { return fd_.get(); }
  bool open() const { return fd_.open(); }
  void Close() { fd_.Close(); }

 private:
  UniqueFd fd_;
};

}  // namespace p4rtd
