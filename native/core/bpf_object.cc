#include "core/bpf_object.h"

#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/filter_bitmap.h"
#include "core/netns.h"

namespace p4rtd {

namespace {

constexpr u32 kLogBytes = 1 << 24;  // of address space; 6.1 keeps the first bytes of a log, not the last
constexpr std::size_t kLogTail = 2000;
constexpr u32 kBatch = 4096;

#if defined(__x86_64__) || defined(__i386__)
constexpr u32 kFences = 0;  // loads are not reordered with loads
#else
constexpr u32 kFences = 1;
#endif

// The last lines of a verifier's log.
std::string TailOf(const char* log) {
  std::string_view text(log);
  if (text.size() > kLogTail) text.remove_prefix(text.find('\n', text.size() - kLogTail) + 1);
  return std::string(text);
}

u32 FilterWords(const RuleSizes& sizes) { return static_cast<u32>(2 * FilterBitmap::BitsFor(sizes.capacity) / 64); }

}  // namespace

MappedMemory::~MappedMemory() {
  if (at_ != nullptr) munmap(at_, bytes_);
}

Status MappedMemory::Map(int fd, std::size_t bytes, int protection, off_t offset) {
  void* at = mmap(nullptr, bytes, protection, MAP_SHARED, fd, offset);
  if (at == MAP_FAILED) return Status::FromErrno("mmap");
  at_ = at;
  bytes_ = bytes;
  return Status::Ok();
}

bool BpfObject::ByBytes::operator()(const p4rtd_local& a, const p4rtd_local& b) const {
  return memcmp(&a, &b, sizeof(a)) < 0;
}

Status BpfObject::Load(const BpfObjectOptions& options, std::unique_ptr<BpfObject>& into) {
  std::unique_ptr<BpfObject> object(new BpfObject(options));
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return Status::Of(-cpus, "libbpf_num_possible_cpus");
  object->options_.sizes.cpus = static_cast<u32>(cpus);
  // Kernels that came after 6.1 take the faster loop; those that do not say so by refusing the program.
  Status status = Status::Of(E2BIG, "bpf(BPF_PROG_LOAD)");
  if (options.sizes.max_tuples <= P4RTD_PLAIN_TUPLES) status = object->OpenElf(Loop::kPlain);
  if (!status.ok()) status = object->OpenElf(Loop::kCalled);
  if (status.ok()) status = object->Share();
  if (status.ok()) status = object->FillPolicers();
  if (status.ok()) into = std::move(object);
  return status;
}

BpfObject::~BpfObject() {
  if (grace_runs_) pthread_join(grace_thread_, nullptr);
  if (object_ != nullptr) bpf_object__close(object_);
}

Status BpfObject::OpenElf(Loop loop) {
  // What libbpf would print is in the status.
  libbpf_set_print(nullptr);
  std::unique_ptr<char, void (*)(void*)> log(static_cast<char*>(calloc(kLogBytes, 1)), free);
  if (!log) return Status::Of(ENOMEM, "calloc");
  bpf_object_open_opts opts{};
  opts.sz = sizeof(opts);
  opts.object_name = "p4rtd";
  opts.kernel_log_buf = log.get();
  opts.kernel_log_size = kLogBytes;
  if (object_ != nullptr) bpf_object__close(object_);
  object_ = bpf_object__open_mem(options_.object.data(), options_.object.size(), &opts);
  if (object_ == nullptr) return Status::FromErrno("bpf_object__open_mem");
  Status status = Size(loop);
  if (!status.ok()) return status;
  const int error = bpf_object__load(object_);
  if (error < 0) return Status::Of(-error, "bpf(BPF_PROG_LOAD)", TailOf(log.get()));
  return Status::Ok();
}

// Sets what the object leaves open: sizes of maps, and the read-only data.
Status BpfObject::Size(Loop loop) {
  const RuleSizes& sizes = options_.sizes;
  const u32 filter_words = FilterWords(sizes) / 2;
  const struct {
    const char* map;
    u32 entries;
    u32 value_bytes = 0;  // 0: those of the object
  } rows[] = {
      {"rules", sizes.cells()},
      {"cells", sizes.cells()},
      {"tuples", 2, static_cast<u32>(sizeof(p4rtd_tuple) * sizes.max_tuples)},
      {"filter", 2, static_cast<u32>(sizeof(u64) * filter_words)},
      {"rule_counters", sizes.cpus * sizes.rules()},
      {"rule_colours", sizes.rules()},
      {"port_counters", sizes.cpus * P4RTD_MAX_PORTS},
      {"stats", sizes.cpus},
      {"meters", sizes.meters()},
      {"punted", options_.ring_bytes},
  };
  for (const auto& [name, entries, value_bytes] : rows) {
    bpf_map* map = bpf_object__find_map_by_name(object_, name);
    if (map == nullptr) return Status::Of(EINVAL, "bpf_object__open_mem", std::string("the object has no map ") + name);
    int error = bpf_map__set_max_entries(map, entries);
    if (error < 0) return Status::Of(-error, std::string("bpf_map__set_max_entries(") + name + ")");
    if (value_bytes > 0) error = bpf_map__set_value_size(map, value_bytes);
    if (error < 0) return Status::Of(-error, std::string("bpf_map__set_value_size(") + name + ")");
  }
  p4rtd_options options{};
  options.rule_capacity = sizes.rules();
  options.max_tuples = sizes.max_tuples;
  options.cpus = sizes.cpus;
  options.unparsable_drop = options_.unparsable_drop;
  options.exclude_local = options_.exclude_local;
  options.police_ports = options_.port_policer.has_value();
  options.police_device = options_.device_policer.has_value();
  options.fences = kFences;
  options.plain_loop = loop == Loop::kPlain;
  options.last_tuple = static_cast<u32>(sizeof(p4rtd_tuple) * (sizes.max_tuples - 1));
  options.filter_mask = filter_words - 1;
  bpf_map* data = bpf_object__find_map_by_name(object_, ".rodata");
  if (data == nullptr || bpf_map__set_initial_value(data, &options, sizeof(options)) < 0)
    return Status::Of(EINVAL, "bpf_object__open_mem", "the object's read-only data is not p4rtd_options");
  return Status::Ok();
}

int BpfObject::program() const { return bpf_program__fd(bpf_object__find_program_by_name(object_, "p4rtd")); }

int BpfObject::MapFd(const char* name) const { return bpf_object__find_map_fd_by_name(object_, name); }

Status BpfObject::Share() {
  const RuleSizes& sizes = options_.sizes;
  struct Row {
    MappedMemory& memory;
    const char* map;
    std::size_t bytes;
  } rows[] = {
      {control_, ".bss.control", sizeof(p4rtd_control)},
      {lists_, ".bss.lists", 2 * sizeof(p4rtd_list)},
      {tuples_, "tuples", 2 * sizeof(p4rtd_tuple) * sizes.max_tuples},
      {cells_, "cells", sizeof(p4rtd_cell) * sizes.cells()},
      {filter_, "filter", sizeof(u64) * FilterWords(sizes)},
      {counters_, "rule_counters", sizeof(p4rtd_counter) * sizes.cpus * sizes.rules()},
      {colours_, "rule_colours", sizeof(p4rtd_colours) * sizes.rules()},
      {ports_, "port_counters", sizeof(p4rtd_port_counter) * sizes.cpus * P4RTD_MAX_PORTS},
      {stats_, "stats", sizeof(p4rtd_stats) * sizes.cpus},
  };
  for (const Row& row : rows) {
    Status status = row.memory.Map(MapFd(row.map), row.bytes, PROT_READ | PROT_WRITE, 0);
    if (!status.ok()) {
      status.detail = row.map;
      return status;
    }
  }
  control = control_.as<p4rtd_control>();
  lists = lists_.as<p4rtd_list>();
  tuples = tuples_.as<p4rtd_tuple>();
  cells = cells_.as<p4rtd_cell>();
  filter = filter_.as<u64>();
  counters = counters_.as<p4rtd_counter>();
  colours = colours_.as<p4rtd_colours>();
  rules_fd_ = MapFd("rules");
  meters_fd_ = MapFd("meters");
  return Status::Ok();
}

Status BpfObject::FillPolicers() {
  Status status = FillPolicer(P4RTD_DEVICE_POLICER, options_.device_policer);
  for (u32 i = 0; status.ok() && i < options_.queues.size(); i++)
    status = FillPolicer(P4RTD_FIRST_QUEUE_POLICER + i, options_.queues[i]);
  return status;
}

Status BpfObject::FillPolicer(u32 index, const std::optional<PacketRate>& rate) {
  if (!rate) return Status::Ok();
  p4rtd_policer policer{};
  policer.filled_ns = NowNs();
  policer.bucket = {rate->pps, rate->burst, rate->burst, 0};
  if (bpf_map_update_elem(MapFd("policers"), &index, &policer, BPF_F_LOCK) < 0)
    return Status::FromErrno("bpf(BPF_MAP_UPDATE_ELEM)", "policers");
  return Status::Ok();
}

Status BpfObject::SetPort(u32 ifindex, const p4rtd_port& port) {
  if (bpf_map_update_elem(MapFd("slots"), &port.slot, &port.port_id, BPF_ANY) < 0)
    return Status::FromErrno("bpf(BPF_MAP_UPDATE_ELEM)", "slots");
  if (bpf_map_update_elem(MapFd("ports"), &ifindex, &port, BPF_ANY) < 0)
    return Status::FromErrno("bpf(BPF_MAP_UPDATE_ELEM)", "ports");
  PortsChanged();
  return Status::Ok();
}

Status BpfObject::DeletePort(u32 ifindex) {
  if (bpf_map_delete_elem(MapFd("ports"), &ifindex) < 0 && errno != ENOENT)
    return Status::FromErrno("bpf(BPF_MAP_DELETE_ELEM)", "ports");
  PortsChanged();
  return Status::Ok();
}

void BpfObject::PortsChanged() { __atomic_fetch_add(&control->ports_changes, 1, __ATOMIC_SEQ_CST); }

Status BpfObject::SetSegmenter(u32 input, u32 output) {
  const p4rtd_port port{0, 0, P4RTD_PORT_SEGMENTS, 0};
  Status status = ClearSegmenter();
  if (!status.ok()) return status;
  if (bpf_map_update_elem(MapFd("ports"), &output, &port, BPF_ANY) < 0)
    return Status::FromErrno("bpf(BPF_MAP_UPDATE_ELEM)", "ports");
  PortsChanged();
  segmenter_output_ = output;
  __atomic_store_n(&control->segmenter, input, __ATOMIC_RELEASE);
  return Status::Ok();
}

Status BpfObject::ClearSegmenter() {
  __atomic_store_n(&control->segmenter, 0, __ATOMIC_RELEASE);
  if (segmenter_output_ == 0) return Status::Ok();
  Status status = DeletePort(segmenter_output_);
  if (status.ok()) segmenter_output_ = 0;
  return status;
}

Status BpfObject::ResetSlot(u32 slot) {
  for (u32 cpu = 0; cpu < options_.sizes.cpus; cpu++)
    ports_.as<p4rtd_port_counter>()[u64{cpu} * P4RTD_MAX_PORTS + slot] = {};
  return FillPolicer(P4RTD_FIRST_PORT_POLICER + slot, options_.port_policer);
}

Status BpfObject::SetLocals(const std::vector<p4rtd_local>& locals) {
  const int fd = MapFd("locals");
  const std::set<p4rtd_local, ByBytes> wanted(locals.begin(), locals.end());
  // New ones first: an address that stays is never missing.
  for (const p4rtd_local& local : wanted) {
    const u8 present = 1;
    if (locals_known_.count(local) > 0) continue;
    if (bpf_map_update_elem(fd, &local, &present, BPF_ANY) < 0)
      return Status::FromErrno("bpf(BPF_MAP_UPDATE_ELEM)", "locals");
    locals_known_.insert(local);
  }
  for (auto known = locals_known_.begin(); known != locals_known_.end();) {
    if (wanted.count(*known) > 0) {
      ++known;
      continue;
    }
    if (bpf_map_delete_elem(fd, &*known) < 0 && errno != ENOENT)
      return Status::FromErrno("bpf(BPF_MAP_DELETE_ELEM)", "locals");
    known = locals_known_.erase(known);
  }
  return Status::Ok();
}

Status BpfObject::InsertKeys(const p4rtd_rule_key* keys, const p4rtd_rule_ref* refs, std::size_t count) {
  if (count == 1) {
    if (bpf_map_update_elem(rules_fd_, keys, refs, BPF_NOEXIST) < 0)
      return Status::FromErrno("bpf(BPF_MAP_UPDATE_ELEM)", "rules");
    return Status::Ok();
  }
  // A batch takes no BPF_NOEXIST; nobody but us inserts, and we know what is there.
  for (std::size_t done = 0; done < count;) {
    u32 some = static_cast<u32>(std::min<std::size_t>(count - done, kBatch));
    if (bpf_map_update_batch(rules_fd_, keys + done, refs + done, &some, nullptr) < 0)
      return Status::FromErrno("bpf(BPF_MAP_UPDATE_BATCH)", "rules");
    done += some;
  }
  return Status::Ok();
}

Status BpfObject::DeleteKeys(const p4rtd_rule_key* keys, std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    u32 some = static_cast<u32>(std::min<std::size_t>(count - done, kBatch));
    if (bpf_map_delete_batch(rules_fd_, keys + done, &some, nullptr) == 0) {
      done += some;
      continue;
    }
    if (errno != ENOENT) return Status::FromErrno("bpf(BPF_MAP_DELETE_BATCH)", "rules");
    done += some + 1;  // the one after those deleted is not there
  }
  return Status::Ok();
}

Status BpfObject::WriteMeters(const u32* indices, const p4rtd_meter* meters, std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    u32 some = static_cast<u32>(std::min<std::size_t>(count - done, kBatch));
    if (bpf_map_update_batch(meters_fd_, indices + done, meters + done, &some, nullptr) < 0)
      return Status::FromErrno("bpf(BPF_MAP_UPDATE_BATCH)", "meters");
    done += some;
  }
  return Status::Ok();
}

void* BpfObject::WaitForGrace(void* object) {
  auto* self = static_cast<BpfObject*>(object);
  self->AwaitFrames();
  self->grace_passed_.store(true);
  return nullptr;
}

void BpfObject::BeginGrace() {
  grace_passed_.store(false);
  // The new thread inherits the mask: signals are for the threads that Node.js made.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  grace_runs_ = pthread_create(&grace_thread_, nullptr, WaitForGrace, this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!grace_runs_) WaitForGrace(this);
}

bool BpfObject::GracePassed() {
  if (!grace_passed_.exchange(false)) return false;
  if (grace_runs_) pthread_join(grace_thread_, nullptr);
  grace_runs_ = false;
  return true;
}

void BpfObject::AwaitFrames() {
  // Waits for an RCU grace period, and programs run within one. With one CPU it returns at once, which is right too:
  // no program is under way while this thread runs.
  syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

u64 BpfObject::NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

}  // namespace p4rtd
