#include "core/tc_filters.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstring>
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

// The attribute of `type` in `bytes` of attributes; null: none.
const rtattr* Find(const rtattr* first, int bytes, u16 type) {
  for (const rtattr* one = first; RTA_OK(one, bytes); one = RTA_NEXT(one, bytes))
    if ((one->rta_type & NLA_TYPE_MASK) == type) return one;
  return nullptr;
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
    const rtattr* named = Find(TCA_RTA(filter), static_cast<int>(TCA_PAYLOAD(message)), TCA_KIND);
    const char* kind = named == nullptr ? "unknown" : static_cast<const char*>(RTA_DATA(named));
    char protocol[8];
    snprintf(protocol, sizeof(protocol), "0x%04x", ntohs(static_cast<u16>(TC_H_MIN(filter->tcm_info))));
    what = std::string("a filter of kind ") + kind + " for protocol " + protocol;
  });
}

Status NameOfBpfFilter(u32 ifindex, u32 priority, u32 handle, std::string& name) {
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.open()) return Status::FromErrno("socket(NETLINK_ROUTE)");
  Status status = FiltersAt(socket.get(), ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), [&](nlmsghdr* message) {
    const auto* filter = static_cast<const tcmsg*>(NLMSG_DATA(message));
    if (filter->tcm_handle != handle || TC_H_MAJ(filter->tcm_info) >> 16 != priority) return;
    const int bytes = static_cast<int>(TCA_PAYLOAD(message));
    const rtattr* kind = Find(TCA_RTA(filter), bytes, TCA_KIND);
    const rtattr* options = Find(TCA_RTA(filter), bytes, TCA_OPTIONS);
    if (kind == nullptr || options == nullptr || strcmp(static_cast<const char*>(RTA_DATA(kind)), "bpf") != 0) return;
    const rtattr* named =
        Find(static_cast<const rtattr*>(RTA_DATA(options)), static_cast<int>(RTA_PAYLOAD(options)), TCA_BPF_NAME);
    if (named != nullptr) name = static_cast<const char*>(RTA_DATA(named));
  });
  const bool no_clsact = status.error == EINVAL || status.error == ENOENT;
  return no_clsact ? Status::Ok() : status;
}

}  // namespace p4rtd
