// The tc filters of a netdev, by rtnetlink.
#pragma once

#include <string>

#include "core/abi.h"
#include "core/status.h"

namespace p4rtd {

// Removes the clsact qdisc of a netdev in the caller's network namespace unless anybody's filter is on it.
Status RemoveClsactIfUnused(u32 ifindex);
// Tells in words what filter is at a priority of the ingress of such a netdev; leaves `what` as it is if there is none.
Status DescribeFilter(u32 ifindex, u32 priority, std::string& what);
// The name that a filter of kind bpf at the ingress has; leaves `name` as it is if there is none, or no clsact.
Status NameOfBpfFilter(u32 ifindex, u32 priority, u32 handle, std::string& name);

}  // namespace p4rtd
