// The store: every key with all of its versions, back to the last compaction.
#ifndef SYNOD_KV_MVCC_H_
#define SYNOD_KV_MVCC_H_

#include <compare>
#include <cstdint>
#include <deque>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <synod/synod.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "kv/persistent_set.h"

namespace synod_kv {

// When something was written: `main` counts the requests that changed the store, `sub` the changes
// of one request.
struct Revision {
  int64_t main = 0;
  int64_t sub = 0;

  friend auto operator<=>(const Revision&, const Revision&) = default;
};

// One version of one key: what a put wrote, or that a delete removed it.
struct KeyVersion {
  synod::Payload key;
  synod::Payload value;
  Revision modified;
  int64_t created = 0;  // The main revision of the put since which the key exists.
  int64_t version = 0;  // Puts since then; 0: a tombstone.

  [[nodiscard]] bool IsTombstone() const { return version == 0; }
  // What it counts for in StoreState::bytes: its own and a share for the node that holds it.
  [[nodiscard]] uint64_t Bytes() const { return key.size() + value.size() + kNodeBytes; }
  static constexpr uint64_t kNodeBytes = 128;
};

// The keys that a request speaks of, in etcd's convention for (key, range_end). Borrows them.
class KeyRange {
 public:
  KeyRange(std::string_view key, std::string_view range_end) : begin_(key), end_(range_end) {}

  [[nodiscard]] std::string_view begin() const { return begin_; }
  // Of one that is neither single nor unbounded.
  [[nodiscard]] std::string_view end() const { return end_; }
  [[nodiscard]] bool IsSingle() const { return end_.empty(); }
  [[nodiscard]] bool IsUnbounded() const { return end_ == std::string_view("\0", 1); }
  [[nodiscard]] bool Contains(std::string_view key) const {
    if (IsSingle()) return key == begin_;
    return key >= begin_ && (IsUnbounded() || key < end_);
  }

 private:
  std::string_view begin_;
  std::string_view end_;
};

// Keys ascend; the versions of a key descend, so that the newest one not after some revision is the
// first one that is found from there.
struct VersionProbe {
  std::string_view key;
  Revision revision;
};
struct VersionLess {
  static VersionProbe ToProbe(const KeyVersion& v) { return {v.key.view(), v.modified}; }
  static VersionProbe ToProbe(const VersionProbe& probe) { return probe; }
  template <class A, class B>
  bool operator()(const A& left, const B& right) const {
    const VersionProbe a = ToProbe(left);
    const VersionProbe b = ToProbe(right);
    const int order = a.key.compare(b.key);
    return order != 0 ? order < 0 : a.revision > b.revision;
  }
};

// All that the store consists of, as of one revision. Copying takes constant time; a copy stays as
// it is while the store moves on, and may be read from another thread.
struct StoreState {
  PersistentSet<KeyVersion, VersionLess> versions;
  int64_t revision = 1;    // Of the newest change; an empty store is at 1.
  int64_t compacted = -1;  // Reads below it are refused; -1: never compacted.
  uint64_t bytes = 0;      // What the versions occupy, about.

  // The newest version of `key` at main revision `at`; nullptr if it did not exist then. Valid
  // until the next change.
  [[nodiscard]] const KeyVersion* Find(std::string_view key, int64_t at) const;

  // Calls visit(const KeyVersion&) for each key of the range that existed at `at`, in order, until
  // it returns false.
  template <class Visit>
  void ForEach(const KeyRange& range, int64_t at, Visit visit) const;

  // A checksum of everything that can be read at revisions up to `at`: equal on replicas that have
  // reached `at` and are compacted alike.
  [[nodiscard]] uint32_t Hash(int64_t at) const;

  // The image in a snapshot. The format is described in mvcc_image.cc.
  [[nodiscard]] absl::Status WriteTo(synod::ByteSink& sink) const;
  [[nodiscard]] static absl::StatusOr<StoreState> ReadFrom(synod::ByteSource& image);
};

// Not thread-safe.
class Store {
 public:
  // The changes of one request: they share one main revision, which is used up only if there are
  // any. One at a time.
  class Change {
   public:
    explicit Change(Store& store) : store_(store), main_(store.revision() + 1) {}
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    // Ends the change.
    ~Change() {
      if (sub_ > 0) store_.state_.revision = main_;
    }

    // The main revision at which reads see what has been changed so far.
    [[nodiscard]] int64_t revision() const { return sub_ > 0 ? main_ : main_ - 1; }

    void Put(std::string_view key, synod::Payload value);
    // Returns what was deleted.
    std::vector<KeyVersion> Delete(const KeyRange& range);

   private:
    void Add(KeyVersion version, const KeyVersion* replaced);

    Store& store_;
    const int64_t main_;
    int64_t sub_ = 0;
  };

  Store() = default;
  // Continues from an image.
  explicit Store(StoreState state);

  [[nodiscard]] const StoreState& state() const { return state_; }
  [[nodiscard]] int64_t revision() const { return state_.revision; }
  [[nodiscard]] int64_t compacted() const { return state_.compacted; }

  // OK if the store can be read as it was at `revision`; 0 or less means as it is.
  [[nodiscard]] absl::Status CheckReadable(int64_t revision) const;

  // Forgets what can only be read before `revision`. Takes time in what is forgotten.
  [[nodiscard]] absl::Status Compact(int64_t revision);

 private:
  // A version that nobody can read any more once the store is compacted at `due` or later: another
  // one replaced it at `due`, or it is the tombstone written then.
  struct Garbage {
    int64_t due;
    synod::Payload key;
    Revision revision;
  };

  StoreState state_;
  std::deque<Garbage> garbage_;  // Sorted by `due`. Follows from the versions, so no image has it.
};

template <class Visit>
void StoreState::ForEach(const KeyRange& range, int64_t at, Visit visit) const {
  if (range.IsSingle()) {
    const KeyVersion* found = Find(range.begin(), at);
    if (found != nullptr) visit(*found);
    return;
  }
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  auto cursor = versions.LowerBound(VersionProbe{range.begin(), {kLast, kLast}});
  while (!cursor.AtEnd() && range.Contains(cursor->key.view())) {
    const std::string_view key = cursor->key.view();
    if (cursor->modified.main > at) cursor.Seek(VersionProbe{key, {at, kLast}});
    if (cursor.AtEnd() || cursor->key.view() != key) continue;
    if (!cursor->IsTombstone() && !visit(*cursor)) return;
    cursor.Next();
    if (!cursor.AtEnd() && cursor->key.view() == key) cursor.Seek(VersionProbe{key, {-1, 0}});
  }
}

}  // namespace synod_kv

#endif  // SYNOD_KV_MVCC_H_
