// What BpfObject tells of a running program: counters, rules, and what it makes of a frame.
#include <bpf/bpf.h>

#include <algorithm>

#include "core/bpf_object.h"
#include "core/netns.h"

namespace p4rtd {

p4rtd_stats BpfObject::Stats() const {
  p4rtd_stats sum{};
  for (u32 cpu = 0; cpu < options_.sizes.cpus; cpu++) {
    const p4rtd_stats& stats = stats_.as<p4rtd_stats>()[cpu];
    sum.classified += __atomic_load_n(&stats.classified, __ATOMIC_RELAXED);
    sum.punted += __atomic_load_n(&stats.punted, __ATOMIC_RELAXED);
    for (u32 i = 0; i < P4RTD_DROP_REASON_COUNT; i++)
      sum.drops[i] += __atomic_load_n(&stats.drops[i], __ATOMIC_RELAXED);
  }
  return sum;
}

p4rtd_port_counter BpfObject::PortCounter(u32 slot) const {
  p4rtd_port_counter sum{};
  for (u32 cpu = 0; cpu < options_.sizes.cpus; cpu++) {
    const auto& counter = ports_.as<p4rtd_port_counter>()[u64{cpu} * P4RTD_MAX_PORTS + slot];
    sum.in += __atomic_load_n(&counter.in, __ATOMIC_RELAXED);
    sum.punted += __atomic_load_n(&counter.punted, __ATOMIC_RELAXED);
    sum.dropped += __atomic_load_n(&counter.dropped, __ATOMIC_RELAXED);
  }
  return sum;
}

Status BpfObject::Dump(std::vector<DumpedRule>& into) const {
  const u64 step = __atomic_load_n(&control->step, __ATOMIC_ACQUIRE);
  const u32 generation = static_cast<u32>(step);
  const u32 number = static_cast<u32>(step >> 32);
  struct Place {
    u32 table;
    const p4rtd_tuple* tuple;
  };
  std::vector<Place> by_id;
  for (u32 t = 0; t < lists[number].tables; t++) {
    const p4rtd_table& table = lists[number].table[t];
    for (u32 i = 0; i < table.count; i++) {
      const p4rtd_tuple* tuple = &tuples[u64{number} * options_.sizes.max_tuples + table.first + i];
      if (tuple->id >= by_id.size()) by_id.resize(tuple->id + 1);
      by_id[tuple->id] = {t, tuple};
    }
  }
  p4rtd_rule_key key{}, *before = nullptr;
  p4rtd_rule_ref ref{};
  while (bpf_map_get_next_key(rules_fd_, before, &key) == 0) {
    before = &key;
    if (bpf_map_lookup_elem(rules_fd_, &key, &ref) < 0) return Status::FromErrno("bpf(BPF_MAP_LOOKUP_ELEM)", "rules");
    if (key.tuple >= by_id.size() || by_id[key.tuple].tuple == nullptr || ref.cell >= options_.sizes.cells()) continue;
    for (const p4rtd_slot& slot : cells[ref.cell].slots) {
      if (generation < slot.from || generation >= slot.to) continue;
      DumpedRule rule{slot.rule, by_id[key.tuple].table, slot.priority, slot.action, {}, {}};
      std::copy_n(key.words, P4RTD_KEY_WORDS, rule.value);
      std::copy_n(by_id[key.tuple].tuple->mask, P4RTD_KEY_WORDS, rule.mask);
      into.push_back(rule);
    }
  }
  if (errno != ENOENT) return Status::FromErrno("bpf(BPF_MAP_GET_NEXT_KEY)", "rules");
  return Status::Ok();
}

Status BpfObject::TestRun(const u8* frame, u32 length, u32 ifindex, u32 repeat, s32& answer, u32& ns) const {
  // The kernel looks for the netdev in the namespace of the caller.
  return InNetns(options_.netns, [&] {
    __sk_buff context{};
    context.ifindex = ifindex;
    bpf_test_run_opts opts{};
    opts.sz = sizeof(opts);
    opts.data_in = frame;
    opts.data_size_in = length;
    opts.ctx_in = &context;
    opts.ctx_size_in = sizeof(context);
    opts.repeat = static_cast<int>(repeat);
    if (bpf_prog_test_run_opts(program(), &opts) < 0) return Status::FromErrno("bpf(BPF_PROG_TEST_RUN)");
    answer = static_cast<s32>(opts.retval);
    ns = opts.duration;
    return Status::Ok();
  });
}

}  // namespace p4rtd
