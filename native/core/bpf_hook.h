// The program at the ingress of netdevs.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/bpf_object.h"
#include "core/unique_fd.h"

namespace p4rtd {

// Attaches the program of an object, and pins what shall outlive the process.
class BpfHooks {
 public:
  enum class Kind { kTcx, kClsact };

  // `pins`: a folder on a bpffs, made if it is not there.
  BpfHooks(const BpfObject& object, std::optional<std::string> pins) : object_(object), pins_(std::move(pins)) {}

  // Makes the folder and pins the maps, in place of those of an earlier process.
  Status PinMaps();
  // First in order. `name` names the pinned link; one of an earlier process on this netdev gets our program, and what
  // such a process attached by the other kind goes. EINVAL with the filter in the way, if one has our priority.
  Status Attach(u32 ifindex, Kind kind, const std::string& name);
  // A netdev that is gone is no error, nor one on which we are not.
  Status Detach(u32 ifindex);
  // Removes every pinned link, and every mark of a qdisc, of netdevs on which we are not.
  Status DetachOthers();
  // Detaches from every netdev and removes every pin.
  Status Flush();
  // Lets go of what is pinned; what is not is detached.
  Status Keep();

 private:
  struct Hook {
    Kind kind;
    UniqueFd link;
    std::string pin;           // of a link; empty: none
    std::string qdisc_marker;  // a pin that tells a later process that the clsact qdisc is ours; empty: none
    bool made_qdisc = false;
  };

  Status AttachTcx(u32 ifindex, Hook& hook);
  Status AttachClsact(u32 ifindex, Hook& hook);
  Status DetachHook(u32 ifindex, Hook& hook);
  Status RemoveOtherKind(u32 ifindex, Kind kind, const std::string& name);
  Status RemoveFilter(u32 ifindex, const std::string& qdisc_marker);
  Status UnlinkPins(const std::function<bool(const std::string& path, std::string_view name)>& which);
  std::string PinOf(std::string_view prefix, const std::string& name) const;
  Status AdoptPinned(u32 ifindex, Hook& hook, bool& adopted);

  const BpfObject& object_;
  const std::optional<std::string> pins_;
  std::map<u32, Hook> hooks_;  // by ifindex
};

}  // namespace p4rtd
