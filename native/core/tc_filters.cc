#include "core/tc_filters.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstdio>
#include <functional>

#include "core/unique_fd.h"

namespace p4rtd {

namespace {

// Calls `each` with every filter at `parent`.
Status FiltersAt(int socket, u32 ifindex, u32 parent, const std::function<void(nlmsghdr*)>& each) {
  struct {
    nlmsghdr header;
    tcmsg filter;
  } request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = RTM_GETTFILTER;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.filter.tcm_family = AF_UNSPEC;
  request.filter.tcm_ifindex = static_cast<int>(ifindex);
  request.filter.tcm_parent = parent;
  if (send(socket, &request, sizeof(request), 0) < 0) return Status::FromErrno("send(NETLINK_ROUTE)");
  for (;;) {
    alignas(nlmsghdr) char buffer[16384];
    const ssize_t bytes = recv(socket, buffer, sizeof(buffer), 0);
    if (bytes < 0) return Status::FromErrno("recv(NETLINK_ROUTE)");
    u32 left = static_cast<u32>(bytes);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return Status::Ok();
      if (message->nlmsg_type == NLMSG_ERROR)
        return Status::Of(-static_cast<nlmsgerr*>(NLMSG_DATA(message))->error, "RTM_GETTFILTER");
      if (message->nlmsg_type == RTM_NEWTFILTER) each(message);
    }
  }
}

}  // namespace

Status RemoveClsactIfUnused(u32 ifindex) {
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.open()) return Status::FromErrno("socket(NETLINK_ROUTE)");
  bool any = false;
  for (const u32 minor : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
    Status status = FiltersAt(socket.get(), ifindex, TC_H_MAKE(TC_H_CLSACT, minor), [&](nlmsghdr*) { any = true; });
    if (!status.ok()) return status;
  }
  if (any) return Status::Ok();
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
  const int error = bpf_tc_hook_destroy(&hook);
  return error < 0 ? Status::Of(-error, "bpf_tc_hook_destroy") : Status::Ok();
}

Status DescribeFilter(u32 ifindex, u32 priority, std::string& what) {
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.open()) return Status::FromErrno("socket(NETLINK_ROUTE)");
  return FiltersAt(socket.get(), ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), [&](nlmsghdr* message) {
    const auto* filter = static_cast<const tcmsg*>(NLMSG_DATA(message));
    if (TC_H_MAJ(filter->tcm_info) >> 16 != priority) return;
    const char* kind = "unknown";
    int left = static_cast<int>(TCA_PAYLOAD(message));
    for (const rtattr* one = TCA_RTA(filter); RTA_OK(one, left); one = RTA_NEXT(one, left))
      if (one->rta_type == TCA_KIND) kind = static_cast<const char*>(RTA_DATA(one));
    char protocol[8];
    snprintf(protocol, sizeof(protocol), "0x%04x", ntohs(static_cast<u16>(TC_H_MIN(filter->tcm_info))));
    what = std::string("a filter of kind ") + kind + " for protocol " + protocol;
  });
}

}  // namespace p4rtd
