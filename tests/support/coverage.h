// How often a simulated run came to the places that matter. A sweep that never gets somewhere
// proves nothing about it.
#ifndef SYNOD_TESTS_SUPPORT_COVERAGE_H_
#define SYNOD_TESTS_SUPPORT_COVERAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synod::test {

enum class Place : uint8_t {
  kRequest,           // A client asked for something.
  kCommitted,         // A proposal ended as committed.
  kUnknown,           // A proposal ended without anybody knowing how.
  kReadServed,        // By the leader itself.
  kReadServedFar,     // By a follower that asked its leader.
  kTransferred,       // Leadership was handed over on request.
  kLeader,            // A term had a leader.
  kTruncated,         // A log lost entries that others contradict.
  kWriteLost,         // A crash, of a write in flight.
  kWriteSurvived,     // The same, but it had reached the disk unnoticed.
  kSnapshotTaken,     // And installed.
  kSnapshotReceived,  // And installed.
  kSnapshotUnneeded,  // It came too late.
  kNoSpace,           // A proposal was refused since the disk was full.
  kOverloaded,        // A request was refused since too much was under way.
  kSelfWiped,         // A replaced disk learned that it was one.
};
inline constexpr size_t kPlaces = 16;

[[nodiscard]] constexpr std::string_view Describe(Place place) {
  constexpr std::array<std::string_view, kPlaces> kNames = {
      "requests",           "committed proposals", "unknown outcomes",      "reads of leaders",
      "reads of others",    "transfers",           "terms with a leader",   "truncations",
      "writes lost",        "writes survived",     "snapshots taken",       "snapshots received",
      "snapshots unneeded", "refusals for space",  "refusals for overload", "disks refused"};
  return kNames[static_cast<size_t>(place)];
}

class Coverage {
 public:
  void Reached(Place place, uint64_t times = 1) { counts_[static_cast<size_t>(place)] += times; }
  [[nodiscard]] uint64_t Of(Place place) const { return counts_[static_cast<size_t>(place)]; }

  Coverage& operator+=(const Coverage& other) {
    for (size_t i = 0; i < kPlaces; ++i) counts_[i] += other.counts_[i];
    return *this;
  }

 private:
  std::array<uint64_t, kPlaces> counts_{};
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_COVERAGE_H_
