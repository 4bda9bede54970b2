#include "tests/interaction/test_disk.h"

#include <utility>
#include <vector>

#include "synod/base/assert.h"
#include "synod/base/crc32c.h"

namespace synod::test {

void TestDisk::Write(Persist persist) {
  SYNOD_ASSERT(persist.token == last_token_ + 1, "writes are numbered one after another");
  last_token_ = persist.token;
  in_flight_.push_back(std::move(persist));
}

PersistToken TestDisk::CompleteOne() {
  SYNOD_ASSERT(!in_flight_.empty(), "only a write in flight can complete");
  const Persist persist = std::move(in_flight_.front());
  in_flight_.pop_front();
  Apply(persist);
  return persist.token;
}

void TestDisk::Crash(size_t survivors) {
  SYNOD_ASSERT(survivors <= in_flight_.size(), "only a write in flight can survive");
  for (size_t i = 0; i < survivors; ++i) Apply(in_flight_[i]);
  in_flight_.clear();
  staged_.clear();
  last_token_ = PersistToken();
}

StagedSnapshot TestDisk::Stage(std::string bytes) {
  staged_.emplace(++last_staged_, std::move(bytes));
  return last_staged_;
}

void TestDisk::Discard(StagedSnapshot staged) {
  SYNOD_ASSERT(staged_.erase(staged) == 1, "only a staged snapshot is discarded, once");
}

void TestDisk::Apply(const Persist& persist) {
  if (persist.hard_state) {
    SYNOD_ASSERT(persist.hard_state->term >= image_.hard_state.term, "a durable term never falls");
    image_.hard_state = *persist.hard_state;
  }
  if (persist.snapshot) Install(*persist.snapshot);
  std::vector<Entry>& entries = image_.entries;
  if (persist.truncate_from) {
    SYNOD_ASSERT(*persist.truncate_from > image_.snapshot.index,
                 "what a snapshot covers is never truncated");
    while (!entries.empty() && entries.back().index >= *persist.truncate_from) entries.pop_back();
  }
  if (persist.compact_to) {
    SYNOD_ASSERT(!CountsAsSnapshots() || *persist.compact_to <= image_.snapshot.index,
                 "only what a snapshot covers is compacted away");
    SYNOD_ASSERT(*persist.compact_to <= last(), "only what is there is compacted away");
    base_ = std::max(base_, *persist.compact_to);
    auto keep = entries.begin();
    while (keep != entries.end() && keep->index <= *persist.compact_to) ++keep;
    entries.erase(entries.begin(), keep);
  }
  for (const Entry& entry : persist.entries) {
    SYNOD_ASSERT(entry.index == last() + 1, "entries are appended directly above what is left");
    entries.push_back(entry);
  }
}

void TestDisk::Install(const InstallStaged& install) {
  const auto staged = staged_.find(install.staged);
  SYNOD_ASSERT(staged != staged_.end(), "only a staged snapshot is installed, once");
  SYNOD_ASSERT(install.meta.index > image_.snapshot.index, "an older snapshot never replaces one");
  SYNOD_ASSERT(install.meta.size == staged->second.size() &&
                   install.meta.checksum == Crc32c(0, staged->second),
               "a snapshot's bytes are those that its meta names");
  image_.snapshot = install.meta;
  snapshot_bytes_ = std::move(staged->second);
  staged_.erase(staged);
  if (!install.resets_log) return;
  image_.entries.clear();
  base_ = install.meta.index;
}

}  // namespace synod::test
