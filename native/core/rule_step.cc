// The part of RuleTables that writes the maps, in the order that p4rtd_abi.h gives.
#include <algorithm>

#include "core/rule_tables.h"

namespace p4rtd {

namespace {

u32 FlagsOf(const Tuple& tuple) {
  return ((tuple.mask[1] | tuple.mask[2]) != 0 ? P4RTD_TUPLE_ETHERNET : 0) |
         ((tuple.mask[4] | tuple.mask[6]) != 0 ? P4RTD_TUPLE_IPV6 : 0);
}

u64 HashOf(const KeyEntry& entry) { return p4rtd_hash(entry.key->words, entry.key->tuple); }

}  // namespace

Status RuleTables::Commit(std::size_t most, bool& done) {
  done = false;
  Status status;
  switch (phase_) {
    case Phase::kChanging:
      Prepare();
      status = WriteMeters();
      if (!status.ok()) break;
      phase_ = Phase::kInserting;
      [[fallthrough]];
    case Phase::kInserting:
      status = InsertSome(most);
      if (!status.ok() || next_ < changes_.size()) break;
      Publish();
      phase_ = Phase::kDeleting;
      return status;
    case Phase::kDeleting:
      status = DeleteSome(most);
      if (failure_.ok()) failure_ = std::move(status);
      status = Status::Ok();
      if (next_ < changes_.size()) return status;
      SettleChanged();
      next_ = 0;
      phase_ = Phase::kSettling;
      return status;
    case Phase::kSettling:
      SettleSome(most);
      if (next_ < removed_.size()) return status;
      DropEmpty();
      DropTables(tables_before_);
      done = true;
      status = std::move(failure_);
      failure_ = Status::Ok();
      End();
      return status;
  }
  if (status.ok()) return status;
  done = true;
  TakeBack();
  Abandon();
  return status;
}

void RuleTables::Prepare() {
  changes_ = Changes();
  next_ = 0;
  inserted_ = 0;
  if (was_reset_ || filter_.TooSmallFor(planned_keys_)) RestartFilter();
  FillSlots(NextGeneration());
}

u32 RuleTables::NextGeneration() const { return generation_ + 1 == P4RTD_FOREVER ? 1 : generation_ + 1; }

void RuleTables::Publish() {
  const u32 next = NextGeneration();
  for (const auto& [entry, rule] : changes_)
    if (entry->mapped) StoreSpan(LiveSlot(*entry), LiveSlot(*entry).from, next);
  if (was_reset_ || filter_.half() != maps_.lists[list_].filter_half || WalkChanged()) WriteList(list_ ^= 1);
  generation_ = next;
  StoreStep(maps_.control, generation_, list_);
  next_ = 0;
}

std::vector<RuleTables::Change> RuleTables::Changes() const {
  std::vector<Change> changes;
  for (KeyEntry* entry : touched_keys_) {
    Rule* next = entry->pile.BestStaying();
    if (next == nullptr && !entry->mapped) continue;
    if (next != nullptr && entry->mapped) {
      const p4rtd_slot& slot = LiveSlot(*entry);
      if (slot.rule == next->index && slot.action == next->ActionAfterStep() && slot.meter == next->MeterAfterStep())
        continue;
    }
    changes.push_back({entry, next});
  }
  return changes;
}

p4rtd_slot& RuleTables::LiveSlot(const KeyEntry& entry) const { return maps_.cells[entry.cell].slots[entry.slot]; }

p4rtd_slot& RuleTables::FreeSlot(const KeyEntry& entry) const {
  return maps_.cells[entry.cell].slots[entry.mapped ? 1 - entry.slot : 0];
}

void RuleTables::RestartFilter() {
  filter_.Restart(planned_keys_, maps_.lists[list_].filter_half);
  filter_restarted_ = true;
  for (const auto& [key, entry] : keys_)
    if (entry.mapped && !(entry.touched && entry.pile.BestStaying() == nullptr)) filter_.Add(HashOf(entry));
}

void RuleTables::FillSlots(u32 from) {
  for (const auto& [entry, rule] : changes_) {
    if (rule == nullptr) continue;
    if (!entry->mapped) entry->cell = cell_pool_.Take();
    p4rtd_slot& slot = FreeSlot(*entry);
    slot.rule = rule->index;
    slot.priority = rule->priority;
    slot.action = rule->ActionAfterStep();
    slot.meter = rule->MeterAfterStep();
    slot.age = rule->age;
    StoreSpan(slot, from, P4RTD_FOREVER);
  }
}

Status RuleTables::WriteMeters() {
  if (meters_.empty()) return Status::Ok();
  const u64 now = maps_.NowNs();
  for (p4rtd_meter& meter : meters_) meter.filled_ns = now;
  return maps_.WriteMeters(meter_indices_.data(), meters_.data(), meters_.size());
}

Status RuleTables::InsertSome(std::size_t most) {
  std::vector<p4rtd_rule_key> keys;
  std::vector<p4rtd_rule_ref> refs;
  for (; next_ < changes_.size() && keys.size() < most; next_++) {
    const KeyEntry* entry = changes_[next_].entry;
    if (entry->mapped) continue;
    keys.push_back(*entry->key);
    refs.push_back({entry->cell, 0});
  }
  if (keys.empty()) return Status::Ok();
  Status status = maps_.InsertKeys(keys.data(), refs.data(), keys.size());
  if (!status.ok()) return status;
  for (const p4rtd_rule_key& key : keys) filter_.Add(p4rtd_hash(key.words, key.tuple));
  inserted_ = next_;
  return status;
}

// Undoes FillSlots, and InsertSome as far as it came.
void RuleTables::TakeBack() {
  std::vector<p4rtd_rule_key> keys;
  for (std::size_t i = 0; i < changes_.size(); i++) {
    const auto& [entry, rule] = changes_[i];
    if (rule != nullptr) StoreSpan(FreeSlot(*entry), 0, 0);
    if (rule == nullptr && filter_restarted_) filter_.Add(HashOf(*entry));
    if (entry->mapped) continue;
    if (i < inserted_) filter_.Remove(HashOf(*entry));
    keys.push_back(*entry->key);
    cell_pool_.GiveBackUnseen(entry->cell);
  }
  // The caller learns of the failure before; a second one of the same map tells nothing more.
  if (!keys.empty()) static_cast<void>(maps_.DeleteKeys(keys.data(), keys.size()));
}

bool RuleTables::WalkChanged() const {
  return std::any_of(touched_tuples_.begin(), touched_tuples_.end(), [](const Tuple* tuple) {
    if (tuple->keys == 0 || !tuple->walked) return tuple->keys > 0 || tuple->walked;
    return tuple->Best() != tuple->walked_best || tuple->need != tuple->walked_need;
  });
}

void RuleTables::WriteList(u32 number) {
  p4rtd_list& list = maps_.lists[number];
  p4rtd_tuple* at = maps_.tuples + u64{number} * sizes_.max_tuples;
  list = {};
  list.tables = static_cast<u32>(tables_.size());
  list.filter_half = filter_.half();
  list.filter_shift = filter_.shift();
  u32 position = 0;
  for (u32 t = 0; t < tables_.size(); t++) {
    std::vector<Tuple*> walk;
    for (auto& [mask, tuple] : tables_[t].tuples) {
      tuple->walked = tuple->keys > 0;
      if (tuple->walked) walk.push_back(tuple.get());
    }
    std::sort(walk.begin(), walk.end(), [](const Tuple* a, const Tuple* b) { return a->Best() > b->Best(); });
    list.table[t] = {position, static_cast<u32>(walk.size())};
    for (Tuple* tuple : walk) {
      tuple->walked_best = tuple->Best();
      tuple->walked_need = tuple->need;
      p4rtd_tuple& entry = at[position++];
      std::copy(tuple->mask.begin(), tuple->mask.end(), entry.mask);
      entry.need = tuple->need | (tuple->NamesEtherType() ? 0 : P4RTD_NEEDS_STRANGER);
      entry.best = tuple->Best();
      entry.id = tuple->id;
      entry.flags = FlagsOf(*tuple);
    }
  }
}

Status RuleTables::DeleteSome(std::size_t most) {
  std::vector<p4rtd_rule_key> ended;
  const std::size_t first = next_;
  for (; next_ < changes_.size() && next_ - first < most; next_++)
    if (changes_[next_].next == nullptr) ended.push_back(*changes_[next_].entry->key);
  // Keys first: their cells may serve others at once, as frames of this generation cannot come by them any more.
  Status status = ended.empty() ? Status::Ok() : maps_.DeleteKeys(ended.data(), ended.size());
  for (std::size_t i = first; i < next_; i++) CleanUp(changes_[i]);
  return status;
}

void RuleTables::CleanUp(const Change& change) {
  KeyEntry* entry = change.entry;
  if (change.next == nullptr) {
    StoreSpan(LiveSlot(*entry), 0, 0);
    if (!filter_restarted_) filter_.Remove(HashOf(*entry));
    cell_pool_.GiveBackUnseen(entry->cell);
    entry->mapped = false;
    return;
  }
  StoreSpan(FreeSlot(*entry), P4RTD_ALWAYS, P4RTD_FOREVER);
  if (entry->mapped) StoreSpan(LiveSlot(*entry), 0, 0);
  entry->slot = entry->mapped ? 1 - entry->slot : 0;
  entry->mapped = true;
}

void RuleTables::SettleChanged() {
  for (Rule* rule : added_) rule->state = Rule::State::kLive;
  for (Rule* rule : changed_) {
    if (rule->next_meter != rule->meter) DropMeter(rule->meter, true);
    rule->action = rule->next_action;
    rule->meter = rule->next_meter;
    rule->changed = false;
  }
}

void RuleTables::SettleSome(std::size_t most) {
  for (const std::size_t end = std::min(removed_.size(), next_ + most); next_ < end; next_++) {
    Unlink(*removed_[next_]);
    FreeRule(*removed_[next_], true);
  }
}

}  // namespace p4rtd
