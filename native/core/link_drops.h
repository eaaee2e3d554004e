// Frames that a netdev could not send.
#pragma once

#include <optional>
#include <string>

#include "core/abi.h"
#include "core/status.h"

namespace p4rtd {

// How many frames the netdev `ifindex` in the namespace of `netns` (see InNetns) has dropped instead of sending, ever.
// ENODEV if there is no such netdev. @see rtnetlink(7), linux/if_link.h
Status TransmitDrops(const std::optional<std::string>& netns, u32 ifindex, u64& dropped);

}  // namespace p4rtd
