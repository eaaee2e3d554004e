#include "core/bpffs.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>

namespace p4rtd {

Status MountBpffs(const std::string& folder) {
  struct statfs fs;
  if (statfs(folder.c_str(), &fs) < 0) return Status::FromErrno("statfs(" + folder + ")");
  if (fs.f_type == BPF_FS_MAGIC) return Status::Ok();
  if (mount("p4rtd", folder.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
    return Status::FromErrno("mount(" + folder + ")");
  return Status::Ok();
}

}  // namespace p4rtd
