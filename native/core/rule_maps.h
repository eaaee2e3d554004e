// What RuleTables writes: the kernel's maps, or a test's memory.
#pragma once

#include <cstddef>

#include "core/abi.h"
#include "core/status.h"

namespace p4rtd {

// How large the maps are.
struct RuleSizes {
  u32 capacity;    // keys after a step, 1 … 2^20
  u32 max_tuples;  // distinct masks of all tables
  u32 cpus;

  // A step may replace every rule, and what it ends is there until it is over.
  u32 rules() const { return 2 * capacity; }
  u32 cells() const { return 2 * capacity; }
  u32 meters() const { return 2 * capacity + 1; }  // 0 is no meter
};

// Frames read both halves of {from, to} at one instant, and the slot's data only after it.
inline void StoreSpan(p4rtd_slot& slot, u32 from, u32 to) {
  __atomic_store_n(reinterpret_cast<u64*>(&slot.from), u64{to} << 32 | from, __ATOMIC_RELEASE);
}

inline void StoreStep(p4rtd_control* control, u32 generation, u32 list) {
  __atomic_store_n(&control->step, u64{list} << 32 | generation, __ATOMIC_SEQ_CST);
}

// Arrays that frames read while they are written, and maps that take system calls.
class RuleMaps {
 public:
  virtual ~RuleMaps() = default;

  p4rtd_control* control = nullptr;   // one
  p4rtd_list* lists = nullptr;        // two
  p4rtd_tuple* tuples = nullptr;      // 2 × max_tuples
  p4rtd_cell* cells = nullptr;        // cells()
  u64* filter = nullptr;              // two halves of FilterBitmap::BitsFor(capacity) / 64
  p4rtd_counter* counters = nullptr;  // cpus × rules()
  p4rtd_colours* colours = nullptr;   // rules()

  // Inserts keys that are not there. On failure some may have been.
  virtual Status InsertKeys(const p4rtd_rule_key* keys, const p4rtd_rule_ref* refs, std::size_t count) = 0;
  // Keys that are not there are no error.
  virtual Status DeleteKeys(const p4rtd_rule_key* keys, std::size_t count) = 0;
  virtual Status WriteMeters(const u32* indices, const p4rtd_meter* meters, std::size_t count) = 0;
  // Returns once every frame that was in the program at the time of the call has left it.
  virtual void AwaitFrames() = 0;
  // The same in the background. @precondition GracePassed has said so of the last one
  virtual void BeginGrace() = 0;
  // True once after each BeginGrace, when that wait is over.
  virtual bool GracePassed() = 0;
  // CLOCK_MONOTONIC
  virtual u64 NowNs() = 0;
};

}  // namespace p4rtd
