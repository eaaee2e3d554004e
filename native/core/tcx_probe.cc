#include "core/tcx_probe.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <limits>

namespace p4rtd {

namespace {

// BPF_TCX_INGRESS of linux/bpf.h, which headers older than 6.6 lack.
constexpr unsigned kTcxIngress = 46;

}  // namespace

Status ProbeTcx(bool& has) {
  // What is attached to a netdev that is not there? A kernel with tcx looks for the netdev, one without does not know the
  // attach type.
  bpf_attr attributes{};
  attributes.query.target_fd = std::numeric_limits<int>::max();  // where newer headers have target_ifindex
  attributes.query.attach_type = kTcxIngress;
  if (syscall(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof(attributes)) == 0) return Status::Of(EPROTO, "bpf(BPF_PROG_QUERY)");
  if (errno != ENODEV && errno != EINVAL) return Status::FromErrno("bpf(BPF_PROG_QUERY)");
  has = errno == ENODEV;
  return Status::Ok();
}

}  // namespace p4rtd
