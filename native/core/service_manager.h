// The service manager that started us.
#pragma once

#include <string>

#include "core/status.h"

namespace p4rtd {

// Sends `state`, such as "READY=1", as one datagram to the unix socket that NOTIFY_SOCKET names: a path, or `@` and an
// abstract name. Waits a second at most for a reader that does not keep up, then EAGAIN. EAFNOSUPPORT for any other
// kind of address, ENAMETOOLONG for one that does not fit. @see sd_notify(3)
Status Notify(const std::string& socket, const std::string& state);

}  // namespace p4rtd
