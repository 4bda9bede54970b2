// Whether what clients were told is true: of the log that the members hold in the end, and of one
// store that everybody uses at once.
#ifndef SYNOD_TESTS_CHAOS_JUDGE_H_
#define SYNOD_TESTS_CHAOS_JUDGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/sim/linearizability.h"

#include "tests/chaos/client.h"
#include "tests/chaos/cluster.h"
#include "tests/chaos/model.h"

namespace synod::chaos {

struct Write {
  std::string key;
  std::string value;
};
// All that the store has been through, by revision. The store keeps every version, since nobody
// compacts it.
using WriteLog = std::map<uint64_t, Write>;

// The log of one member up to a revision, each of which wrote one key.
[[nodiscard]] absl::StatusOr<WriteLog> ReadLog(const Cluster& cluster, NodeId member,
                                               uint64_t last_revision);

// What is wrong with what clients were told of their writes: an acknowledged one that is not in the
// log at its revision, a refused one that is there, one that is there twice, or one that nobody
// made. Empty: nothing.
[[nodiscard]] std::string CompareWithLog(const Record& record, const WriteLog& log);

// Whether the order of the log explains all answers. Exact, since every answer has its revision,
// and across all keys at once: one history for the whole store. Writes without a return count as
// done if they are in the log, and as never done if not.
[[nodiscard]] sim::CheckResult CheckWithLog(const History& history, const WriteLog& log);

// Whether some order explains them, key by key, without a look at the log or at any revision.
[[nodiscard]] sim::CheckResult CheckWithoutLog(const History& history);

// The call and those of its key around it, for people.
[[nodiscard]] std::string Excerpt(const History& history, size_t culprit);

// The history with one answer altered, so that it is not linearizable any more: the last read of a
// key sees what was overwritten before. Nothing if the history has no such read.
[[nodiscard]] std::optional<History> WithStaleRead(History history);

}  // namespace synod::chaos

#endif  // SYNOD_TESTS_CHAOS_JUDGE_H_
