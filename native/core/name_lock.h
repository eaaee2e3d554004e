// A name that one process at a time can hold.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/status.h"
#include "core/unique_fd.h"

namespace p4rtd {

// Longest name, in bytes: what an abstract unix address has room for behind the prefix.
inline constexpr std::size_t kLongestLockName = 100;

// Binds the abstract unix address `@p4rtd/<name>` in a network namespace. Nothing stays behind when the process ends,
// however it ends. EADDRINUSE: somebody holds it. `out` holds the name until it is closed.
// Precondition: 1 … kLongestLockName bytes. @see unix(7)
Status LockName(const std::optional<std::string>& netns, const std::string& name, UniqueFd& out);

}  // namespace p4rtd
