// A model of the disk under one replica: what is durable, what is being written, and what a crash
// leaves of it.
#ifndef SYNOD_TESTS_INTERACTION_TEST_DISK_H_
#define SYNOD_TESTS_INTERACTION_TEST_DISK_H_

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "synod/base/ids.h"
#include "synod/core/durable_state.h"

namespace synod::test {

// Writes take effect one at a time, in order, each as one atomic step, exactly by the rules of
// core/durable_state.h. A write that these rules forbid is a bug of the core and aborts.
class TestDisk {
 public:
  explicit TestDisk(Configuration initial) { image_.initial_configuration = std::move(initial); }

  // What a restart would find.
  [[nodiscard]] const DurableState& image() const { return image_; }
  // The installed snapshot's bytes. Meaningful if image().snapshot.index is not 0.
  [[nodiscard]] const std::string& snapshot_bytes() const { return snapshot_bytes_; }

  [[nodiscard]] size_t writes_in_flight() const { return in_flight_.size(); }

  // Precondition: the token is the next one.
  void Write(Persist persist);

  // Makes the oldest write in flight durable. Precondition: there is one.
  PersistToken CompleteOne();

  // Power is lost. The first `survivors` of the writes in flight have reached the disk, though
  // nobody was told; the others, and whatever is staged, are gone.
  void Crash(size_t survivors);

  // A snapshot has been written and synced, and waits for its installation.
  StagedSnapshot Stage(std::string bytes);
  void Discard(StagedSnapshot staged);

 private:
  void Apply(const Persist& persist);
  void Install(const InstallStaged& install);
  [[nodiscard]] bool CountsAsSnapshots() const {
    return LogCountsAsSnapshots(image_.initial_configuration.protocol);
  }
  [[nodiscard]] Index last() const {
    return image_.entries.empty() ? base_ : image_.entries.back().index;
  }

  DurableState image_;
  Index base_;  // What is before the entries is compacted away.
  std::string snapshot_bytes_;
  std::deque<Persist> in_flight_;
  std::map<StagedSnapshot, std::string> staged_;
  PersistToken last_token_;
  StagedSnapshot last_staged_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_INTERACTION_TEST_DISK_H_
