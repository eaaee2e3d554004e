// The writer of the protocol of p4rtd_abi.h: rules into maps, in steps that a frame sees whole or not at all.
#pragma once

#include <deque>
#include <vector>

#include "core/filter_bitmap.h"
#include "core/index_pool.h"
#include "core/rule_maps.h"
#include "core/rule_model.h"

namespace p4rtd {

// Tables, tuples, keys and rules of one device. One step is open at a time; until its commit nothing of it is in the
// maps. A step costs what it changes, and O(tuples) if it changes which tuples there are, or what is best in one.
// Not for several threads.
class RuleTables {
 public:
  // What Add answers instead of a rule's number.
  static constexpr s32 kTooManyMasks = -1;
  static constexpr s32 kTooManyKeys = -2;
  static constexpr s32 kTooManyTuples = -3;

  struct Keys {
    const u32* values;  // `count` keys of 16 words, as frame-key.ts lays them out
    const u32* masks;
    u32 count;
  };

  struct Action {
    u32 verdicts;  // as p4rtd_slot has it
    std::optional<MeterConfig> meter;
  };

  // `maps` outlives this. Their memory is zero.
  RuleTables(RuleMaps& maps, const RuleSizes& sizes);

  bool open() const { return open_; }

  // @precondition no step is open
  void Begin();
  // Drops every table and rule. EINVAL beyond 16 tables or after another change of this step.
  Status Reset(const std::vector<TableSpec>& tables);
  // Sets `rule` to its number or to one of the codes above; a refused rule leaves no trace. EINVAL for a table that is
  // not there or a meter in a table without.
  Status Add(u32 table, s32 priority, const Keys& keys, const Action& action, s32& rule);
  // ENOENT for a number that is no rule's after the step. `keep_meter`: the meter of `action` is not looked at.
  Status Replace(u32 rule, const Action& action, bool keep_meter);
  Status Remove(u32 rule);
  // Lets frames see the step, at one instant. Works on `most` keys or little more, so that the caller can do other
  // things between; `done` says whether the step has ended. Until it has, only Commit and Count may be called. On
  // failure of a system call before that instant the step is abandoned, after it it is done; either way the maps may
  // hold what they should not, until the next Reset.
  Status Commit(std::size_t most, bool& done);
  bool committing() const { return phase_ != Phase::kChanging; }
  void Abandon();

  // Sums over CPUs; ENOENT for a number that is no rule's.
  Status Count(u32 rule, p4rtd_counter& into) const;
  // What was not green of that.
  Status CountColours(u32 rule, p4rtd_colours& into) const;

 private:
  // A key whose map entry the step changes. Its new rule goes into the free slot of its cell.
  struct Change {
    KeyEntry* entry;
    Rule* next;  // null: the key ends
  };

  // Of a commit: what comes next. Each phase works on a vector from `next_` on.
  enum class Phase { kChanging, kInserting, kDeleting, kSettling };

  // rule_tables.cc: the model
  Tuple* TupleOf(u32 table, const Words& mask);
  Rule& NewRule(u32 table, s32 priority, u32 action);
  s32 Link(Rule& rule, const Keys& keys);
  s32 LinkKey(Rule& rule, const Words& value, const Words& mask);
  void Unlink(Rule& rule);
  void Plan(Tuple& tuple, s32 priority, s32 by);
  void Plan(Rule& rule, s32 by);
  void Touch(KeyEntry* entry);
  void Touch(Tuple* tuple);
  void FreeRule(Rule& rule, bool seen);
  Rule* Find(u32 number);
  u32 MakeMeter(const MeterSpec& spec, const MeterConfig& config);
  void DropMeter(u32 meter, bool seen);
  u32 TakeFrom(IndexPool& pool);
  void WakeRested();
  void LetRest();
  void DropEmpty();
  void DropTables(std::vector<Table>& tables);
  void End();

  // rule_step.cc: the maps
  std::vector<Change> Changes() const;
  p4rtd_slot& LiveSlot(const KeyEntry& entry) const;
  p4rtd_slot& FreeSlot(const KeyEntry& entry) const;
  void RestartFilter();
  u32 NextGeneration() const;
  void FillSlots(u32 from);
  Status WriteMeters();
  void Prepare();
  Status InsertSome(std::size_t most);
  void Publish();
  Status DeleteSome(std::size_t most);
  void SettleSome(std::size_t most);
  void TakeBack();
  bool WalkChanged() const;
  void WriteList(u32 list);
  void CleanUp(const Change& change);
  void SettleChanged();

  RuleMaps& maps_;
  const RuleSizes sizes_;
  FilterBitmap filter_;
  IndexPool rule_pool_;
  IndexPool cell_pool_;
  IndexPool meter_pool_;
  std::deque<Rule> rules_;  // by index
  KeyIndex keys_;
  std::vector<Table> tables_;
  bool grace_ = false;  // a grace period of maps_ is under way
  std::vector<u32> free_tuple_ids_;
  u32 next_tuple_id_ = 1;
  u64 next_age_ = 0;
  u32 generation_ = 1;
  u32 list_ = 0;

  // Of the step, or as it leaves them.
  bool open_ = false;
  bool fresh_ = false;
  bool was_reset_ = false;
  bool filter_restarted_ = false;
  u32 planned_keys_ = 0;  // each rule counts each of its keys
  u32 planned_tuples_ = 0;
  u32 keys_before_ = 0;
  u32 tuples_before_ = 0;
  std::vector<Table> tables_before_;  // of before a reset
  std::vector<Rule*> added_, changed_, removed_;
  std::vector<KeyEntry*> touched_keys_;
  std::vector<Tuple*> touched_tuples_;
  std::vector<u32> meter_indices_;
  std::vector<p4rtd_meter> meters_;
  Phase phase_ = Phase::kChanging;
  std::size_t next_ = 0;
  std::size_t inserted_ = 0;  // changes before this one have their keys and filter bits
  std::vector<Change> changes_;
  Status failure_;  // of deleting
};

}  // namespace p4rtd
