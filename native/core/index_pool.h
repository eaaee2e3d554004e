// Indices of array maps that frames may still hold after they were given back.
#pragma once

#include <vector>

#include "core/abi.h"

namespace p4rtd {

// Hands out `first` … `end - 1`. An index that frames have seen rests when it is given back, until a grace period has
// passed in which each frame that may hold it has left the program.
class IndexPool {
 public:
  IndexPool(u32 first, u32 end) : next_(first), end_(end) {}

  // True if `Take` would need a grace period first.
  bool Exhausted() const { return ready_.empty() && next_ == end_; }

  // @precondition not Exhausted
  u32 Take() {
    if (ready_.empty()) return next_++;
    const u32 index = ready_.back();
    ready_.pop_back();
    return index;
  }

  // No frame has seen it.
  void GiveBackUnseen(u32 index) { ready_.push_back(index); }

  void GiveBack(u32 index) { resting_.push_back(index); }

  // How many rest and wait for no grace period yet.
  std::size_t resting() const { return resting_.size(); }

  // A grace period begins. @precondition the last one that began has ended
  void BeginGrace() { waking_.swap(resting_); }

  void EndGrace() { MakeReady(waking_); }

  // A grace period has passed since the last GiveBack.
  void Wake() {
    MakeReady(resting_);
    MakeReady(waking_);
  }

 private:
  void MakeReady(std::vector<u32>& indices) {
    ready_.insert(ready_.end(), indices.begin(), indices.end());
    indices.clear();
  }

  u32 next_;  // never handed out, nor those above
  u32 end_;
  std::vector<u32> ready_;
  std::vector<u32> resting_;
  std::vector<u32> waking_;  // given back before the grace period that is under way
};

}  // namespace p4rtd
