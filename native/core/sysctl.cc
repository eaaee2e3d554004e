#include "core/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/netns.h"
#include "core/unique_fd.h"

namespace p4rtd {

Status WriteNetSysctl(const std::optional<std::string>& netns, const std::string& name, const std::string& value) {
  const std::string path = "/proc/sys/net/" + name;
  // Which namespace's settings the path means is decided by the thread that opens it.
  return InNetns(netns, [&] {
    const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.open()) return Status::FromErrno("open(" + path + ")");
    if (write(fd.get(), value.data(), value.size()) < 0) return Status::FromErrno("write(" + path + ")");
    return Status::Ok();
  });
}

}  // namespace p4rtd
