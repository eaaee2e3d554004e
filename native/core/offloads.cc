#include "core/offloads.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "core/abi.h"
#include "core/netns.h"
#include "core/unique_fd.h"

namespace p4rtd {

namespace {

// 32 features each; kernels have two today.
constexpr u32 kMostBlocks = 8;

// Both commands have a head of the same shape, with as many blocks behind it as it says.
template <typename Command, typename Block>
struct Features {
  union {
    Command command;
    u8 room[sizeof(Command) + kMostBlocks * sizeof(Block)];
  };
};

Status Ask(int fd, const std::string& name, void* command) {
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  if (ioctl(fd, SIOCETHTOOL, &request) < 0) return Status::FromErrno("ioctl(SIOCETHTOOL)", name);
  return Status::Ok();
}

Status DisableHere(const std::string& name) {
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.open()) return Status::FromErrno("socket(AF_INET)");
  Features<ethtool_gfeatures, ethtool_get_features_block> now{};
  now.command.cmd = ETHTOOL_GFEATURES;
  now.command.size = kMostBlocks;
  Status status = Ask(fd.get(), name, &now);
  if (!status.ok()) return status;
  // The kernel says how many blocks it has, and wants exactly these.
  if (now.command.size > kMostBlocks) return Status::Of(EOVERFLOW, "ioctl(SIOCETHTOOL)", name);
  Features<ethtool_sfeatures, ethtool_set_features_block> wanted{};
  wanted.command.cmd = ETHTOOL_SFEATURES;
  wanted.command.size = now.command.size;
  for (u32 i = 0; i < now.command.size; i++)
    wanted.command.features[i] = {now.command.features[i].available & ~now.command.features[i].never_changed, 0};
  return Ask(fd.get(), name, &wanted);
}

}  // namespace

Status DisableOffloads(const std::optional<std::string>& netns, const std::string& name) {
  return InNetns(netns, [&] { return DisableHere(name); });
}

}  // namespace p4rtd
