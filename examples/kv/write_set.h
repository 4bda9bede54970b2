// What a transaction writes, so that no key is written twice.
#ifndef SYNOD_KV_WRITE_SET_H_
#define SYNOD_KV_WRITE_SET_H_

#include <cstdint>
#include <map>
#include <set>
#include <string_view>

#include "kv/mvcc.h"

namespace synod_kv {

// The keys that a list of operations puts and the ranges that it deletes. Borrows the keys. One
// transaction may have 100,000 operations, nested in each other, and every replica looks at them
// between two heartbeats: all of this takes time in n log² n at most, however they are nested.
class WriteSet {
 public:
  // `comparisons` counts those of keys.
  explicit WriteSet(uint64_t* comparisons)
      : puts_(Less{comparisons}), deletes_(Less{comparisons}), comparisons_(comparisons) {}

  void Delete(const KeyRange& range);
  // False if the key is put or deleted already.
  [[nodiscard]] bool Put(std::string_view key);

  // Adds what either of two branches, which exclude each other, may do. False if one of them puts
  // what is put or deleted already. Leaves nothing in them.
  [[nodiscard]] bool AddEither(WriteSet&& one, WriteSet&& other);

 private:
  struct Less {
    uint64_t* comparisons;
    bool operator()(std::string_view a, std::string_view b) const {
      ++*comparisons;
      return a < b;
    }
  };
  using Keys = std::set<std::string_view, Less>;
  // Where a range ends: before a key, behind it, or nowhere.
  struct End {
    enum class Kind : uint8_t { kBefore, kBehind, kNowhere };
    Kind kind;
    std::string_view key;
  };

  static End EndOf(const KeyRange& range);
  [[nodiscard]] int Compare(std::string_view a, std::string_view b) const;
  [[nodiscard]] bool IsBefore(std::string_view key, const End& end) const;
  [[nodiscard]] bool Reaches(const End& end, std::string_view begin) const;
  [[nodiscard]] bool IsFurther(const End& a, const End& b) const;
  [[nodiscard]] bool Deletes(std::string_view key) const;
  [[nodiscard]] bool DeletesAny(const Keys& keys) const;
  void Insert(std::string_view begin, End end);
  void AddDeletes(WriteSet& other);

  Keys puts_;
  std::map<std::string_view, End, Less> deletes_;  // By their beginnings; none meets another.
  uint64_t* comparisons_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_WRITE_SET_H_
