#include "core/filter_bitmap.h"

#include <algorithm>
#include <bit>

namespace p4rtd {

namespace {

constexpr u64 kLeastBits = 8192;  // 1 KiB, which stays in the first cache
constexpr u64 kBitsPerKey = 16;
constexpr u8 kStuck = 255;

}  // namespace

u64 FilterBitmap::BitsFor(u64 keys) { return std::max(kLeastBits, std::bit_ceil(keys * kBitsPerKey)); }

FilterBitmap::FilterBitmap(u64* words, u64 most_keys)
    : words_(words), half_words_(static_cast<u32>(BitsFor(most_keys) / 64)) {
  Restart(0, half_words_);
}

void FilterBitmap::Restart(u64 keys, u32 first_in_use) {
  half_ = first_in_use == 0 ? 1 : 0;
  bits_ = BitsFor(keys);
  shift_ = static_cast<u32>(64 - std::countr_zero(bits_));
  counts_.assign(bits_, 0);
  std::fill_n(words_ + first(), bits_ / 64, 0);
}

void FilterBitmap::Add(u64 hash) {
  const u64 bit = hash >> shift_;
  if (counts_[bit] == kStuck) return;
  if (counts_[bit]++ == 0) __atomic_fetch_or(words_ + first() + bit / 64, u64{1} << bit % 64, __ATOMIC_RELEASE);
}

void FilterBitmap::Remove(u64 hash) {
  const u64 bit = hash >> shift_;
  if (counts_[bit] == kStuck) return;
  if (--counts_[bit] == 0) __atomic_fetch_and(words_ + first() + bit / 64, ~(u64{1} << bit % 64), __ATOMIC_RELEASE);
}

}  // namespace p4rtd
