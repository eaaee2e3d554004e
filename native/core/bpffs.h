// The file system in which BPF objects are pinned.
#pragma once

#include <string>

#include "core/status.h"

namespace p4rtd {

// Mounts a bpffs on `folder`, which exists, for its owner only; nothing is done if it lies on one already. EPERM without
// CAP_SYS_ADMIN, ENODEV if the kernel has none. @see Linux Documentation/bpf
Status MountBpffs(const std::string& folder);

}  // namespace p4rtd
