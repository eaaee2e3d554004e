// What a netdev does to frames beyond sending and receiving them.
#pragma once

#include <optional>
#include <string>

#include "core/status.h"

namespace p4rtd {

// Switches off every feature of netdev `name` in the namespace of `netns` (see InNetns) that can be switched: it then sends
// whole frames only, with checksums and tags in them, and joins none. ENODEV if there is no such netdev, EPERM without
// CAP_NET_ADMIN. @see ethtool(8) -K
Status DisableOffloads(const std::optional<std::string>& netns, const std::string& name);

}  // namespace p4rtd
