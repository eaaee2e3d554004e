// The bitmap that tells most frames that no rule has their key, before the hash is asked.
#pragma once

#include <cstddef>
#include <vector>

#include "core/abi.h"

namespace p4rtd {

// Works in one half of map `filter` at a time, with 32 bits or more to a key, of which it sets two. Keys share bits, so each bit has a count.
class FilterBitmap {
 public:
  // Bits that `keys` keys are given: a power of two, 8,192 or more.
  static u64 BitsFor(u64 keys);

  // `words`: map `filter`, two halves of BitsFor(`most_keys`) / 64 words each.
  FilterBitmap(u64* words, u64 most_keys);

  // As p4rtd_list has them.
  u32 half() const { return half_; }
  u32 shift() const { return shift_; }

  // True if `keys` keys ask for a larger bitmap than this.
  bool TooSmallFor(u64 keys) const { return BitsFor(keys) > bits_; }

  // Goes on, empty, with bits for `keys` keys, in the half that is not `half_in_use`, which frames look at.
  void Restart(u64 keys, u32 half_in_use);

  // Frames see the bit at once. `hash` is p4rtd_hash of the masked key.
  void Add(u64 hash);
  void Remove(u64 hash);

 private:
  u64* words() const { return words_ + std::size_t{half_} * half_words_; }

  // For each bit of the key: its word, its place there, and how many keys have it.
  template <typename Visit>
  void VisitBits(u64 hash, Visit visit);

  u64* words_;
  u32 half_words_;
  u32 half_ = 0;
  u64 bits_ = 0;
  u32 shift_ = 0;
  std::vector<u8> counts_;  // of keys to a bit; 255 stays, and the bit with it
};

}  // namespace p4rtd
