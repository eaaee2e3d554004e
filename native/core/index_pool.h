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

  // A grace period has passed since the last GiveBack.
  void Wake() {
    ready_.insert(ready_.end(), resting_.begin(), resting_.end());
    resting_.clear();
  }

 private:
  u32 next_;  // never handed out, nor those above
  u32 end_;
  std::vector<u32> ready_;
  std::vector<u32> resting_;
};

}  // namespace p4rtd
