// RuleTables against a model that keeps rules in a list and looks at each: random steps, with a reader that walks the
// maps as p4rtd_abi.h says, between steps and in the middle of commits. Needs no kernel.
// usage: rule_tables_test SEED STEPS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "core/rule_tables.h"
#include "memory_maps.h"

using namespace p4rtd;

namespace {

using KeyWords32 = std::array<u32, 2 * P4RTD_KEY_WORDS>;

// A rule as the model has it.
struct ModelRule {
  u32 number;
  u32 table;
  s32 priority;
  std::vector<std::pair<KeyWords32, KeyWords32>> keys;  // value, mask
  u32 action;
  bool metered;
  u64 cir;
};

struct Model {
  std::vector<u32> max_masks;     // of each table
  std::vector<ModelRule> rules;  // in the order of adding

  const ModelRule* Best(u32 table, const KeyWords32& frame) const {
    const ModelRule* best = nullptr;
    for (const ModelRule& rule : rules) {
      if (rule.table != table || (best != nullptr && best->priority >= rule.priority)) continue;
      for (const auto& [value, mask] : rule.keys) {
        bool matches = true;
        for (u32 w = 0; w < value.size(); w++) matches = matches && (frame[w] & mask[w]) == value[w];
        if (matches) best = &rule;
      }
    }
    return best;
  }

  std::set<KeyWords32> Masks(u32 table) const {
    std::set<KeyWords32> masks;
    for (const ModelRule& rule : rules)
      if (rule.table == table)
        for (const auto& [value, mask] : rule.keys) masks.insert(mask);
    return masks;
  }

  u32 Keys() const {
    u32 keys = 0;
    for (const ModelRule& rule : rules) keys += static_cast<u32>(std::set(rule.keys.begin(), rule.keys.end()).size());
    return keys;
  }

  u32 Tuples() const {
    u32 tuples = 0;
    for (u32 t = 0; t < max_masks.size(); t++) tuples += static_cast<u32>(Masks(t).size());
    return tuples;
  }
};

class Trial {
 public:
  explicit Trial(u32 seed) : random_(seed) {
    maps_.during = [this] { Probe(); };
  }

  void Run(u32 steps) {
    for (u32 i = 0; i < steps; i++) Step();
    std::printf("%u steps, %u rules at most, %u graces, %u walks, %u refusals\n", steps, most_, maps_.graces, walks_,
                refusals_);
    Check(most_ > 40 && refusals_ > 0 && walks_ > steps, "the trial tried something");
  }

 private:
  static constexpr RuleSizes kSizes{64, 30, 2};

  u32 Below(u32 limit) { return std::uniform_int_distribution<u32>(0, limit - 1)(random_); }

  // Few values and masks, so that keys meet, shadow each other, and match.
  KeyWords32 Mask() {
    KeyWords32 mask{};
    if (Below(2)) mask[0] = P4RTD_HAS_IP;
    if (Below(3) == 0) mask[5] = 0xffff0000;
    if (Below(2)) mask[15] = Below(2) ? 0xff : 0xf0;
    if (Below(3) == 0) mask[8] = 1;
    return mask;
  }

  KeyWords32 Frame() {
    KeyWords32 frame{};
    if (Below(4)) frame[0] = P4RTD_HAS_IP;
    frame[5] = Below(2) << 16;
    frame[15] = Below(6) | Below(2) << 4;
    frame[8] = Below(2);
    return frame;
  }

  static p4rtd_rule_key Pairs(const KeyWords32& words) {
    p4rtd_rule_key key{};
    for (u32 i = 0; i < P4RTD_KEY_WORDS; i++) key.words[i] = u64{words[2 * i + 1]} << 32 | words[2 * i];
    return key;
  }

  // Which step the reader sees is told by the generation.
  void Probe() {
    const Model& model = static_cast<u32>(maps_.control->step) == generation_ ? before_ : staged_;
    for (u32 i = 0; i < 4; i++) Compare(model, Frame());
  }

  void Compare(const Model& model, const KeyWords32& frame) {
    walks_++;
    const std::vector<Match> matches = maps_.Walk(Pairs(frame));
    Check(matches.size() == model.max_masks.size(), "the frame sees the tables of its step");
    for (u32 t = 0; t < matches.size(); t++) {
      const ModelRule* best = model.Best(t, frame);
      Check(matches[t].found == (best != nullptr), "a frame matches if a rule of its step does");
      if (best == nullptr) continue;
      Check(matches[t].rule == best->number, "the best rule of the step wins");
      Check(matches[t].action == best->action, "with its action");
      Check((matches[t].meter != 0) == best->metered, "and its meter");
      if (best->metered)
        Check(maps_.meters().at(matches[t].meter).committed.rate == best->cir, "as it was configured");
    }
  }

  RuleTables::Action Action(u32 table, u32& action, bool& metered, u64& cir) {
    action = Below(1 << 12);
    metered = table % 2 == 1 && Below(2) == 0;
    cir = Below(1000);
    RuleTables::Action made{action, {}};
    if (metered) made.meter = MeterConfig{cir, 5, 6, 7, 8};
    return made;
  }

  void Add() {
    ModelRule rule{};
    rule.table = Below(static_cast<u32>(staged_.max_masks.size()));
    rule.priority = static_cast<s32>(Below(4));
    std::vector<u32> values, masks;
    const u32 count = 1 + (Below(4) == 0 ? Below(5) : 0);
    for (u32 i = 0; i < count; i++) {
      const KeyWords32 mask = Mask();
      KeyWords32 value = Frame();
      for (u32 w = 0; w < value.size(); w++) value[w] &= mask[w];
      rule.keys.emplace_back(value, mask);
      values.insert(values.end(), value.begin(), value.end());
      masks.insert(masks.end(), mask.begin(), mask.end());
    }
    const auto action = Action(rule.table, rule.action, rule.metered, rule.cir);
    s32 number = 0;
    Check(tables_.Add(rule.table, rule.priority, {values.data(), masks.data(), count}, action, number).ok(), "add");
    Model with = staged_;
    with.rules.push_back(rule);
    if (staged_.Keys() + count > kSizes.capacity) {
      refusals_++;
      Check(number == RuleTables::kTooManyKeys, "a rule too many is refused");
    } else if (with.Masks(rule.table).size() > with.max_masks[rule.table]) {
      refusals_++;
      Check(number == RuleTables::kTooManyMasks || number == RuleTables::kTooManyTuples, "a mask too many is refused");
    } else if (with.Tuples() > kSizes.max_tuples) {
      refusals_++;
      Check(number == RuleTables::kTooManyTuples, "a tuple too many is refused");
    } else {
      Check(number >= 0, "a rule for which there is room is taken");
      with.rules.back().number = static_cast<u32>(number);
      staged_ = with;
      most_ = std::max(most_, static_cast<u32>(with.rules.size()));
    }
  }

  void Change() {
    const u32 what = Below(8);
    if (what < 5 || staged_.rules.empty()) return Add();
    const u32 which = Below(static_cast<u32>(staged_.rules.size()));
    ModelRule& rule = staged_.rules[which];
    if (what < 7 && Below(3) > 0) {
      Check(tables_.Remove(rule.number).ok(), "remove");
      Check(tables_.Remove(rule.number).error == ENOENT, "a rule is removed once");
      staged_.rules.erase(staged_.rules.begin() + which);
      return;
    }
    const bool keep = Below(2) == 0;
    u32 action = 0;
    bool metered = false;
    u64 cir = 0;
    const auto made = Action(rule.table, action, metered, cir);
    Check(tables_.Replace(rule.number, made, keep).ok(), "replace");
    rule.action = action;
    if (keep) return;
    rule.metered = metered;
    rule.cir = cir;
  }

  void Step() {
    before_ = staged_;
    generation_ = static_cast<u32>(maps_.control->step);
    tables_.Begin();
    if (before_.max_masks.empty() || Below(40) == 0) {
      staged_ = {};
      std::vector<TableSpec> specs;
      const u32 count = 1 + Below(3);
      for (u32 t = 0; t < count; t++) {
        staged_.max_masks.push_back(3 + Below(20));
        specs.push_back({staged_.max_masks.back(), {}});
        if (t % 2 == 1) specs.back().meter = MeterSpec{P4RTD_TWO_RATE_THREE_COLOR, true};
      }
      Check(tables_.Reset(specs).ok(), "reset");
    }
    const u32 changes = Below(Below(6) == 0 ? 60 : 6);
    for (u32 i = 0; i < changes; i++) Change();
    Probe();
    Check(static_cast<u32>(maps_.control->step) == generation_, "nothing is seen before commit");
    const u32 end = Below(8);
    if (end == 0) {
      tables_.Abandon();
      staged_ = before_;
    } else {
      maps_.fail_after = end == 1 ? static_cast<int>(Below(4)) : -1;
      if (!Commit().ok()) {
        Check(end == 1, "a commit fails only if the kernel refuses");
        staged_ = before_;
      }
      maps_.fail_after = -1;
    }
    for (u32 i = 0; i < 8; i++) Compare(staged_, Frame());
    Check(maps_.keys() <= staged_.Keys(), "no key is left behind");
  }

  // In slices; between them frames see all of the step or nothing.
  Status Commit() {
    const std::size_t most = Below(2) == 0 ? 1 + Below(4) : 1000;
    for (;;) {
      bool done = false;
      Status status = tables_.Commit(most, done);
      if (done) return status;
      Check(status.ok(), "a commit that failed is done");
      Compare(static_cast<u32>(maps_.control->step) == generation_ ? before_ : staged_, Frame());
    }
  }

  std::mt19937 random_;
  MemoryMaps maps_{kSizes};
  RuleTables tables_{maps_, kSizes};
  Model before_, staged_;
  u32 generation_ = 0;
  u32 most_ = 0, walks_ = 0, refusals_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Trial(static_cast<u32>(std::strtoul(argv[1], nullptr, 10))).Run(static_cast<u32>(std::strtoul(argv[2], nullptr, 10)));
  return 0;
}
