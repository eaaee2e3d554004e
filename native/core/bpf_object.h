// The tc program of one device, loaded, and its maps.
#pragma once

#include <bpf/libbpf.h>
#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/rule_maps.h"

namespace p4rtd {

// A share of memory with a map.
class MappedMemory {
 public:
  MappedMemory() = default;
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;
  ~MappedMemory();

  Status Map(int fd, std::size_t bytes, int protection, off_t offset);
  template <typename T>
  T* as() const {
    return static_cast<T*>(at_);
  }

 private:
  void* at_ = nullptr;
  std::size_t bytes_ = 0;
};

struct PacketRate {
  u64 pps;
  u64 burst;
};

struct BpfObjectOptions {
  std::vector<u8> object;  // the ELF file
  std::optional<std::string> netns;
  RuleSizes sizes;  // `cpus` is found out
  u32 ring_bytes;
  std::vector<PacketRate> queues;  // 64 at most
  std::optional<PacketRate> port_policer;
  std::optional<PacketRate> device_policer;
  bool unparsable_drop;
  bool exclude_local;
};

struct DumpedRule {
  u32 rule;
  u32 table;
  s32 priority;
  u32 action;
  u64 value[P4RTD_KEY_WORDS];
  u64 mask[P4RTD_KEY_WORDS];
};

// Also the maps that RuleTables writes. Closes what it holds when it goes away; what is pinned or attached stays.
class BpfObject : public RuleMaps {
 public:
  // Fails with what the kernel says; the verifier's last lines are in `detail`.
  static Status Load(const BpfObjectOptions& options, std::unique_ptr<BpfObject>& into);
  ~BpfObject() override;

  const RuleSizes& sizes() const { return options_.sizes; }
  const std::optional<std::string>& netns() const { return options_.netns; }
  int program() const;
  int ring() const { return MapFd("punted"); }
  u32 ring_bytes() const { return options_.ring_bytes; }
  bpf_object* object() const { return object_; }

  Status SetPort(u32 ifindex, const p4rtd_port& port);
  // A port that is not there is no error.
  Status DeletePort(u32 ifindex);
  // Bundles of segments are sent into netdev `input` to be cut up, and come out of `output`.
  Status SetSegmenter(u32 input, u32 output);
  // There is none any more. One that is not there is no error.
  Status ClearSegmenter();
  // Zeroes the counters of `slot` and fills its policer.
  Status ResetSlot(u32 slot);
  Status SetLocals(const std::vector<p4rtd_local>& locals);

  // Sums over CPUs.
  p4rtd_stats Stats() const;
  p4rtd_port_counter PortCounter(u32 slot) const;
  // What the maps hold in this generation.
  Status Dump(std::vector<DumpedRule>& into) const;
  // Runs the program on a frame as if `ifindex` had received it. `ns`: per run.
  Status TestRun(const u8* frame, u32 length, u32 ifindex, u32 repeat, s32& answer, u32& ns) const;

  Status InsertKeys(const p4rtd_rule_key* keys, const p4rtd_rule_ref* refs, std::size_t count) override;
  Status DeleteKeys(const p4rtd_rule_key* keys, std::size_t count) override;
  Status WriteMeters(const u32* indices, const p4rtd_meter* meters, std::size_t count) override;
  void AwaitFrames() override;
  void BeginGrace() override;
  bool GracePassed() override;
  u64 NowNs() override;

 private:
  static void* WaitForGrace(void* object);
  explicit BpfObject(const BpfObjectOptions& options) : options_(options) {}

  // How the program walks the tuples of a table.
  enum class Loop { kPlain, kCalled };
  Status OpenElf(Loop loop);
  Status Size(Loop loop);
  Status Share();
  Status FillPolicers();
  // Tells the program that what it keeps of map `ports` may be old. After every change of the map.
  void PortsChanged();
  Status FillPolicer(u32 index, const std::optional<PacketRate>& rate);
  int MapFd(const char* name) const;

  BpfObjectOptions options_;
  bpf_object* object_ = nullptr;
  MappedMemory control_, lists_, tuples_, cells_, filter_, counters_, colours_, ports_, stats_;
  u32 segmenter_output_ = 0;
  int rules_fd_ = -1;
  int meters_fd_ = -1;
  struct ByBytes {
    bool operator()(const p4rtd_local& a, const p4rtd_local& b) const;
  };
  std::set<p4rtd_local, ByBytes> locals_known_;
  pthread_t grace_thread_{};
  bool grace_runs_ = false;
  std::atomic<bool> grace_passed_{false};
};

}  // namespace p4rtd
