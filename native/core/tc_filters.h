// The tc filters of a netdev, by rtnetlink.
#pragma once

#include "core/abi.h"
#include "core/status.h"

namespace p4rtd {

// Removes the clsact qdisc of a netdev in the caller's network namespace unless anybody's filter is on it.
Status RemoveClsactIfUnused(u32 ifindex);

}  // namespace p4rtd
