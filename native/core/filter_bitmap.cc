#include "core/filter_bitmap.h"

#include <algorithm>
#include <bit>

namespace p4rtd {

namespace {

constexpr u64 kLeastBits = 8192;  // 1 KiB, which stays in the first cache
constexpr u64 kBitsPerKey = 32;
constexpr u8 kStuck = 255;

}  // namespace

u64 FilterBitmap::BitsFor(u64 keys) { return std::max(kLeastBits, std::bit_ceil(keys * kBitsPerKey)); }

FilterBitmap::FilterBitmap(u64* words, u64 most_keys)
    : words_(words), half_words_(static_cast<u32>(BitsFor(most_keys) / 64)) {
  Restart(0, 1);
}

void FilterBitmap::Restart(u64 keys, u32 half_in_use) {
  half_ = 1 - half_in_use;
  bits_ = BitsFor(keys);
  shift_ = static_cast<u32>(64 - std::countr_zero(bits_ / 64));
  counts_.assign(bits_, 0);
  std::fill_n(words(), bits_ / 64, 0);
}

template <typename Visit>
void FilterBitmap::VisitBits(u64 hash, Visit visit) {
  const u64 word = p4rtd_filter_word(hash, shift_);
  for (u64 bits = p4rtd_filter_bits(hash); bits != 0; bits &= bits - 1)
    visit(words() + word, static_cast<u32>(std::countr_zero(bits)), counts_[word * 64 + std::countr_zero(bits)]);
}

void FilterBitmap::Add(u64 hash) {
  VisitBits(hash, [](u64* word, u32 bit, u8& count) {
    if (count == kStuck) return;
    if (count++ == 0) __atomic_fetch_or(word, u64{1} << bit, __ATOMIC_RELEASE);
  });
}

void FilterBitmap::Remove(u64 hash) {
  VisitBits(hash, [](u64* word, u32 bit, u8& count) {
    if (count == kStuck) return;
    if (--count == 0) __atomic_fetch_and(word, ~(u64{1} << bit), __ATOMIC_RELEASE);
  });
}

}  // namespace p4rtd
