#include "core/tc_filters.h"

#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "core/unique_fd.h"

namespace p4rtd {

namespace {

// Sets `any` to whether there is a filter at `parent`.
Status FiltersAt(int socket, u32 ifindex, u32 parent, bool& any) {
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
      if (message->nlmsg_type == RTM_NEWTFILTER) any = true;
    }
  }
}

}  // namespace

Status RemoveClsactIfUnused(u32 ifindex) {
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.open()) return Status::FromErrno("socket(NETLINK_ROUTE)");
  bool any = false;
  for (const u32 minor : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
    Status status = FiltersAt(socket.get(), ifindex, TC_H_MAKE(TC_H_CLSACT, minor), any);
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

}  // namespace p4rtd
