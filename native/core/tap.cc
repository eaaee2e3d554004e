#include "core/tap.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "core/netns.h"
#include "core/unique_fd.h"

namespace p4rtd {

namespace {

constexpr char kOtherKind[] = "a netdev of this name is there and is no TAP";

ifreq RequestFor(const std::string& name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  return request;
}

enum class Kind { kAbsent, kTap, kOther };

// What the netdev `name` of the calling thread's namespace is.
Status KindOf(const std::string& name, Kind& kind) {
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.open()) return Status::FromErrno("socket(AF_INET)");
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  ifreq request = RequestFor(name);
  request.ifr_data = reinterpret_cast<char*>(&driver);
  if (ioctl(fd.get(), SIOCETHTOOL, &request) < 0) {
    // The name is taken by a driver that does not tell, or by nobody.
    if (errno != ENODEV && errno != EOPNOTSUPP) return Status::FromErrno("ioctl(SIOCETHTOOL)");
    kind = errno == ENODEV ? Kind::kAbsent : Kind::kOther;
    return Status::Ok();
  }
  const bool tap = std::strcmp(driver.driver, "tun") == 0 && std::strcmp(driver.bus_info, "tap") == 0;
  kind = tap ? Kind::kTap : Kind::kOther;
  return Status::Ok();
}

Status CreateHere(const std::string& name) {
  Kind kind;
  const Status looked = KindOf(name, kind);
  if (!looked.ok()) return looked;
  if (kind == Kind::kOther) return Status::Of(EINVAL, "ioctl(TUNSETIFF)", kOtherKind);
  const UniqueFd fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!fd.open()) return Status::FromErrno("open(/dev/net/tun)");
  ifreq request = RequestFor(name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(fd.get(), TUNSETIFF, &request) < 0) {
    // EBUSY: its one queue is open elsewhere; EINVAL: it has several queues.
    const bool taken = kind == Kind::kTap && (errno == EBUSY || errno == EINVAL);
    return taken ? Status::Ok() : Status::FromErrno("ioctl(TUNSETIFF)");
  }
  if (ioctl(fd.get(), TUNSETPERSIST, 1) < 0) return Status::FromErrno("ioctl(TUNSETPERSIST)");
  return Status::Ok();
}

// Asks the kernel by rtnetlink to delete the netdev `ifindex`, and waits for its answer.
Status DeleteLink(unsigned ifindex) {
  const UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.open()) return Status::FromErrno("socket(AF_NETLINK)");
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header = {sizeof(request), RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  request.link.ifi_index = static_cast<int>(ifindex);
  if (send(fd.get(), &request, sizeof(request), 0) < 0) return Status::FromErrno("send(RTM_DELLINK)");
  struct {
    nlmsghdr header;
    nlmsgerr answer;
  } reply{};
  const ssize_t got = recv(fd.get(), &reply, sizeof(reply), 0);
  if (got < 0) return Status::FromErrno("recv(RTM_DELLINK)");
  if (got < static_cast<ssize_t>(sizeof(reply)) || reply.header.nlmsg_type != NLMSG_ERROR)
    return Status::Of(EPROTO, "recv(RTM_DELLINK)");
  const int error = -reply.answer.error;
  return error == 0 || error == ENODEV ? Status::Ok() : Status::Of(error, "rtnetlink(RTM_DELLINK)");
}

Status DeleteHere(const std::string& name) {
  const unsigned ifindex = if_nametoindex(name.c_str());
  if (ifindex == 0) return errno == ENODEV ? Status::Ok() : Status::FromErrno("ioctl(SIOCGIFINDEX)");
  Kind kind;
  const Status looked = KindOf(name, kind);
  if (!looked.ok() || kind == Kind::kAbsent) return looked;
  if (kind == Kind::kOther) return Status::Of(EINVAL, "rtnetlink(RTM_DELLINK)", kOtherKind);
  return DeleteLink(ifindex);
}

}  // namespace

Status CreateTap(const std::optional<std::string>& netns, const std::string& name) {
  return InNetns(netns, [&] { return CreateHere(name); });
}

Status DeleteTap(const std::optional<std::string>& netns, const std::string& name) {
  return InNetns(netns, [&] { return DeleteHere(name); });
}

}  // namespace p4rtd
