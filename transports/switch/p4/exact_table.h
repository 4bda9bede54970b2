// The entries of a table, found by all of their keys.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_EXACT_TABLE_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_EXACT_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace synod::slots::p4 {

class ExactTable {
 public:
  static constexpr size_t kMaxKeys = 4;
  using Keys = std::array<uint64_t, kMaxKeys>;  // Those that a table has not got are zero.

  struct Entry {
    Keys keys{};
    size_t action = 0;
    std::vector<uint64_t> data{};
  };

  explicit ExactTable(size_t size) : size_(size) {
    size_t buckets = 4;
    while (buckets < 2 * size) buckets *= 2;
    buckets_.assign(buckets, kFree);
    entries_.reserve(size);
  }

  // Null if no entry has these keys.
  [[nodiscard]] const Entry* Find(const Keys& keys) const {
    const uint32_t entry = buckets_[BucketOf(keys)];
    return entry == kFree ? nullptr : &entries_[entry];
  }

  // Replaces the entry that has the same keys. False if the table is full.
  bool Set(Entry entry) {
    uint32_t& bucket = buckets_[BucketOf(entry.keys)];
    if (bucket != kFree) {
      entries_[bucket] = std::move(entry);
      return true;
    }
    if (entries_.size() == size_) return false;
    bucket = static_cast<uint32_t>(entries_.size());
    entries_.push_back(std::move(entry));
    return true;
  }

  void Clear() {
    entries_.clear();
    std::fill(buckets_.begin(), buckets_.end(), kFree);
  }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;

  // The entry's bucket, or the free one where it would be: at most half of them are taken.
  [[nodiscard]] size_t BucketOf(const Keys& keys) const {
    uint64_t hash = 0;
    for (const uint64_t key : keys) hash = (hash ^ key) * 0x9e3779b97f4a7c15u;
    size_t bucket = (hash >> 32) & (buckets_.size() - 1);
    while (buckets_[bucket] != kFree && entries_[buckets_[bucket]].keys != keys) {
      bucket = (bucket + 1) & (buckets_.size() - 1);
    }
    return bucket;
  }

  size_t size_;
  std::vector<uint32_t> buckets_;
  std::vector<Entry> entries_;
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_EXACT_TABLE_H_
