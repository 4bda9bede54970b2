// What every log store must do, as one parameterised suite. A plugin's test file says how to make a
// store and instantiates it.
#ifndef SYNOD_TESTS_CONFORMANCE_LOG_STORE_SUITE_H_
#define SYNOD_TESTS_CONFORMANCE_LOG_STORE_SUITE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "synod/port/log_store.h"

namespace synod::test {

// The place where one test's store lives.
class LogStoreFixture {
 public:
  virtual ~LogStoreFixture() = default;

  // Opens what is there; an empty store the first time. The one before must be gone.
  virtual std::unique_ptr<LogStore> Open() = 0;

  // Whether Open finds again what was written before.
  [[nodiscard]] virtual bool IsDurable() const = 0;

  // Changes a byte of the group's installed snapshot image, if the store keeps it where this can
  // happen.
  virtual bool DamageSnapshot(GroupId /*group*/) { return false; }
};

struct LogStoreParam {
  std::string name;
  std::function<std::unique_ptr<LogStoreFixture>()> make;
};

inline constexpr GroupId kGroup = 1;
inline constexpr GroupId kOtherGroup = 2;

class LogStoreConformance : public ::testing::TestWithParam<LogStoreParam> {
 protected:
  LogStoreConformance();
  ~LogStoreConformance() override;

  // Closes the store and opens it again, if that keeps what is in it; else leaves it as it is.
  void Reopen();
  // Makes `groups` in an empty store.
  void Bootstrap(const std::vector<GroupId>& groups = {kGroup});

  // Writes and waits until it is done.
  absl::Status Write(std::vector<GroupWrite> batch);
  absl::Status Write(GroupId group, Persist persist);

  // A finished snapshot of `group` that holds `image`, and what installs it.
  InstallStaged Stage(GroupId group, Index index, Term term, std::string_view image,
                      bool resets_log = false);
  absl::StatusOr<std::string> ReadSnapshot(GroupId group);

  // Expects the group to hold `entries`, before a reopening and after it.
  void ExpectEntries(GroupId group, const std::vector<Entry>& entries);
  DurableState MustLoad(GroupId group);

  LogStore& store() { return *store_; }
  LogStoreFixture& fixture() { return *fixture_; }

  static const StoreIdentity kIdentity;
  static const Configuration kMembers;

 private:
  std::unique_ptr<LogStoreFixture> fixture_;
  std::unique_ptr<LogStore> store_;
};

[[nodiscard]] Entry MakeEntry(uint64_t index, uint64_t term, std::string_view payload);
// Entries first..last of `term`, each with a payload of its own.
[[nodiscard]] std::vector<Entry> MakeEntries(uint64_t first, uint64_t last, uint64_t term);
[[nodiscard]] Persist Append(std::vector<Entry> entries);

// Reads to the end, in pieces of an odd size.
[[nodiscard]] absl::StatusOr<std::string> ReadAll(ByteSource& source);

}  // namespace synod::test

#endif  // SYNOD_TESTS_CONFORMANCE_LOG_STORE_SUITE_H_
