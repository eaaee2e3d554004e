// Settings of a network namespace.
#pragma once

#include <optional>
#include <string>

#include "core/status.h"

namespace p4rtd {

// Writes `value` to /proc/sys/net/`name`, such as ipv6/conf/eth0/disable_ipv6, in the namespace of `netns` (see InNetns).
// ENOENT if there is no such setting, EACCES without CAP_NET_ADMIN. Precondition: no part of `name` is "..".
Status WriteNetSysctl(const std::optional<std::string>& netns, const std::string& name, const std::string& value);

}  // namespace p4rtd
