#include "core/link_drops.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "core/netns.h"
#include "core/unique_fd.h"

namespace p4rtd {

namespace {

struct Request {
  nlmsghdr header;
  if_stats_msg stats;
};

// With one attribute asked for, the answer is that one behind the head.
struct Reply {
  nlmsghdr header;
  union {
    nlmsgerr error;
    struct {
      if_stats_msg head;
      nlattr attribute;
      u8 stats[2 * sizeof(rtnl_link_stats64)];  // later kernels may tell more
    } found;
  };
};

Status DropsHere(u32 ifindex, u64& dropped) {
  const UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.open()) return Status::FromErrno("socket(AF_NETLINK)");
  Request request{};
  request.header = {sizeof(request), RTM_GETSTATS, NLM_F_REQUEST, 1, 0};
  request.stats.ifindex = ifindex;
  request.stats.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  if (send(fd.get(), &request, sizeof(request), 0) < 0) return Status::FromErrno("send(RTM_GETSTATS)");
  Reply reply{};
  const ssize_t got = recv(fd.get(), &reply, sizeof(reply), 0);
  if (got < 0) return Status::FromErrno("recv(RTM_GETSTATS)");
  if (got >= static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr))) && reply.header.nlmsg_type == NLMSG_ERROR)
    return Status::Of(-reply.error.error, "rtnetlink(RTM_GETSTATS)");
  const u8* stats = reply.found.stats + offsetof(rtnl_link_stats64, tx_dropped);
  if (reply.header.nlmsg_type != RTM_NEWSTATS || reply.found.attribute.nla_type != IFLA_STATS_LINK_64 ||
      reinterpret_cast<u8*>(&reply) + got < stats + sizeof(dropped))
    return Status::Of(EPROTO, "recv(RTM_GETSTATS)");
  memcpy(&dropped, stats, sizeof(dropped));
  return Status::Ok();
}

}  // namespace

Status TransmitDrops(const std::optional<std::string>& netns, u32 ifindex, u64& dropped) {
  return InNetns(netns, [&] { return DropsHere(ifindex, dropped); });
}

}  // namespace p4rtd
