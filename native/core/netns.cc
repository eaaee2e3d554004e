#include "core/netns.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "core/unique_fd.h"

namespace p4rtd {

namespace {

struct Visit {
  const std::string& path;
  const std::function<Status()>& work;
  Status status;
};

Status Enter(const std::string& path) {
  const UniqueFd netns(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns.open()) return Status::FromErrno("open(" + path + ")");
  if (setns(netns.get(), CLONE_NEWNET) < 0) return Status::FromErrno("setns(" + path + ")");
  return Status::Ok();
}

void* Run(void* argument) {
  auto& visit = *static_cast<Visit*>(argument);
  visit.status = Enter(visit.path);
  if (visit.status.ok()) visit.status = visit.work();
  return nullptr;
}

}  // namespace

Status InNetns(const std::optional<std::string>& path, const std::function<Status()>& work) {
  if (!path) return work();
  Visit visit{*path, work, {}};
  // The new thread inherits the mask: signals are for the threads that Node.js made.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, Run, &visit);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return Status::Of(error, "pthread_create");
  pthread_join(thread, nullptr);
  return visit.status;
}

}  // namespace p4rtd
