// The rules as user space knows them: more than the maps hold, as those have only the best rule of each key.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/abi.h"

namespace p4rtd {

using Words = std::array<u64, P4RTD_KEY_WORDS>;

// How the rules of a table meter.
struct MeterSpec {
  p4rtd_meter_type type;
  bool bytes;
};

// Rates per second and bursts, in the unit of the spec; 0 … 2^63 − 1.
struct MeterConfig {
  u64 cir, cburst, pir, pburst, eburst;
};

struct TableSpec {
  u32 max_masks;
  std::optional<MeterSpec> meter;
};

struct KeyEntry;

// One entry of a table, with one key or more.
struct Rule {
  enum class State { kFree, kPending, kLive, kLeaving };

  u32 index = 0;
  State state = State::kFree;
  u32 table = 0;
  s32 priority = 0;
  u64 age = 0;  // order of adding
  u32 action = 0;
  u32 meter = 0;
  // What the open step makes of action and meter.
  bool changed = false;
  u32 next_action = 0;
  u32 next_meter = 0;
  u32 place = 0;  // among the rules that the open step added
  std::vector<KeyEntry*> keys;

  u32 ActionAfterStep() const { return changed ? next_action : action; }
  u32 MeterAfterStep() const { return changed ? next_meter : meter; }
};

// The best comes first.
struct ByRank {
  bool operator()(const Rule* a, const Rule* b) const {
    return a->priority != b->priority ? a->priority > b->priority : a->age < b->age;
  }
};

// The rules of one key in the order of their rank; mostly there is one, which needs no tree.
class Pile {
 public:
  bool empty() const { return top_ == nullptr; }
  void Add(Rule* rule);
  void Remove(Rule* rule);
  // The best that the open step leaves; null: none.
  Rule* BestStaying() const;

 private:
  Rule* top_ = nullptr;
  std::unique_ptr<std::set<Rule*, ByRank>> all_;  // if there are two or more
};

// The rules of one table that share a mask.
struct Tuple {
  u32 id = 0;
  u32 table = 0;
  Words mask{};
  u32 need = ~0u;                // presence bits that all rules require, after removals perhaps fewer than could be
  std::map<s32, u32> priorities;  // of the rules after the open step, with how many keys have each
  u32 keys = 0;                  // of rules after the open step
  bool touched = false;          // by the open step
  // As frames see it.
  bool walked = false;
  s32 walked_best = 0;
  u32 walked_need = 0;

  bool NamesEtherType() const { return (mask[2] >> 48) != 0; }
  s32 Best() const { return priorities.rbegin()->first; }
};

// A masked key of a tuple, and what map `rules` has of it.
struct KeyEntry {
  const p4rtd_rule_key* key = nullptr;
  Tuple* tuple = nullptr;
  Pile pile;
  bool touched = false;  // by the open step
  bool mapped = false;   // the map has it: `cell` and the slot that holds
  u32 cell = 0;
  u32 slot = 0;
};

struct HashOfKey {
  std::size_t operator()(const p4rtd_rule_key& key) const { return p4rtd_hash(key.words, key.tuple); }
};

struct SameKey {
  bool operator()(const p4rtd_rule_key& a, const p4rtd_rule_key& b) const;
};

using KeyIndex = std::unordered_map<p4rtd_rule_key, KeyEntry, HashOfKey, SameKey>;

// A table and its tuples by mask.
struct Table {
  TableSpec spec;
  std::map<Words, std::unique_ptr<Tuple>> tuples;
  u32 masks = 0;  // tuples with rules after the open step
};

}  // namespace p4rtd
