#include "core/rule_tables.h"

#include <algorithm>

namespace p4rtd {

namespace {

// Of all rules so many rest, one in this number, when a grace period begins.
constexpr u32 kRestingShare = 8;

Words WordsOf(const u32* words) {
  Words pairs;
  for (u32 i = 0; i < P4RTD_KEY_WORDS; i++) pairs[i] = u64{words[2 * i + 1]} << 32 | words[2 * i];
  return pairs;
}

}  // namespace

RuleTables::RuleTables(RuleMaps& maps, const RuleSizes& sizes)
    : maps_(maps),
      sizes_(sizes),
      filter_(maps.filter, sizes.capacity),
      rule_pool_(0, sizes.rules()),
      cell_pool_(0, sizes.cells()),
      meter_pool_(1, sizes.meters()) {
  WriteList(list_);
  StoreStep(maps_.control, generation_, list_);
}

void RuleTables::Begin() {
  WakeRested();
  open_ = true;
  fresh_ = true;
  keys_before_ = planned_keys_;
  tuples_before_ = planned_tuples_;
}

Status RuleTables::Reset(const std::vector<TableSpec>& tables) {
  if (!fresh_) return Status::Of(EINVAL, "reset", "it is not the first change of its step");
  if (tables.size() > P4RTD_MAX_TABLES) return Status::Of(EINVAL, "reset", "there are more than 16 tables");
  fresh_ = false;
  was_reset_ = true;
  for (Rule& rule : rules_) {
    if (rule.state != Rule::State::kLive) continue;
    rule.state = Rule::State::kLeaving;
    removed_.push_back(&rule);
    for (KeyEntry* entry : rule.keys) Touch(entry);
  }
  tables_before_ = std::move(tables_);
  tables_.clear();
  for (const TableSpec& spec : tables) tables_.push_back({spec, {}, 0});
  planned_keys_ = 0;
  planned_tuples_ = 0;
  return Status::Ok();
}

Status RuleTables::Add(u32 table, s32 priority, const Keys& keys, const Action& action, s32& number) {
  if (table >= tables_.size()) return Status::Of(EINVAL, "add", "there is no such table");
  const auto& spec = tables_[table].spec.meter;
  if (action.meter && !spec) return Status::Of(EINVAL, "add", "its table has no meters");
  fresh_ = false;
  if (keys.count > sizes_.capacity - planned_keys_) {
    number = kTooManyKeys;
    return Status::Ok();
  }
  Rule& rule = NewRule(table, priority, action.verdicts);
  number = Link(rule, keys);
  if (number < 0) {
    Plan(rule, -1);
    Unlink(rule);
    FreeRule(rule, false);
    return Status::Ok();
  }
  if (action.meter) rule.meter = MakeMeter(*spec, *action.meter);
  rule.place = static_cast<u32>(added_.size());
  added_.push_back(&rule);
  number = static_cast<s32>(rule.index);
  return Status::Ok();
}

Status RuleTables::Replace(u32 number, const Action& action, bool keep_meter) {
  Rule* rule = Find(number);
  if (rule == nullptr) return Status::Of(ENOENT, "replace", "there is no such rule");
  const auto& spec = tables_[rule->table].spec.meter;
  if (!keep_meter && action.meter && !spec) return Status::Of(EINVAL, "replace", "its table has no meters");
  fresh_ = false;
  const bool pending = rule->state == Rule::State::kPending;
  u32 meter = rule->MeterAfterStep();
  if (!keep_meter) {
    // One that this step made is seen by nobody; that of before the step goes when the step is done.
    if (pending || meter != rule->meter) DropMeter(meter, false);
    meter = action.meter ? MakeMeter(*spec, *action.meter) : 0;
  }
  if (pending) {
    rule->action = action.verdicts;
    rule->meter = meter;
    return Status::Ok();
  }
  if (!rule->changed) changed_.push_back(rule);
  rule->changed = true;
  rule->next_action = action.verdicts;
  rule->next_meter = meter;
  for (KeyEntry* entry : rule->keys) Touch(entry);
  return Status::Ok();
}

Status RuleTables::Remove(u32 number) {
  Rule* rule = Find(number);
  if (rule == nullptr) return Status::Of(ENOENT, "remove", "there is no such rule");
  fresh_ = false;
  Plan(*rule, -1);
  if (rule->state == Rule::State::kPending) {
    added_.back()->place = rule->place;
    added_[rule->place] = added_.back();
    added_.pop_back();
    Unlink(*rule);
    FreeRule(*rule, false);
    return Status::Ok();
  }
  if (rule->MeterAfterStep() != rule->meter) DropMeter(rule->next_meter, false);
  rule->next_action = rule->action;
  rule->next_meter = rule->meter;
  rule->state = Rule::State::kLeaving;
  removed_.push_back(rule);
  for (KeyEntry* entry : rule->keys) Touch(entry);
  return Status::Ok();
}

void RuleTables::Abandon() {
  for (Rule* rule : changed_) {
    if (rule->next_meter != rule->meter) DropMeter(rule->next_meter, false);
    rule->changed = false;
  }
  for (Rule* rule : removed_) {
    rule->state = Rule::State::kLive;
    if (!was_reset_) Plan(*rule, 1);
  }
  for (Rule* rule : added_) {
    Plan(*rule, -1);
    Unlink(*rule);
    FreeRule(*rule, false);
  }
  DropEmpty();
  if (was_reset_) tables_ = std::move(tables_before_);
  planned_keys_ = keys_before_;
  planned_tuples_ = tuples_before_;
  End();
}

Status RuleTables::Count(u32 number, p4rtd_counter& into) const {
  if (number >= rules_.size() || rules_[number].state == Rule::State::kFree)
    return Status::Of(ENOENT, "counters", "there is no rule " + std::to_string(number));
  into = {};
  for (u32 cpu = 0; cpu < sizes_.cpus; cpu++) {
    const p4rtd_counter& counter = maps_.counters[u64{cpu} * sizes_.rules() + number];
    into.packets += __atomic_load_n(&counter.packets, __ATOMIC_RELAXED);
    into.bytes += __atomic_load_n(&counter.bytes, __ATOMIC_RELAXED);
  }
  return Status::Ok();
}

Status RuleTables::CountColours(u32 number, p4rtd_colours& into) const {
  if (number >= rules_.size() || rules_[number].state == Rule::State::kFree)
    return Status::Of(ENOENT, "colours", "there is no rule " + std::to_string(number));
  const p4rtd_colours& colours = maps_.colours[number];
  into.yellow_packets = __atomic_load_n(&colours.yellow_packets, __ATOMIC_RELAXED);
  into.yellow_bytes = __atomic_load_n(&colours.yellow_bytes, __ATOMIC_RELAXED);
  into.red_packets = __atomic_load_n(&colours.red_packets, __ATOMIC_RELAXED);
  into.red_bytes = __atomic_load_n(&colours.red_bytes, __ATOMIC_RELAXED);
  return Status::Ok();
}

Rule* RuleTables::Find(u32 number) {
  if (number >= rules_.size()) return nullptr;
  Rule& rule = rules_[number];
  return rule.state == Rule::State::kPending || rule.state == Rule::State::kLive ? &rule : nullptr;
}

Tuple* RuleTables::TupleOf(u32 table, const Words& mask) {
  auto& tuple = tables_[table].tuples[mask];
  if (!tuple) {
    tuple = std::make_unique<Tuple>();
    if (free_tuple_ids_.empty()) {
      tuple->id = next_tuple_id_++;
    } else {
      tuple->id = free_tuple_ids_.back();
      free_tuple_ids_.pop_back();
    }
    tuple->table = table;
    tuple->mask = mask;
    Touch(tuple.get());
  }
  return tuple.get();
}

Rule& RuleTables::NewRule(u32 table, s32 priority, u32 action) {
  const u32 index = TakeFrom(rule_pool_);
  if (index == rules_.size()) rules_.emplace_back();
  for (u32 cpu = 0; cpu < sizes_.cpus; cpu++) maps_.counters[u64{cpu} * sizes_.rules() + index] = {};
  maps_.colours[index] = {};
  Rule& rule = rules_[index];
  rule.index = index;
  rule.state = Rule::State::kPending;
  rule.table = table;
  rule.priority = priority;
  rule.age = next_age_++;
  rule.action = action;
  rule.meter = 0;
  return rule;
}

s32 RuleTables::Link(Rule& rule, const Keys& keys) {
  for (u32 i = 0; i < keys.count; i++) {
    const s32 refused = LinkKey(rule, WordsOf(keys.values + 2 * P4RTD_KEY_WORDS * i), WordsOf(keys.masks + 2 * P4RTD_KEY_WORDS * i));
    if (refused != 0) return refused;
  }
  return 0;
}

s32 RuleTables::LinkKey(Rule& rule, const Words& value, const Words& mask) {
  Tuple* tuple = TupleOf(rule.table, mask);
  const Table& table = tables_[rule.table];
  if (tuple->keys == 0 && table.masks >= table.spec.max_masks) return kTooManyMasks;
  if (tuple->keys == 0 && planned_tuples_ >= sizes_.max_tuples) return kTooManyTuples;
  p4rtd_rule_key key{};
  for (u32 i = 0; i < P4RTD_KEY_WORDS; i++) key.words[i] = value[i] & mask[i];
  key.tuple = tuple->id;
  const auto found = keys_.try_emplace(key).first;
  KeyEntry* entry = &found->second;
  entry->key = &found->first;
  entry->tuple = tuple;
  if (std::find(rule.keys.begin(), rule.keys.end(), entry) != rule.keys.end()) return 0;  // said twice
  tuple->need &= static_cast<u32>(key.words[0]);
  Plan(*tuple, rule.priority, 1);
  entry->pile.Add(&rule);
  rule.keys.push_back(entry);
  Touch(entry);
  return 0;
}

void RuleTables::Unlink(Rule& rule) {
  for (KeyEntry* entry : rule.keys) {
    entry->pile.Remove(&rule);
    Touch(entry);
  }
  rule.keys.clear();
}

void RuleTables::Plan(Tuple& tuple, s32 priority, s32 by) {
  Table& table = tables_[tuple.table];
  if (tuple.keys == 0) {
    table.masks++;
    planned_tuples_++;
  }
  tuple.keys += static_cast<u32>(by);
  planned_keys_ += static_cast<u32>(by);
  if (tuple.keys == 0) {
    table.masks--;
    planned_tuples_--;
  }
  const auto count = tuple.priorities.try_emplace(priority, 0).first;
  count->second += static_cast<u32>(by);
  if (count->second == 0) tuple.priorities.erase(count);
  Touch(&tuple);
}

void RuleTables::Plan(Rule& rule, s32 by) {
  for (KeyEntry* entry : rule.keys) Plan(*entry->tuple, rule.priority, by);
}

void RuleTables::Touch(KeyEntry* entry) {
  if (entry->touched) return;
  entry->touched = true;
  touched_keys_.push_back(entry);
}

void RuleTables::Touch(Tuple* tuple) {
  if (tuple->touched) return;
  tuple->touched = true;
  touched_tuples_.push_back(tuple);
}

void RuleTables::FreeRule(Rule& rule, bool seen) {
  DropMeter(rule.meter, seen);
  rule.state = Rule::State::kFree;
  rule.changed = false;
  if (seen)
    rule_pool_.GiveBack(rule.index);
  else
    rule_pool_.GiveBackUnseen(rule.index);
}

u32 RuleTables::MakeMeter(const MeterSpec& spec, const MeterConfig& config) {
  p4rtd_meter meter{};
  meter.type = spec.type;
  meter.flags = spec.bytes ? P4RTD_METER_BYTES : 0;
  meter.committed = {config.cir, config.cburst, config.cburst, 0};
  if (spec.type == P4RTD_TWO_RATE_THREE_COLOR) meter.other = {config.pir, config.pburst, config.pburst, 0};
  if (spec.type == P4RTD_SINGLE_RATE_THREE_COLOR) meter.other = {0, config.eburst, config.eburst, 0};
  const u32 index = TakeFrom(meter_pool_);
  meter_indices_.push_back(index);
  meters_.push_back(meter);
  return index;
}

void RuleTables::DropMeter(u32 meter, bool seen) {
  if (meter == 0) return;
  if (seen)
    meter_pool_.GiveBack(meter);
  else
    meter_pool_.GiveBackUnseen(meter);
}

u32 RuleTables::TakeFrom(IndexPool& pool) {
  if (pool.Exhausted()) {
    maps_.AwaitFrames();
    rule_pool_.Wake();
    meter_pool_.Wake();
  }
  return pool.Take();
}

void RuleTables::WakeRested() {
  if (!grace_ || !maps_.GracePassed()) return;
  grace_ = false;
  rule_pool_.EndGrace();
  meter_pool_.EndGrace();
}

// A grace period takes milliseconds: it begins well before the indices that rest are needed.
void RuleTables::LetRest() {
  if (grace_ || rule_pool_.resting() + meter_pool_.resting() < sizes_.rules() / kRestingShare) return;
  grace_ = true;
  rule_pool_.BeginGrace();
  meter_pool_.BeginGrace();
  maps_.BeginGrace();
}

// Forgets the keys and masks that no rule has any more.
void RuleTables::DropEmpty() {
  for (KeyEntry* entry : touched_keys_) {
    entry->touched = false;
    if (entry->pile.empty()) keys_.erase(keys_.find(*entry->key));
  }
  for (Tuple* tuple : touched_tuples_) {
    tuple->touched = false;
    if (tuple->keys > 0) continue;
    free_tuple_ids_.push_back(tuple->id);
    tables_[tuple->table].tuples.erase(Words(tuple->mask));
  }
  touched_keys_.clear();
  touched_tuples_.clear();
}

void RuleTables::DropTables(std::vector<Table>& tables) {
  for (Table& table : tables)
    for (auto& [mask, tuple] : table.tuples) free_tuple_ids_.push_back(tuple->id);
  tables.clear();
}

void RuleTables::End() {
  open_ = false;
  LetRest();
  was_reset_ = false;
  filter_restarted_ = false;
  phase_ = Phase::kChanging;
  changes_.clear();
  added_.clear();
  changed_.clear();
  removed_.clear();
  meter_indices_.clear();
  meters_.clear();
}

}  // namespace p4rtd
