// Does the kernel have tcx?
#pragma once

#include "core/status.h"

namespace p4rtd {

// Sets `has` to whether the kernel knows programs attached by tcx links, which came with 6.6. A status that is not ok: it
// could not be told, such as EPERM without CAP_NET_ADMIN and CAP_BPF, or under a filter of system calls. Changes nothing.
Status ProbeTcx(bool& has);

}  // namespace p4rtd
