// One group's state machine, and all that is done with it, in order.
#ifndef SYNOD_SRC_APPLIER_H_
#define SYNOD_SRC_APPLIER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/core/output.h"
#include "synod/port/executor.h"
#include "synod/port/state_machine.h"

#include "src/host_services.h"

namespace synod::internal {

// How far a state machine is: the last entry in it.
struct Position {
  Index index;
  Term term;
};

// What the applier has done, reported on the loop's thread in the order in which it was asked.
struct Applied {
  struct Result {
    RequestId request;
    Index index;
    // Nothing if an image already held the entry, so that its result is lost.
    std::optional<std::string> text;
  };
  Position at;
  uint64_t commands = 0;
  uint64_t bytes = 0;           // Of the commands.
  std::vector<Result> results;  // Of this replica's own proposals.
};
struct Answered {
  RequestId request;
  absl::StatusOr<std::string> answer;
};
struct Viewed {
  Position at;
  absl::StatusOr<std::unique_ptr<SnapshotView>> view;
};
struct Restored {
  Position at;
  absl::Status status;
};
using ApplierReport = std::variant<Applied, Answered, Viewed, Restored>;

// Does the work on the loop, in which case reports come before the call returns, or on a thread of
// its own. Restoring reads a disk, so that it never runs on the loop; what comes after it waits,
// and is dropped if it fails.
class Applier {
 public:
  class Client {
   public:
    virtual ~Client() = default;
    // What is reported still counts as under way.
    virtual void OnReport(ApplierReport report) = 0;
  };

  // `at` is what the state machine has: nothing, for a new one.
  Applier(HostServices& host, GroupId group, std::unique_ptr<StateMachine> state_machine,
          bool own_thread, Client& client);

  // False if there was no thread to be had: nothing can be asked for then.
  [[nodiscard]] bool HasItsThread() const { return own_thread_ != nullptr || !wants_thread_; }

  // Replaces the state by the installed snapshot, on this thread. Before everything else.
  [[nodiscard]] absl::Status RestoreNow();

  // So much is under way that nothing more should be asked for until something is reported: what
  // waits elsewhere can still be counted, or given up.
  [[nodiscard]] bool IsFull() const { return under_way_ >= kMaxUnderWay; }

  // `entries` follow on those before them.
  void Apply(std::vector<Committed> entries) { Do(ApplyEntries{std::move(entries)}); }
  void Query(RequestId request, std::string query) { Do(RunQuery{request, std::move(query)}); }
  void TakeView() { Do(MakeView{}); }
  // Replaces the state by the installed snapshot, which reaches at least to `index`.
  void Restore(Index index) { Do(RestoreImage{index}); }

  // Ends the thread and waits for it. Not on that thread; the loop has ended.
  void Stop();

  // How far RestoreNow brought it.
  [[nodiscard]] Position start() const { return at_; }

 private:
  struct ApplyEntries {
    std::vector<Committed> entries;
  };
  struct RunQuery {
    RequestId request;
    std::string query;
  };
  struct MakeView {};
  struct RestoreImage {
    Index index;
  };
  using Work = std::variant<ApplyEntries, RunQuery, MakeView, RestoreImage>;
  static constexpr size_t kMaxUnderWay = 256;

  void Do(Work work);
  void Continue();
  void Report(ApplierReport report);
  ApplierReport Perform(Work& work);
  Applied PerformApply(ApplyEntries& work);
  absl::Status PerformRestore(Index index);
  void ReportFromThread(ApplierReport report);
  void DeliverReports();

  HostServices& host_;
  const GroupId group_;
  Client& client_;
  size_t under_way_ = 0;  // Asked for and not reported.

  // Used by one thread at a time: its own, or else the loop's, but for a restore.
  const std::unique_ptr<StateMachine> state_machine_;
  Position at_;
  bool failed_ = false;               // A restore failed: there is no state to go on with.
  std::vector<Command> commands_;     // Kept for their memory.
  std::vector<std::string> results_;  // Likewise.

  // Without a thread of its own: what waits for a restore, and whether one is under way elsewhere.
  std::deque<Work> waiting_;
  bool restoring_ = false;

  std::mutex reports_mutex_;
  std::vector<ApplierReport> reports_;  // Under reports_mutex_. On their way to the loop.

  const bool wants_thread_;
  std::unique_ptr<Executor> own_thread_;  // Null: the loop's.
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_APPLIER_H_
