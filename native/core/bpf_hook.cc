#include "core/bpf_hook.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/netns.h"
#include "core/tc_filters.h"

namespace p4rtd {

namespace {

// Of linux/bpf.h, which headers older than 6.6 lack.
constexpr u32 kTcxIngress = 46;    // BPF_TCX_INGRESS
constexpr u32 kBefore = 1u << 3;   // BPF_F_BEFORE; without another program: first of all
constexpr u32 kLinkTypeTcx = 11;   // BPF_LINK_TYPE_TCX

// The part of union bpf_attr that BPF_LINK_CREATE reads of a tcx link.
struct TcxLinkCreate {
  u32 prog_fd;
  u32 target_ifindex;
  u32 attach_type;
  u32 flags;
  u32 relative_fd;
  u32 pad;
  u64 expected_revision;
};

// The head of struct bpf_link_info, of a tcx link.
struct TcxLinkInfo {
  u32 type;
  u32 id;
  u32 prog_id;
  u32 pad;
  u32 ifindex;  // 0: the netdev is gone
  u32 attach_type;
  u8 rest[64];
};

// Our filter among those of others: which priority and handle it has.
constexpr u32 kFilterPriority = 1;
constexpr u32 kFilterHandle = 0x70347264;

constexpr std::string_view kLinkPrefix = "link_";
constexpr std::string_view kQdiscPrefix = "qdisc_";
constexpr std::string_view kMapPrefix = "map_";

bpf_tc_hook HookOf(u32 ifindex) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = BPF_TC_INGRESS;
  return hook;
}

bpf_tc_opts FilterOpts() {
  bpf_tc_opts opts{};
  opts.sz = sizeof(opts);
  opts.handle = kFilterHandle;
  opts.priority = kFilterPriority;
  return opts;
}

Status Unlink(const std::string& path) {
  if (unlink(path.c_str()) < 0 && errno != ENOENT) return Status::FromErrno("unlink(" + path + ")");
  return Status::Ok();
}

// Takes the program off at once. A link whose netdev is gone has nothing to take it off.
Status DetachLink(const UniqueFd& link) {
  if (!link.open() || bpf_link_detach(link.get()) == 0 || errno == ENOLINK) return Status::Ok();
  return Status::FromErrno("bpf(BPF_LINK_DETACH)");
}

}  // namespace

// A bpffs takes no dots in names.
std::string BpfHooks::PinOf(std::string_view prefix, const std::string& name) const {
  static constexpr char kHex[] = "0123456789abcdef";
  if (!pins_) return {};
  std::string path = *pins_ + "/" + std::string(prefix);
  for (const char c : name) {
    if (isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-')
      path += c;
    else
      path += {'%', kHex[static_cast<u8>(c) >> 4], kHex[c & 0xf]};
  }
  return path;
}

Status BpfHooks::PinMaps() {
  if (!pins_) return Status::Ok();
  if (mkdir(pins_->c_str(), 0700) < 0 && errno != EEXIST) return Status::FromErrno("mkdir(" + *pins_ + ")");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.object()) {
    const std::string path = *pins_ + "/" + std::string(kMapPrefix) + bpf_map__name(map);
    if (bpf_map__is_internal(map)) continue;
    Status status = Unlink(path);
    if (!status.ok()) return status;
    if (bpf_obj_pin(bpf_map__fd(map), path.c_str()) < 0) return Status::FromErrno("bpf(BPF_OBJ_PIN)", path);
  }
  return Status::Ok();
}

Status BpfHooks::Attach(u32 ifindex, Kind kind, const std::string& name) {
  Status status = Detach(ifindex);
  if (!status.ok()) return status;
  const bool tcx = kind == Kind::kTcx;
  Hook hook{kind, {}, tcx ? PinOf(kLinkPrefix, name) : "", tcx ? "" : PinOf(kQdiscPrefix, name), false};
  // Both ways look for the netdev in the namespace of the caller.
  status = InNetns(object_.netns(), [&] {
    Status attached = tcx ? AttachTcx(ifindex, hook) : AttachClsact(ifindex, hook);
    // Only now, so that no frame comes while neither is there.
    return attached.ok() ? RemoveOtherKind(ifindex, kind, name) : attached;
  });
  if (status.ok()) {
    hooks_.emplace(ifindex, std::move(hook));
    return status;
  }
  // A link that is not pinned, say. Closed alone it would stay until the kernel comes to it, and keep the next one out.
  if (!hook.pin.empty() && access(hook.pin.c_str(), F_OK) < 0) hook.pin.clear();
  const Status undone = hook.link.open() ? DetachHook(ifindex, hook) : Status::Ok();
  if (!undone.ok()) status.detail += "; as it was undone, " + undone.syscall + ": " + strerror(undone.error);
  return status;
}

// Of an earlier process with another setting. Its filter would go on dropping behind our link, or its link before our filter.
Status BpfHooks::RemoveOtherKind(u32 ifindex, Kind kind, const std::string& name) {
  if (kind == Kind::kTcx) return RemoveFilter(ifindex, PinOf(kQdiscPrefix, name));
  return pins_ ? Unlink(PinOf(kLinkPrefix, name)) : Status::Ok();
}

Status BpfHooks::RemoveFilter(u32 ifindex, const std::string& qdisc_marker) {
  // By the name in the filter: to look at its program takes CAP_SYS_ADMIN.
  std::string name;
  Status looked = NameOfBpfFilter(ifindex, kFilterPriority, kFilterHandle, name);
  if (!looked.ok() || !name.starts_with("p4rtd")) return looked;
  bpf_tc_hook place = HookOf(ifindex);
  bpf_tc_opts opts = FilterOpts();
  const int error = bpf_tc_detach(&place, &opts);
  if (error < 0 && error != -ENOENT) return Status::Of(-error, "bpf_tc_detach");
  if (qdisc_marker.empty() || access(qdisc_marker.c_str(), F_OK) < 0) return Status::Ok();
  Status status = Unlink(qdisc_marker);
  return status.ok() ? RemoveClsactIfUnused(ifindex) : status;
}

// Gives our program to the link that an earlier process pinned, if that is on this netdev; else removes it.
Status BpfHooks::AdoptPinned(u32 ifindex, Hook& hook, bool& adopted) {
  UniqueFd link(bpf_obj_get(hook.pin.c_str()));
  if (!link.open()) return errno == ENOENT ? Status::Ok() : Status::FromErrno("bpf(BPF_OBJ_GET)", hook.pin);
  TcxLinkInfo info{};
  u32 bytes = sizeof(info);
  if (bpf_obj_get_info_by_fd(link.get(), &info, &bytes) == 0 && info.type == kLinkTypeTcx && info.ifindex == ifindex &&
      bpf_link_update(link.get(), object_.program(), nullptr) == 0) {
    hook.link = std::move(link);
    adopted = true;
    return Status::Ok();
  }
  return Unlink(hook.pin);
}

Status BpfHooks::AttachTcx(u32 ifindex, Hook& hook) {
  bool adopted = false;
  if (!hook.pin.empty()) {
    Status status = AdoptPinned(ifindex, hook, adopted);
    if (!status.ok() || adopted) return status;
  }
  TcxLinkCreate create{};
  create.prog_fd = static_cast<u32>(object_.program());
  create.target_ifindex = ifindex;
  create.attach_type = kTcxIngress;
  create.flags = kBefore;
  hook.link = UniqueFd(static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &create, sizeof(create))));
  if (!hook.link.open()) return Status::FromErrno("bpf(BPF_LINK_CREATE)");
  if (!hook.pin.empty() && bpf_obj_pin(hook.link.get(), hook.pin.c_str()) < 0)
    return Status::FromErrno("bpf(BPF_OBJ_PIN)", hook.pin);
  return Status::Ok();
}

Status BpfHooks::AttachClsact(u32 ifindex, Hook& hook) {
  bpf_tc_hook place = HookOf(ifindex);
  const int made = bpf_tc_hook_create(&place);
  if (made < 0 && made != -EEXIST) return Status::Of(-made, "bpf_tc_hook_create");
  hook.made_qdisc = made == 0;
  if (!hook.qdisc_marker.empty()) {
    const bool marked = access(hook.qdisc_marker.c_str(), F_OK) == 0;
    const int map = bpf_object__find_map_fd_by_name(object_.object(), ".bss.control");
    // Any object serves as a mark. It is one of the netdev that was there then; of a new one the qdisc is gone too.
    if (made == 0 && !marked && bpf_obj_pin(map, hook.qdisc_marker.c_str()) < 0)
      return Status::FromErrno("bpf(BPF_OBJ_PIN)", hook.qdisc_marker);
    hook.made_qdisc = made == 0 || marked;
  }
  // A filter of an earlier process, which has no pin, is found by its handle.
  bpf_tc_opts opts = FilterOpts();
  opts.prog_fd = object_.program();
  opts.flags = BPF_TC_F_REPLACE;
  const int error = bpf_tc_attach(&place, &opts);
  if (error >= 0) return Status::Ok();
  // All filters of a priority have one kind and one protocol.
  std::string in_the_way;
  if (error == -EINVAL && DescribeFilter(ifindex, kFilterPriority, in_the_way).ok() && !in_the_way.empty())
    in_the_way += " has priority 1 of the ingress, which p4rtd needs to be first: give it a priority of 2 or more (tc filter)";
  return Status::Of(-error, "bpf_tc_attach", in_the_way);
}

Status BpfHooks::Detach(u32 ifindex) {
  const auto found = hooks_.find(ifindex);
  if (found == hooks_.end()) return Status::Ok();
  Hook hook = std::move(found->second);
  hooks_.erase(found);
  return DetachHook(ifindex, hook);
}

Status BpfHooks::DetachHook(u32 ifindex, Hook& hook) {
  if (hook.kind == Kind::kTcx) {
    // The last reference detaches too, but when the kernel comes to it: until then the netdev takes no link like it.
    Status status = DetachLink(hook.link);
    hook.link.Close();
    Status unpinned = hook.pin.empty() ? Status::Ok() : Unlink(hook.pin);
    return status.ok() ? unpinned : status;
  }
  return InNetns(object_.netns(), [&] {
    bpf_tc_hook place = HookOf(ifindex);
    bpf_tc_opts opts = FilterOpts();
    const int error = bpf_tc_detach(&place, &opts);
    if (error < 0 && error != -ENODEV && error != -ENOENT && error != -EINVAL)
      return Status::Of(-error, "bpf_tc_detach");
    Status status = hook.qdisc_marker.empty() ? Status::Ok() : Unlink(hook.qdisc_marker);
    if (!status.ok()) return status;
    return hook.made_qdisc && error == 0 ? RemoveClsactIfUnused(ifindex) : Status::Ok();
  });
}

Status BpfHooks::UnlinkPins(const std::function<bool(const std::string&, std::string_view)>& which) {
  DIR* folder = opendir(pins_->c_str());
  if (folder == nullptr) return errno == ENOENT ? Status::Ok() : Status::FromErrno("opendir(" + *pins_ + ")");
  Status first;
  while (const dirent* entry = readdir(folder)) {
    const std::string path = *pins_ + "/" + entry->d_name;
    if (!which(path, entry->d_name)) continue;
    Status status = Unlink(path);
    if (first.ok()) first = status;
  }
  closedir(folder);
  return first;
}

Status BpfHooks::DetachOthers() {
  if (!pins_) return Status::Ok();
  return UnlinkPins([&](const std::string& path, std::string_view name) {
    if (!name.starts_with(kLinkPrefix) && !name.starts_with(kQdiscPrefix)) return false;
    return std::none_of(hooks_.begin(), hooks_.end(), [&](const auto& entry) {
      return entry.second.pin == path || entry.second.qdisc_marker == path;
    });
  });
}

Status BpfHooks::Flush() {
  Status first;
  while (!hooks_.empty()) {
    Status status = Detach(hooks_.begin()->first);
    if (first.ok()) first = status;
  }
  if (!pins_) return first;
  Status status = UnlinkPins([](const std::string&, std::string_view name) {
    return name.starts_with(kLinkPrefix) || name.starts_with(kMapPrefix) || name.starts_with(kQdiscPrefix);
  });
  if (first.ok()) first = status;
  if (rmdir(pins_->c_str()) < 0 && errno != ENOTEMPTY && errno != ENOENT && first.ok()) return Status::FromErrno("rmdir(" + *pins_ + ")");
  return first;
}

Status BpfHooks::Keep() {
  if (!pins_) return Flush();
  hooks_.clear();
  return Status::Ok();
}

}  // namespace p4rtd
