// What a system call ended with. Code in core/ returns it instead of throwing.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace p4rtd {

// Success, or the errno of a failed system call with the call's name. A failed one must be looked at.
struct [[nodiscard]] Status {
  int error = 0;        // errno; 0 is success
  std::string syscall;  // such as "bpf(BPF_LINK_CREATE)"
  std::string detail;   // more for people, such as the verifier's last lines; often empty

  bool ok() const { return error == 0; }

  static Status Ok() { return {}; }
  static Status Of(int error, std::string syscall, std::string detail = {}) {
    return {error, std::move(syscall), std::move(detail)};
  }
  // For the system call that has just failed.
  static Status FromErrno(std::string syscall, std::string detail = {}) {
    return Of(errno, std::move(syscall), std::move(detail));
  }
};

}  // namespace p4rtd
