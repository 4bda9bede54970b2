// The store against a model that is too simple to be wrong: a list of everything that ever
// happened.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <synod/base/rng.h>

#include "kv/mvcc.h"
#include "tests/unit/kv/store_test_util.h"

namespace synod_kv {
namespace {

class Model {
 public:
  void Put(const std::string& key, const std::string& value) {
    events_.push_back({++revision_, key, value});
  }
  void Delete(const std::string& key, const std::string& range_end) {
    std::vector<std::string> doomed;
    for (const auto& [found, value] : Read(revision_)) {
      if (KeyRange(key, range_end).Contains(found)) doomed.push_back(found);
    }
    if (doomed.empty()) return;
    ++revision_;
    for (const std::string& found : doomed) events_.push_back({revision_, found, std::nullopt});
  }
  [[nodiscard]] Pairs Read(int64_t at) const {
    std::map<std::string, std::string> state;
    for (const Event& event : events_) {
      if (event.revision > at) break;
      if (event.value) {
        state[event.key] = *event.value;
      } else {
        state.erase(event.key);
      }
    }
    return {state.begin(), state.end()};
  }
  [[nodiscard]] int64_t revision() const { return revision_; }

 private:
  struct Event {
    int64_t revision;
    std::string key;
    std::optional<std::string> value;
  };
  std::vector<Event> events_;
  int64_t revision_ = 1;
};

std::string RandomKey(synod::Rng& rng) {
  std::string key(1 + rng.Below(3), 'a');
  for (char& c : key) c = static_cast<char>('a' + rng.Below(4));
  return key;
}

void ExpectEqual(const Store& store, const Model& model) {
  ASSERT_EQ(store.revision(), model.revision());
  for (int64_t at = std::max<int64_t>(store.compacted(), 1); at <= store.revision(); ++at) {
    ASSERT_EQ(ReadAll(store, at), model.Read(at)) << "at revision " << at;
  }
}

class StoreAgainstModel : public testing::TestWithParam<uint64_t> {};

TEST_P(StoreAgainstModel, RandomRequests_AtEveryReadableRevision_ReadAlike) {
  synod::Rng rng(GetParam());
  Model model;
  Store store;
  for (int step = 0; step < 300; ++step) {
    const std::string key = RandomKey(rng);
    switch (rng.Below(10)) {
      case 0: {
        const std::string end = rng.Chance(1, 4) ? std::string(kNoEnd) : RandomKey(rng);
        model.Delete(key, end);
        Delete(store, key, end);
        break;
      }
      case 1:
      case 2:
        model.Delete(key, "");
        Delete(store, key);
        break;
      case 3:
        if (rng.Chance(1, 4)) {
          const int64_t at = store.compacted() + 1 +
                             static_cast<int64_t>(rng.Below(
                                 static_cast<uint64_t>(store.revision() - store.compacted() + 1)));
          ASSERT_EQ(store.Compact(at).ok(), at <= store.revision());
        }
        break;
      case 4:
        if (rng.Chance(1, 4)) {
          const uint32_t hash = store.state().Hash(store.revision());
          const uint64_t bytes = store.state().bytes;
          absl::StatusOr<StoreState> restored = FromImage(ImageOf(store));
          ASSERT_TRUE(restored.ok()) << restored.status();
          store = Store(*std::move(restored));
          ASSERT_EQ(store.state().Hash(store.revision()), hash);
          ASSERT_EQ(store.state().bytes, bytes);
        }
        break;
      default: {
        const std::string value = std::to_string(step);
        model.Put(key, value);
        Put(store, key, value);
      }
    }
  }
  ExpectEqual(store, model);
}

// A store that came from an image must later forget exactly what one forgets that never left.
TEST_P(StoreAgainstModel, RestoredStore_CompactedLater_EqualsTheOriginal) {
  synod::Rng rng(GetParam());
  Store store;
  for (int step = 0; step < 200; ++step) {
    if (rng.Chance(1, 3)) {
      Delete(store, RandomKey(rng), rng.Chance(1, 3) ? RandomKey(rng) : "");
    } else {
      Put(store, RandomKey(rng), std::to_string(step));
    }
    if (step == 60) {
      ASSERT_TRUE(store.Compact(store.revision() / 2).ok());
    }
  }
  absl::StatusOr<StoreState> state = FromImage(ImageOf(store));
  ASSERT_TRUE(state.ok()) << state.status();
  Store restored(*std::move(state));
  for (int64_t at = store.compacted() + 1; at <= store.revision(); at += 7) {
    ASSERT_TRUE(store.Compact(at).ok());
    ASSERT_TRUE(restored.Compact(at).ok());
    ASSERT_EQ(ImageOf(store), ImageOf(restored)) << "after compaction at " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreAgainstModel, testing::Range<uint64_t>(1, 41));

}  // namespace
}  // namespace synod_kv
