// TAP devices that outlive the process that made them.
#pragma once

#include <optional>
#include <string>

#include "core/status.h"

namespace p4rtd {

// Makes the persistent TAP `name`, or takes the one that is there, also one that a virtual machine has open. EINVAL if the
// name belongs to a netdev of another kind, EPERM without CAP_NET_ADMIN, ENOENT or ENODEV without /dev/net/tun.
// @see Linux Documentation/networking/tuntap.rst
Status CreateTap(const std::optional<std::string>& netns, const std::string& name);

// Removes the TAP `name`, also one that is open somewhere; one that is not there is no error. EINVAL if the name belongs
// to a netdev of another kind.
Status DeleteTap(const std::optional<std::string>& netns, const std::string& name);

}  // namespace p4rtd
