// The maps of the tc program in memory, and a reader of them that walks by the letter of p4rtd_abi.h. Needs no kernel.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "core/rule_tables.h"

namespace p4rtd {

// Ends the program.
[[noreturn]] inline void Fail(const char* what) {
  std::printf("failed: %s\n", what);
  std::exit(1);
}

// Ends the program unless `holds`.
inline void Check(bool holds, const char* what) {
  if (!holds) Fail(what);
}

// The best rule of each table, as its number and action.
struct Match {
  bool found = false;
  u32 rule = 0;
  u32 action = 0;
  u32 meter = 0;
  bool operator==(const Match&) const = default;
};

// The maps in memory. `during` is called within each system call of a commit.
class MemoryMaps : public RuleMaps {
 public:
  explicit MemoryMaps(const RuleSizes& sizes)
      : sizes_(sizes),
        lists_(2),
        tuples_(2 * sizes.max_tuples),
        cells_(sizes.cells()),
        filter_(2 * FilterBitmap::BitsFor(sizes.capacity) / 64),
        counters_(sizes.cpus * sizes.rules()),
        colours_(sizes.rules()) {
    control = &control_;
    lists = lists_.data();
    tuples = tuples_.data();
    cells = cells_.data();
    filter = filter_.data();
    counters = counters_.data();
    colours = colours_.data();
  }

  Status InsertKeys(const p4rtd_rule_key* keys, const p4rtd_rule_ref* refs, std::size_t count) override {
    for (std::size_t i = 0; i < count; i++) {
      if (fail_after == 0) return Status::Of(ENOMEM, "insert");
      if (fail_after > 0) fail_after--;
      Check(rules_.try_emplace(keys[i], refs[i].cell).second, "a key is inserted only if it is not there");
      Check(rules_.size() <= sizes_.cells(), "the map of keys is large enough");
      if (during) during();
    }
    return Status::Ok();
  }

  Status DeleteKeys(const p4rtd_rule_key* keys, std::size_t count) override {
    for (std::size_t i = 0; i < count; i++) {
      rules_.erase(keys[i]);
      if (during) during();
    }
    return Status::Ok();
  }

  Status WriteMeters(const u32* indices, const p4rtd_meter* meters, std::size_t count) override {
    for (std::size_t i = 0; i < count; i++) {
      Check(indices[i] > 0 && indices[i] < sizes_.meters(), "a meter's index is in the map");
      meters_[indices[i]] = meters[i];
    }
    if (during) during();
    return Status::Ok();
  }

  void AwaitFrames() override { graces++; }
  void BeginGrace() override {
    Check(!grace_, "one grace period at a time");
    grace_ = true;
  }
  // Passes at once.
  bool GracePassed() override { return std::exchange(grace_, false); }
  u64 NowNs() override { return 1; }

  // What the tc program finds, by the letter of the header.
  std::vector<Match> Walk(const p4rtd_rule_key& frame) const {
    const u32 generation = static_cast<u32>(control_.step);
    const u32 number = static_cast<u32>(control_.step >> 32);
    const p4rtd_list& list = lists_[number];
    std::vector<Match> matches(list.tables);
    for (u32 t = 0; t < list.tables; t++) {
      s32 priority = -1;
      u64 age = 0;
      for (u32 i = 0; i < list.table[t].count; i++) {
        const p4rtd_tuple& tuple = tuples_[number * sizes_.max_tuples + list.table[t].first + i];
        if (tuple.best < priority) break;
        if (tuple.need & ~static_cast<u32>(frame.words[0]) & ~P4RTD_NEEDS_STRANGER) continue;
        p4rtd_rule_key key{};
        for (u32 w = 0; w < P4RTD_KEY_WORDS; w++) key.words[w] = frame.words[w] & tuple.mask[w];
        key.tuple = tuple.id;
        const u64 hash = p4rtd_hash(key.words, key.tuple);
        const u64* bitmap = &filter_[list.filter_half * filter_.size() / 2];
        const u64 word = bitmap[p4rtd_filter_word(hash, list.filter_shift)];
        if (!p4rtd_filter_passes(word, hash)) continue;
        const auto found = rules_.find(key);
        if (found == rules_.end()) continue;
        u32 holding = 0;
        for (const p4rtd_slot& slot : cells_[found->second].slots) {
          if (generation < slot.from || generation >= slot.to) continue;
          holding++;
          if (slot.priority < priority || (slot.priority == priority && slot.age >= age)) continue;
          priority = slot.priority;
          age = slot.age;
          matches[t] = {true, slot.rule, slot.action, slot.meter};
        }
        Check(holding <= 1, "at most one slot of a cell holds in a generation");
      }
    }
    return matches;
  }

  std::size_t keys() const { return rules_.size(); }
  const std::map<u32, p4rtd_meter>& meters() const { return meters_; }

  int fail_after = -1;
  u32 graces = 0;
  bool grace_ = false;
  std::function<void()> during;

 private:
  struct Less {
    bool operator()(const p4rtd_rule_key& a, const p4rtd_rule_key& b) const {
      if (a.tuple != b.tuple) return a.tuple < b.tuple;
      return std::lexicographical_compare(a.words, a.words + P4RTD_KEY_WORDS, b.words, b.words + P4RTD_KEY_WORDS);
    }
  };

  const RuleSizes sizes_;
  p4rtd_control control_{};
  std::vector<p4rtd_list> lists_;
  std::vector<p4rtd_tuple> tuples_;
  std::vector<p4rtd_cell> cells_;
  std::vector<u64> filter_;
  std::vector<p4rtd_counter> counters_;
  std::vector<p4rtd_colours> colours_;
  std::map<p4rtd_rule_key, u32, Less> rules_;
  std::map<u32, p4rtd_meter> meters_;
};

}  // namespace p4rtd
