// The part of RuleTables that writes the maps, in the order that p4rtd_abi.h gives.
#include <algorithm>

#include "core/rule_tables.h"

namespace p4rtd {

namespace {

u32 FlagsOf(const Tuple& tuple) {
  return (tuple.NamesEtherType() ? P4RTD_TUPLE_NAMES_ETHERTYPE : 0) |
         ((tuple.mask[1] | tuple.mask[2]) != 0 ? P4RTD_TUPLE_ETHERNET : 0) |
         ((tuple.mask[4] | tuple.mask[6]) != 0 ? P4RTD_TUPLE_IPV6 : 0);
}

u64 HashOf(const KeyEntry& entry) { return p4rtd_hash(entry.key->words, entry.key->tuple); }

}  // namespace

Status RuleTables::Commit() {
  const std::vector<Change> changes = Changes();
  const u32 next = generation_ + 1 == P4RTD_FOREVER ? 1 : generation_ + 1;
  if (was_reset_ || filter_.TooSmallFor(planned_keys_)) RestartFilter();
  FillSlots(changes, next);
  Status status = WriteMeters();
  if (status.ok()) status = InsertKeys(changes);
  if (!status.ok()) {
    TakeBack(changes);
    Abandon();
    return status;
  }
  for (const auto& [entry, rule] : changes)
    if (entry->mapped) StoreSpan(LiveSlot(*entry), LiveSlot(*entry).from, next);
  if (was_reset_ || filter_.first() != maps_.lists[list_].filter_first || WalkChanged()) WriteList(list_ ^= 1);
  generation_ = next;
  StoreStep(maps_.control, generation_, list_);
  status = CleanUp(changes);
  SettleRules();
  DropEmpty();
  DropTables(tables_before_);
  End();
  return status;
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
  filter_.Restart(planned_keys_, maps_.lists[list_].filter_first);
  filter_restarted_ = true;
  for (const auto& [key, entry] : keys_)
    if (entry.mapped && !(entry.touched && entry.pile.BestStaying() == nullptr)) filter_.Add(HashOf(entry));
}

void RuleTables::FillSlots(const std::vector<Change>& changes, u32 from) {
  for (const auto& [entry, rule] : changes) {
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

Status RuleTables::InsertKeys(const std::vector<Change>& changes) {
  std::vector<p4rtd_rule_key> keys;
  std::vector<p4rtd_rule_ref> refs;
  for (const auto& [entry, rule] : changes) {
    if (entry->mapped) continue;
    keys.push_back(*entry->key);
    refs.push_back({entry->cell, 0});
  }
  if (keys.empty()) return Status::Ok();
  Status status = maps_.InsertKeys(keys.data(), refs.data(), keys.size());
  if (!status.ok()) return status;
  for (const p4rtd_rule_key& key : keys) filter_.Add(p4rtd_hash(key.words, key.tuple));
  return status;
}

// Undoes FillSlots, and InsertKeys that failed.
void RuleTables::TakeBack(const std::vector<Change>& changes) {
  std::vector<p4rtd_rule_key> keys;
  for (const auto& [entry, rule] : changes) {
    if (rule != nullptr) StoreSpan(FreeSlot(*entry), 0, 0);
    if (rule == nullptr && filter_restarted_) filter_.Add(HashOf(*entry));
    if (entry->mapped) continue;
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
  list.filter_first = filter_.first();
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
      entry.need = tuple->need;
      entry.best = tuple->Best();
      entry.id = tuple->id;
      entry.flags = FlagsOf(*tuple);
    }
  }
}

Status RuleTables::CleanUp(const std::vector<Change>& changes) {
  std::vector<p4rtd_rule_key> ended;
  for (const auto& [entry, rule] : changes) {
    if (rule == nullptr) ended.push_back(*entry->key);
  }
  // Keys first: their cells may serve others at once, as frames of this generation cannot come by them any more.
  const Status status = ended.empty() ? Status::Ok() : maps_.DeleteKeys(ended.data(), ended.size());
  for (const auto& [entry, rule] : changes) {
    if (rule == nullptr) {
      StoreSpan(LiveSlot(*entry), 0, 0);
      if (!filter_restarted_) filter_.Remove(HashOf(*entry));
      cell_pool_.GiveBackUnseen(entry->cell);
      entry->mapped = false;
      continue;
    }
    StoreSpan(FreeSlot(*entry), P4RTD_ALWAYS, P4RTD_FOREVER);
    if (entry->mapped) StoreSpan(LiveSlot(*entry), 0, 0);
    entry->slot = entry->mapped ? 1 - entry->slot : 0;
    entry->mapped = true;
  }
  return status;
}

void RuleTables::SettleRules() {
  for (Rule* rule : added_) rule->state = Rule::State::kLive;
  for (Rule* rule : changed_) {
    if (rule->next_meter != rule->meter) DropMeter(rule->meter, true);
    rule->action = rule->next_action;
    rule->meter = rule->next_meter;
    rule->changed = false;
  }
  for (Rule* rule : removed_) {
    Unlink(*rule);
    FreeRule(*rule, true);
  }
}

}  // namespace p4rtd
