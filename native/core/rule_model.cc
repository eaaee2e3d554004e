#include "core/rule_model.h"

#include <algorithm>

namespace p4rtd {

void Pile::Add(Rule* rule) {
  if (empty()) {
    top_ = rule;
    return;
  }
  if (!all_) all_ = std::make_unique<std::set<Rule*, ByRank>>(std::initializer_list<Rule*>{top_});
  all_->insert(rule);
  top_ = *all_->begin();
}

void Pile::Remove(Rule* rule) {
  if (!all_) {
    top_ = nullptr;
    return;
  }
  all_->erase(rule);
  top_ = *all_->begin();
  if (all_->size() == 1) all_.reset();
}

Rule* Pile::BestStaying() const {
  if (empty() || top_->state != Rule::State::kLeaving) return top_;
  if (!all_) return nullptr;
  const auto found =
      std::find_if(all_->begin(), all_->end(), [](const Rule* rule) { return rule->state != Rule::State::kLeaving; });
  return found == all_->end() ? nullptr : *found;
}

bool SameKey::operator()(const p4rtd_rule_key& a, const p4rtd_rule_key& b) const {
  return a.tuple == b.tuple && std::equal(a.words, a.words + P4RTD_KEY_WORDS, b.words);
}

}  // namespace p4rtd
