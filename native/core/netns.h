// Network namespaces of other processes.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/status.h"

namespace p4rtd {

// Runs `work` in the network namespace that `path` names, such as /run/netns/x, and returns its status; without a path
// in the namespace of the process. The caller waits; its own namespace never changes, as `work` runs on a thread of its
// own there. Sockets and tun descriptors stay in the namespace in which they were made.
// Fails with what open(2), setns(2) (EPERM without CAP_SYS_ADMIN) or pthread_create(3) say.
Status InNetns(const std::optional<std::string>& path, const std::function<Status()>& work);

}  // namespace p4rtd
